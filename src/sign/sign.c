/* SPDX-License-Identifier: Apache-2.0 */
/* One module signed. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/sign/signer.h"
#include "src/verify/verify.h"

#include <string.h>

DEFINE_CLEANUP(struct module, module_close, cleanup_module);

static int verifies_already(struct ms_signer *signer, struct module *m, struct ms_error *err)
{
	STACK_OF(X509) *trusted = sk_X509_new_null();
	struct ms_verification v;
	int r;

	if (!trusted || !sk_X509_push(trusted, signer->cert)) {
		sk_X509_free(trusted);
		return err_nomem(err);
	}
	r = verify_module(m, trusted, &v, err);
	sk_X509_free(trusted);
	return r < 0 ? r : v.verdict == MS_VALID;
}

/* *keep is what stays; 1 if it is to be signed, 0 if not. */
static int look(struct ms_signer *signer, struct signing *s, struct ms_sign_result *result,
	struct ms_error *err)
{
	const struct ms_sign_options *options = &signer->options;

	if (options->keep_existing) {
		int r = verifies_already(signer, s->m, err);

		if (r < 0)
			return r;
		if (r > 0) {
			result->kept = true;
			result->was = MS_MODULE_SIGNED;
			result->size = s->m->size;
			s->keep = s->m->size;
			return 0;
		}
	}
	s->keep = signer_keep_len(s->m, options->stack);
	result->was = (enum ms_module_state)s->m->tail;
	if (!options->stack)
		result->replaced = (unsigned)s->m->n_sigs;
	/* Of what is no ELF file nobody can tell where a malformed tail begins: it stays. */
	result->mended = (s->m->tail == MODULE_MALFORMED || s->m->tail == MODULE_INTERRUPTED) &&
		s->keep < s->m->size;
	result->size = s->keep;
	return 1;
}

int signing_open(struct ms_signer *signer, const char *path, struct signing *s,
	struct ms_error *err)
{
	return module_open_within(s->memory, path, signer->options.flags, &s->m, err);
}

int signing_begin(struct ms_signer *signer, const char *dest, struct signing *s,
	struct ms_sign_result *result, struct ms_error *err)
{
	AUTO_BUF struct buf cms = { 0 };
	int r;

	memset(result, 0, sizeof(*result));
	r = signer_choose_hash(signer, s->m, &s->hash, err);
	result->hash = s->hash;
	if (r == 0)
		r = look(signer, s, result, err);
	if (r < 0)
		return r;
	if (signer->options.dry_run)
		return 0;
	if (r == 0) /* a copy is wanted of what needs no signature, too */
		return dest != NULL;
	r = signer_make_cms(signer, s->m, s->keep, s->hash, &s->hold, &cms, err);
	if (r < 0)
		return r;
	r = module_tail_build(cms.data, cms.len, &s->tail, err);
	if (r < 0)
		return r;
	result->key = s->hold.signed_by->uri;
	result->cms_size = cms.len;
	result->size = s->keep + s->tail.len;
	return 1;
}

void signing_end(struct signing *s)
{
	module_close(s->m);
	s->m = NULL;
	buf_free(&s->tail);
}

MS_API int ms_sign(struct ms_signer *signer, const char *path, const char *dest,
	struct ms_sign_result *result, struct ms_error *err)
{
	CLEANUP(signing_end) struct signing s = { 0 };
	int r = signing_open(signer, path, &s, err);

	if (r == 0)
		r = signing_begin(signer, dest, &s, result, err);
	if (r <= 0)
		return r;
	return module_write(s.m, s.keep, s.tail.data, s.tail.len, dest, err);
}

MS_API int ms_sign_detached(struct ms_signer *signer, const char *path, const char *p7s,
	struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	AUTO_BUF struct buf cms = { 0 };
	enum ms_hash hash;
	int r = module_open(path, signer->options.flags, &m, err);

	if (r < 0)
		return r;
	r = signer_choose_hash(signer, m, &hash, err);
	if (r == 0)
		r = signer_make_cms(signer, m, signer_keep_len(m, signer->options.stack), hash, NULL,
			&cms, err);
	if (r < 0)
		return r;
	return file_replace(p7s, cms.data, cms.len, 0666, err);
}
