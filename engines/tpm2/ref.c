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

int tpm_handle_parse(const char *text, TPM2_HANDLE *handle, struct ms_error *err)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 16);
	if (!strncasecmp(text, "0x", 2) && end > text + 2 && !*end && !errno && value <= UINT32_MAX) {
		*handle = (TPM2_HANDLE)value;
		return 0;
	}
	return err_set(err, MS_ERR_URI, "'%s' is no TPM handle (0x and hex digits)", text);
}

int tpm_ref_handle(const char *ref, TPM2_HANDLE *handle, struct ms_error *err)
{
	const char *text = ref + strlen(SCHEME);
	int r = 0;

	*handle = 0;
	if (*text)
		r = tpm_handle_parse(text, handle, err);
	if (r < 0)
		return r;
	if (!*handle || *handle >> TPM2_HR_SHIFT == TPM2_HT_PERSISTENT)
		return 0;
	err_set(err, MS_ERR_URI, "%s: only persistent handles (0x81......) name keys", ref);
	err_hint(err, "`modseal keys --tpm` lists them.");
	return MS_ERR_URI;
}
