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

MS_API int ms_sign(struct ms_signer *signer, const char *path, const char *dest,
	struct ms_sign_result *result, struct ms_error *err)
{
	const struct ms_sign_options *options = &signer->options;
	CLEANUP(cleanup_module) struct module *m = NULL;
	AUTO_BUF struct buf cms = { 0 };
	uint64_t keep;
	int r;

	memset(result, 0, sizeof(*result));
	r = module_open(path, options->flags, &m, err);
	if (r < 0)
		return r;
	if (options->keep_existing) {
		r = verifies_already(signer, m, err);
		if (r < 0)
			return r;
		if (r > 0) {
			result->kept = true;
			result->size = m->size;
			if (!dest || options->dry_run)
				return 0;
			return module_write(m, m->size, NULL, 0, dest, err);
		}
	}
	keep = signer_keep_len(m, options->stack);
	if (!options->stack)
		result->replaced = (unsigned)m->n_sigs;
	result->mended = m->tail == MODULE_MALFORMED || m->tail == MODULE_INTERRUPTED;
	if (options->dry_run) {
		result->size = keep;
		return 0;
	}
	r = signer_make_cms(signer, m, keep, &cms, err);
	if (r < 0)
		return r;
	result->cms_size = cms.len;
	return signer_write(m, keep, &cms, dest, &result->size, err);
}

MS_API int ms_sign_detached(struct ms_signer *signer, const char *path, const char *p7s,
	struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	AUTO_BUF struct buf cms = { 0 };
	int r = module_open(path, signer->options.flags, &m, err);

	if (r < 0)
		return r;
	r = signer_make_cms(signer, m, signer_keep_len(m, signer->options.stack), &cms, err);
	if (r < 0)
		return r;
	return file_replace(p7s, cms.data, cms.len, 0666, err);
}
