/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/ref.h"

#include "src/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "handle:"

bool tpm_ref_is_handle(const char *ref)
{
	return !strncasecmp(ref, SCHEME, strlen(SCHEME));
}

int tpm_ref_handle(const char *ref, TPM2_HANDLE *handle, struct ms_error *err)
{
	const char *text = ref + strlen(SCHEME);
	unsigned long value;
	char *end;

	*handle = 0;
	if (!*text)
		return 0;
	errno = 0;
	value = strtoul(text, &end, 16);
	if (strncasecmp(text, "0x", 2) != 0 || end == text + 2 || *end || errno ||
		value > UINT32_MAX)
		return err_set(err, MS_ERR_URI, "%s is no TPM handle (0x and hex digits)", ref);
	if (value >> TPM2_HR_SHIFT != TPM2_HT_PERSISTENT) {
		err_set(err, MS_ERR_URI, "%s: only persistent handles (0x81......) name keys", ref);
		err_hint(err, "`modseal keys --tpm` lists them.");
		return MS_ERR_URI;
	}
	*handle = (TPM2_HANDLE)value;
	return 0;
}

int tpm_ref_handle_of_key(const char *ref, TPM2_HANDLE *handle, struct ms_error *err)
{
	int r = tpm_ref_handle(ref, handle, err);

	if (r < 0 || *handle)
		return r;
	err_set(err, MS_ERR_URI, "%s names no handle", ref);
	err_hint(err, "Write it as handle:0x81010001; was a variable empty?");
	return MS_ERR_URI;
}
