/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"
#include "src/life/new_key.h"

MS_API int ms_key_import(struct ms_context *ctx, const struct ms_key *from,
	const struct ms_import *request, struct ms_key **key, struct ms_error *err)
{
	const struct engine *source = engine_for(from->uri), *target;
	EVP_PKEY *pkey = source->private_half ? source->private_half(from) : NULL;
	int r;

	*key = NULL;
	if (!pkey)
		return err_set(err, MS_ERR_UNSUPPORTED,
			"%s cannot be read, so it stays where it is", from->uri);
	r = life_engine_for_new(request->ref, &request->seal, "puts", &target, err);
	if (r == 0)
		r = target->import_key(ctx, request, pkey, key, err);
	if (r == 0)
		context_notice(ctx,
			"%s was in software: whoever could read it may have a copy. Delete the "
			"file and its backups; only of a key that was made in its place is there "
			"no copy.",
			from->place);
	return r;
}
