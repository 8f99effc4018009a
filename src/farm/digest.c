/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be signed of a module. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/sign/signer.h"
#include "src/trust/can_check.h"
#include "src/trust/target.h"

#include <modseal/farm.h>
#include <stdio.h>

DEFINE_CLEANUP(struct module, module_close, cleanup_module);

static int look_at_kernel(const struct module *m, const struct ms_digest_options *options,
	struct ms_digest *digest, struct ms_error *err)
{
	const struct target *target = NULL;
	char why[192];
	int r = options->targets ? targets_find(options->targets, m->vermagic, &target, err) : 0;

	if (r < 0 || !target)
		return r;
	if (!options->hash && target->hash)
		digest->hash = target->hash;
	if (can_check_hash(target->m, digest->hash, why, sizeof(why)) == MS_NO)
		snprintf(digest->unfit, sizeof(digest->unfit), "%s", why);
	return 0;
}

MS_API int ms_digest(const char *path, const struct ms_digest_options *options,
	struct ms_digest *digest, struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	int r;

	*digest = (struct ms_digest){ .hash = options->hash ? options->hash : MS_HASH_SHA256 };
	if (!ms_hash_can_sign(digest->hash))
		return err_set(err, MS_ERR_USAGE, "new signatures are not made with %s",
			ms_hash_name(digest->hash));
	r = module_open(path, options->flags, &m, err);
	if (r == 0)
		r = look_at_kernel(m, options, digest, err);
	if (r < 0)
		return r;
	digest->len = ms_hash_size(digest->hash);
	digest->size = signer_keep_len(m, options->stack);
	digest->was = (enum ms_module_state)m->tail;
	return module_digest(m, digest->size, digest->hash, digest->digest, err);
}
