/* SPDX-License-Identifier: Apache-2.0 */
/* What a TPM says of itself. */
#include "engines/tpm2/info.h"

#include "engines/tpm2/hash.h"

#include <stdio.h>
#include <string.h>

TSS2_RC tpm_capability(
	struct tpm *tpm, TPM2_CAP cap, UINT32 from, UINT32 count, TPMS_CAPABILITY_DATA **data)
{
	TPMI_YES_NO more;

	*data = NULL;
	return TPM_CALL(tpm, GetCapability, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, cap, from,
		count, &more, data);
}

/* Four characters of a property's value. */
static void append_text(char *text, size_t size, UINT32 value)
{
	size_t len = strlen(text);

	for (int shift = 24; shift >= 0 && len + 1 < size; shift -= 8) {
		char c = (char)(value >> shift);

		if (c > ' ' && c < 0x7f)
			text[len++] = c;
	}
	text[len] = '\0';
}

static void take_property(struct tpm *tpm, const TPMS_TAGGED_PROPERTY *p)
{
	size_t len = strlen(tpm->firmware);

	switch (p->property) {
	case TPM2_PT_MANUFACTURER:
		append_text(tpm->manufacturer, sizeof(tpm->manufacturer), p->value);
		break;
	case TPM2_PT_VENDOR_STRING_1:
	case TPM2_PT_VENDOR_STRING_2:
	case TPM2_PT_VENDOR_STRING_3:
	case TPM2_PT_VENDOR_STRING_4:
		append_text(tpm->vendor, sizeof(tpm->vendor), p->value);
		break;
	case TPM2_PT_FIRMWARE_VERSION_1:
	case TPM2_PT_FIRMWARE_VERSION_2:
		snprintf(tpm->firmware + len, sizeof(tpm->firmware) - len, "%s%u.%u",
			len ? "." : "", p->value >> 16, p->value & 0xffff);
		break;
	}
}

static TSS2_RC read_properties(struct tpm *tpm)
{
	TPMS_CAPABILITY_DATA *data;
	TSS2_RC rc = tpm_capability(tpm, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_MANUFACTURER,
		TPM2_PT_FIRMWARE_VERSION_2 - TPM2_PT_MANUFACTURER + 1, &data);

	for (UINT32 i = 0; rc == TSS2_RC_SUCCESS && i < data->data.tpmProperties.count; i++)
		take_property(tpm, &data->data.tpmProperties.tpmProperty[i]);
	Esys_Free(data);
	return rc;
}

static TSS2_RC read_algorithms(struct tpm *tpm)
{
	TPMS_CAPABILITY_DATA *data;
	TSS2_RC rc = tpm_capability(tpm, TPM2_CAP_ALGS, 0, TPM2_MAX_CAP_ALGS, &data);

	for (UINT32 i = 0; rc == TSS2_RC_SUCCESS && i < data->data.algorithms.count; i++) {
		enum ms_hash hash = tpm_hash_of_alg(data->data.algorithms.algProperties[i].alg);

		if (hash)
			tpm->hashes |= 1U << hash;
	}
	Esys_Free(data);
	return rc;
}

bool tpm_has_hash(const struct tpm *tpm, enum ms_hash hash)
{
	return tpm->hashes & 1U << hash;
}

int tpm_lockout(struct tpm *tpm, struct tpm_lockout *lockout, struct ms_error *err)
{
	TPMS_CAPABILITY_DATA *data;
	TSS2_RC rc =
		tpm_capability(tpm, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_LOCKOUT_COUNTER, 3, &data);

	*lockout = (struct tpm_lockout){ 0 };
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(tpm, rc, "TPM2_GetCapability", err);
	for (UINT32 i = 0; i < data->data.tpmProperties.count; i++) {
		const TPMS_TAGGED_PROPERTY *p = &data->data.tpmProperties.tpmProperty[i];

		if (p->property == TPM2_PT_LOCKOUT_COUNTER)
			lockout->tries = p->value;
		else if (p->property == TPM2_PT_MAX_AUTH_FAIL)
			lockout->max = p->value;
		else if (p->property == TPM2_PT_LOCKOUT_INTERVAL)
			lockout->interval = p->value;
	}
	Esys_Free(data);
	return 0;
}

int tpm_read_info(struct tpm *tpm, struct ms_error *err)
{
	TSS2_RC rc = read_algorithms(tpm);

	if (rc == TSS2_RC_SUCCESS)
		rc = read_properties(tpm);
	return rc == TSS2_RC_SUCCESS ? 0 : tpm_err(tpm, rc, "TPM2_GetCapability", err);
}
