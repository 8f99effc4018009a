/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be signed of a module. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/sign/signer.h"

#include <modseal/farm.h>

DEFINE_CLEANUP(struct module, module_close, cleanup_module);

MS_API int ms_digest(const char *path, const struct ms_digest_options *options,
	struct ms_digest *digest, struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	int r;

	*digest = (struct ms_digest){ .hash = options->hash ? options->hash : MS_HASH_SHA256 };
	if (!ms_hash_can_sign(digest->hash))
		return err_set(err, MS_ERR_USAGE, "new signatures are not made with %s",
			ms_hash_name(digest->hash));
	digest->len = ms_hash_size(digest->hash);
	r = module_open(path, options->flags, &m, err);
	if (r < 0)
		return r;
	digest->size = signer_keep_len(m, options->stack);
	return module_digest(m, digest->size, digest->hash, digest->digest, err);
}
