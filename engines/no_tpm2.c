/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for engines/tpm2 where it is not built (cmake -DMODSEAL_TPM2=OFF). */
#include "engines/engine.h"
#include "src/base/error.h"

#include <modseal/tpm.h>
#include <string.h>

static int without(struct ms_error *err)
{
	return err_set(err, MS_ERR_UNSUPPORTED, "this modseal was built without TPM keys");
}

MS_API int ms_tpm_approve(struct ms_context *ctx, const char *ref, const char *pcrs,
	struct ms_key *policy_key, bool *added, struct ms_error *err)
{
	*added = false;
	return without(err);
}

MS_API bool ms_tpm_is_key_file(const char *path)
{
	return false;
}

MS_API int ms_tpm_key_info_read(
	const char *path, struct ms_tpm_key_info **info, struct ms_error *err)
{
	return without(err);
}

MS_API void ms_tpm_key_info_free(struct ms_tpm_key_info *info)
{
}

/* So that a handle is not taken for a file's name. */
static bool claims(const char *ref)
{
	return !strncmp(ref, "handle:", 7);
}

static int open_key(
	struct ms_context *ctx, const char *ref, struct ms_key **key, struct ms_error *err)
{
	return without(err);
}

static int open_cert(struct ms_context *ctx, const char *ref, X509 **cert, struct ms_error *err)
{
	return without(err);
}

static int list(struct ms_context *ctx, const char *filter, bool login, struct ms_token_list *list,
	struct ms_error *err)
{
	/* Of those that are asked for by name only. */
	return filter && claims(filter) ? without(err) : 0;
}

const struct engine engine_tpm2 = {
	.name = "tpm2",
	.claims = claims,
	.open_key = open_key,
	.open_cert = open_cert,
	.list = list,
};
