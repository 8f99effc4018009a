/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for engines/tpm2 where it is not built (cmake -DMODSEAL_TPM2=OFF). */
#include "src/base/error.h"

#include <modseal/tpm.h>

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
