/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures taken off, written to files of their own, and put on again. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/crypto/cert.h"
#include "src/crypto/sign_digest.h"
#include "src/sign/signer.h"
#include "src/verify/verify.h"

#define SIGNATURE_FILE_MAX (1 << 20) /* bytes */

DEFINE_CLEANUP(struct module, module_close, cleanup_module);

MS_API int ms_strip(const char *path, const char *dest, unsigned flags, unsigned *removed,
	enum ms_module_state *was, struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	int r = module_open(path, flags, &m, err);

	if (r < 0)
		return r;
	*removed = (unsigned)m->n_sigs;
	*was = (enum ms_module_state)m->tail;
	if (m->bare_len == m->size && !dest)
		return 0;
	if (!*removed && m->bare_len != m->size)
		*removed = 1;
	return module_write(m, m->bare_len, NULL, 0, dest, err);
}

MS_API int ms_detach(const char *path, const char *p7s, unsigned flags, struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	AUTO_FREE uint8_t *cms = NULL;
	int r = module_open(path, flags, &m, err);

	if (r < 0)
		return r;
	if (m->tail == MODULE_UNSIGNED)
		return err_set(err, MS_ERR_MODULE, "%s has no signature to detach", path);
	if (m->tail != MODULE_SIGNED)
		return err_set(err, MS_ERR_MODULE, "%s has no whole signature to detach, but %s %s: %s",
			path, m->tail == MODULE_INTERRUPTED ? "an" : "a",
			ms_module_state_name((enum ms_module_state)m->tail), m->tail_reason);
	cms = malloc(m->sigs[0].cms_len);
	if (!cms)
		return err_nomem(err);
	r = module_read(m, m->sigs[0].content_len, cms, m->sigs[0].cms_len, err);
	if (r < 0)
		return r;
	return file_replace(p7s, cms, m->sigs[0].cms_len, 0666, err);
}

/* A CMS around a bare signature, once that fits the module. */
static int wrap_raw(struct module *m, uint64_t keep, const struct buf *raw,
	const struct ms_attach_options *options, enum ms_hash hash, struct buf *cms,
	struct ms_error *err)
{
	uint8_t digest[MS_HASH_MAX_SIZE];
	int r = module_digest(m, keep, hash, digest, err);

	if (r < 0)
		return r;
	r = crypto_verify(X509_get0_pubkey(options->cert->x509), KEY_INPUT_DIGEST, hash, digest,
		ms_hash_size(hash), raw->data, raw->len, err);
	if (r == MS_ERR_SIGNATURE) {
		err_set(err, r, "it does not sign %s with %s and the key of \"%s\"", m->path,
			ms_hash_name(hash), options->cert->subject);
		err_hint(err, "Check that it was made of this very module (without a signature), "
			      "by this key and with this --hash.");
	}
	if (r < 0)
		return r;
	return cms_build(options->cert->x509, signer_sid(options->key_id), hash, raw->data,
		raw->len, NULL, cms, err);
}

static int check_cms(struct module *m, uint64_t keep, const struct buf *cms,
	const struct ms_cert *cert, struct ms_error *err)
{
	STACK_OF(X509) *trusted = sk_X509_new_null();
	struct ms_verification v;
	int r;

	if (!trusted || !sk_X509_push(trusted, cert->x509)) {
		sk_X509_free(trusted);
		return err_nomem(err);
	}
	r = verify_cms(m, keep, cms->data, cms->len, trusted, &v, err);
	sk_X509_free(trusted);
	if (r < 0 || v.verdict == MS_VALID)
		return r;
	err_set(err, MS_ERR_SIGNATURE, "it is not a signature of %s by \"%s\": %s", m->path,
		cert->subject, v.reason);
	err_hint(err, "Nothing was attached.");
	return MS_ERR_SIGNATURE;
}

int signature_check(struct module *m, uint64_t keep, const struct buf *signature,
	const struct ms_attach_options *options, struct buf *cms, struct ms_error *err)
{
	enum ms_hash hash = options->hash ? options->hash : MS_HASH_SHA256;
	int r = 0;

	if (options->raw)
		return wrap_raw(m, keep, signature, options, hash, cms, err);
	if (!options->unverified)
		r = check_cms(m, keep, signature, options->cert, err);
	if (r == 0 && buf_add(cms, signature->data, signature->len) < 0)
		r = err_nomem(err);
	return r;
}

MS_API int ms_attach(const char *path, const char *signature, const char *dest,
	const struct ms_attach_options *options, struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	AUTO_BUF struct buf file = { 0 }, cms = { 0 };
	uint64_t keep;
	int r;

	if (!options->cert && (options->raw || !options->unverified))
		return err_set(err, MS_ERR_USAGE,
			"a signature cannot be verified without its certificate");
	r = file_read(signature, SIGNATURE_FILE_MAX, &file, err);
	if (r < 0)
		return r;
	r = module_open(path, options->flags, &m, err);
	if (r < 0)
		return r;
	keep = signer_keep_len(m, options->stack);
	r = signature_check(m, keep, &file, options, &cms, err);
	if (r == MS_ERR_SIGNATURE)
		err_prefix(err, "%s", signature);
	if (r < 0)
		return r;
	return signer_write(m, keep, &cms, dest, err);
}
