/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/verify/verify.h"

#include <openssl/objects.h>
#include <string.h>

DEFINE_CLEANUP(struct cms, cms_free, cleanup_cms);
DEFINE_CLEANUP(struct module, module_close, cleanup_module);

/* The struct's states are the module room's, under public names. */
_Static_assert((int)MODULE_UNSIGNED == MS_MODULE_UNSIGNED &&
		(int)MODULE_SIGNED == MS_MODULE_SIGNED &&
		(int)MODULE_MALFORMED == MS_MODULE_MALFORMED &&
		(int)MODULE_INTERRUPTED == MS_MODULE_INTERRUPTED,
	"module states");
_Static_assert((int)MODULE_ANY_FILE == MS_ANY_FILE, "module flags");

static char *common_name(const X509_NAME *name)
{
	int i = X509_NAME_get_index_by_NID((X509_NAME *)name, NID_commonName, -1);
	unsigned char *utf8;
	char *text;
	int len;

	if (i < 0)
		return NULL;
	len = ASN1_STRING_to_UTF8(&utf8,
		X509_NAME_ENTRY_get_data(X509_NAME_get_entry((X509_NAME *)name, i)));
	if (len < 0)
		return NULL;
	text = strndup((char *)utf8, (size_t)len);
	OPENSSL_free(utf8);
	return text;
}

static int describe_signer(struct ms_signature *to, const struct cms_signer *from)
{
	if (from->issuer) {
		to->issuer = cert_name_text(from->issuer);
		to->signer = common_name(from->issuer);
		to->serial = cert_serial_hex(from->serial);
	} else {
		to->key_id = cert_hex(from->key_id, from->key_id_len);
	}
	to->hash = strdup(from->hash_name);
	to->algorithm = strdup(from->sig_name);
	to->signature_bytes = (unsigned)from->sig_len;
	to->signed_attributes = from->has_attributes;
	return to->hash && to->algorithm && (to->issuer || to->key_id) ? 0 : -1;
}

static int describe_certs(struct ms_signature *to, const STACK_OF(X509) *certs)
{
	int n = sk_X509_num(certs);

	to->certs = calloc(n > 0 ? (size_t)n : 1, sizeof(*to->certs));
	if (!to->certs)
		return -1;
	for (int i = 0; i < n; i++) {
		to->certs[i] = cert_name_text(X509_get_subject_name(sk_X509_value(certs, i)));
		if (!to->certs[i])
			return -1;
		to->n_certs++;
	}
	return 0;
}

static int describe_signature(struct module *m, const struct module_sig *sig,
	struct ms_signature *to, struct ms_error *err)
{
	CLEANUP(cleanup_cms) struct cms *cms = NULL;
	struct ms_error why;
	int r;

	to->offset = sig->content_len;
	to->cms_size = sig->cms_len;
	to->size = sig->end - sig->content_len;
	r = verify_read_cms(m, sig, &cms, &why);
	if (r == MS_ERR_SIGNATURE) {
		to->problem = strdup(why.message);
		return to->problem ? 0 : err_nomem(err);
	}
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	if (cms->n_signers && describe_signer(to, &cms->signers[0]) < 0)
		return err_nomem(err);
	if (cms->n_signers != 1) {
		if (asprintf(&to->problem, "the CMS has %zu signers", cms->n_signers) < 0) {
			to->problem = NULL;
			return err_nomem(err);
		}
	}
	return describe_certs(to, cms->certs) < 0 ? err_nomem(err) : 0;
}

static const char *compression_name(enum module_compression compression)
{
	static const char *const names[] = {
		[MODULE_PLAIN] = "none",
		[MODULE_GZ] = "gzip",
		[MODULE_XZ] = "xz",
		[MODULE_ZST] = "zstd",
	};

	return names[compression];
}

static int copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -1 : 0;
}

static int describe(struct module *m, struct ms_inspection *i, struct ms_error *err)
{
	bool reason = m->tail == MODULE_MALFORMED || m->tail == MODULE_INTERRUPTED;

	i->compression = compression_name(m->compression);
	i->file_size = (unsigned long long)m->st.st_size;
	i->size = m->size;
	i->bare_size = m->bare_len;
	i->elf_module = m->elf_rel;
	i->state = (enum ms_module_state)m->tail;
	i->signatures = calloc(m->n_sigs ? m->n_sigs : 1, sizeof(*i->signatures));
	if (!i->signatures || copy_text(&i->path, m->path) < 0 ||
		copy_text(&i->name, m->name) < 0 || copy_text(&i->vermagic, m->vermagic) < 0 ||
		copy_text(&i->reason, reason ? m->tail_reason : NULL) < 0)
		return err_nomem(err);
	for (size_t n = 0; n < m->n_sigs; n++) {
		int r = describe_signature(m, &m->sigs[n], &i->signatures[n], err);

		i->n_signatures = n + 1;
		if (r < 0)
			return r;
	}
	return 0;
}

MS_API int ms_inspect(const char *path, unsigned flags, struct ms_inspection **inspection,
	struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	struct ms_inspection *i;
	int r = module_open(path, flags, &m, err);

	if (r < 0)
		return r;
	i = calloc(1, sizeof(*i));
	if (!i)
		return err_nomem(err);
	r = describe(m, i, err);
	if (r < 0) {
		ms_inspection_free(i);
		return r;
	}
	*inspection = i;
	return 0;
}

MS_API void ms_inspection_free(struct ms_inspection *i)
{
	if (!i)
		return;
	for (size_t n = 0; n < i->n_signatures; n++) {
		struct ms_signature *s = &i->signatures[n];

		for (size_t c = 0; c < s->n_certs; c++)
			free(s->certs[c]);
		free(s->certs);
		free(s->problem);
		free(s->issuer);
		free(s->signer);
		free(s->serial);
		free(s->key_id);
		free(s->hash);
		free(s->algorithm);
	}
	free(i->signatures);
	free(i->path);
	free(i->name);
	free(i->vermagic);
	free(i->reason);
	free(i);
}
