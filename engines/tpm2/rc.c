/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/rc.h"

#include "src/base/error.h"

#include <stddef.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

/* TPM 2.0 Library, part 2, 6.6: bit 7 tells the two formats; in format 1 bits 6 and 8 to 11 say
 * which parameter, session or handle it is. */
#define FORMAT_1_CODE 0x0bf
#define FORMAT_0_CODE 0x97f

TSS2_RC tpm_rc(TSS2_RC rc)
{
	TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

	if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER)
		return 0;
	return rc & TPM2_RC_FMT1 ? rc & FORMAT_1_CODE : rc & FORMAT_0_CODE;
}

bool tpm_rc_lost(TSS2_RC rc)
{
	TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

	return layer == TSS2_TCTI_RC_LAYER || rc == TSS2_ESYS_RC_IO_ERROR;
}

bool tpm_rc_wait(TSS2_RC rc)
{
	switch (tpm_rc(rc)) {
	case TPM2_RC_OBJECT_MEMORY:
	case TPM2_RC_SESSION_MEMORY:
	case TPM2_RC_MEMORY:
	case TPM2_RC_SESSION_HANDLES:
	case TPM2_RC_OBJECT_HANDLES:
	case TPM2_RC_YIELDED:
	case TPM2_RC_TESTING:
	case TPM2_RC_NV_RATE:
	case TPM2_RC_RETRY:
	case TPM2_RC_NV_UNAVAILABLE:
		return true;
	default:
		return false;
	}
}

bool tpm_rc_gone(TSS2_RC rc)
{
	TSS2_RC code = tpm_rc(rc);

	return (code >= TPM2_RC_REFERENCE_H0 && code <= TPM2_RC_REFERENCE_S6) ||
		code == TPM2_RC_HANDLE;
}

bool tpm_rc_auth(TSS2_RC rc)
{
	TSS2_RC code = tpm_rc(rc);

	return code == TPM2_RC_AUTH_FAIL || code == TPM2_RC_BAD_AUTH;
}

bool tpm_rc_policy(TSS2_RC rc)
{
	TSS2_RC code = tpm_rc(rc);

	return code == TPM2_RC_POLICY_FAIL || code == TPM2_RC_PCR_CHANGED || code == TPM2_RC_POLICY;
}

#define FREE_OBJECTS                                                                               \
	"Somebody else's keys fill it: `tpm2_flushcontext -t` frees them; over /dev/tpmrm0 the "   \
	"kernel "                                                                                  \
	"swaps instead."
#define FREE_SESSIONS                                                                              \
	"Somebody else's sessions fill it: `tpm2_flushcontext -l -s` frees them; over "            \
	"/dev/tpmrm0 the "                                                                         \
	"kernel swaps instead."
#define OTHER_TPM                                                                                  \
	"A key works in the TPM that made it, under the parent that it was made under: was the "   \
	"TPM "                                                                                     \
	"cleared, replaced, or is this file from another machine?"

static const struct code {
	TSS2_RC rc;
	int err;
	const char *words, *hint;
} codes[] = {
	{ TPM2_RC_AUTH_FAIL, MS_ERR_PIN, "the auth value is wrong", "" },
	{ TPM2_RC_BAD_AUTH, MS_ERR_PIN, "the auth value is wrong", "" },
	{ TPM2_RC_LOCKOUT, MS_ERR_PIN, "the TPM is locked after too many wrong auth values", "" },
	{ TPM2_RC_POLICY_FAIL, MS_ERR_KEY, "the key's policy is not satisfied", "" },
	{ TPM2_RC_PCR_CHANGED, MS_ERR_KEY, "a PCR changed while the key was used",
		"Run it again." },
	{ TPM2_RC_AUTH_UNAVAILABLE, MS_ERR_KEY, "the key is used by its policy only", "" },
	{ TPM2_RC_AUTH_TYPE, MS_ERR_KEY, "the key is used in another way", "" },
	{ TPM2_RC_INTEGRITY, MS_ERR_KEY, "the key is not of this TPM or not of this parent",
		OTHER_TPM },
	{ TPM2_RC_BINDING, MS_ERR_KEY, "the key's public and private parts do not belong together",
		"" },
	{ TPM2_RC_SENSITIVE, MS_ERR_KEY, "the key is not of this TPM or not of this parent",
		OTHER_TPM },
	{ TPM2_RC_HANDLE, MS_ERR_KEY, "there is no such object in the TPM",
		"`modseal keys --tpm` lists the persistent ones." },
	{ TPM2_RC_SCHEME, MS_ERR_KEY, "the TPM does not sign in this way with this key",
		"Try another --hash, or another key." },
	{ TPM2_RC_HASH, MS_ERR_KEY, "the TPM does not have this digest", "Try another --hash." },
	{ TPM2_RC_KEY_SIZE, MS_ERR_KEY, "the TPM has no keys of this size", "Use another --type." },
	{ TPM2_RC_CURVE, MS_ERR_KEY, "the TPM does not have this curve", "Use another --type." },
	{ TPM2_RC_ATTRIBUTES, MS_ERR_KEY, "the key may not be used so", "" },
	{ TPM2_RC_SIGNATURE, MS_ERR_SIGNATURE, "the signature does not fit", "" },
	{ TPM2_RC_OBJECT_MEMORY, MS_ERR_TOKEN, "the TPM has no room for another key",
		FREE_OBJECTS },
	{ TPM2_RC_OBJECT_HANDLES, MS_ERR_TOKEN, "the TPM has no room for another key",
		FREE_OBJECTS },
	{ TPM2_RC_MEMORY, MS_ERR_TOKEN, "the TPM is out of memory", FREE_OBJECTS },
	{ TPM2_RC_SESSION_MEMORY, MS_ERR_TOKEN, "the TPM has no room for another session",
		FREE_SESSIONS },
	{ TPM2_RC_SESSION_HANDLES, MS_ERR_TOKEN, "the TPM has no room for another session",
		FREE_SESSIONS },
	{ TPM2_RC_NV_SPACE, MS_ERR_TOKEN, "the TPM has no room for another persistent key",
		"Remove one with tpm2_evictcontrol; `modseal keys --tpm` lists them." },
	{ TPM2_RC_NV_DEFINED, MS_ERR_KEY, "there is a persistent object at this handle already",
		"Take another handle; `modseal keys --tpm` lists those in use." },
	{ TPM2_RC_INITIALIZE, MS_ERR_TOKEN, "the TPM was not started",
		"Firmware does it; for a simulator run tpm2_startup -c." },
	{ TPM2_RC_FAILURE, MS_ERR_TOKEN, "the TPM is in failure mode", "Restart the machine." },
	{ TPM2_RC_NV_RATE, MS_ERR_TOKEN, "the TPM is busy", "Run it again in a moment." },
	{ TPM2_RC_RETRY, MS_ERR_TOKEN, "the TPM is busy", "Run it again in a moment." },
	{ TPM2_RC_COMMAND_CODE, MS_ERR_TOKEN, "the TPM lacks this command", "" },
};

static const struct code *find(TSS2_RC rc)
{
	TSS2_RC code = tpm_rc(rc);

	for (size_t i = 0; code && i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rc == code)
			return &codes[i];
	return NULL;
}

int tpm_rc_err(struct ms_error *err, TSS2_RC rc, const char *place, const char *call)
{
	const struct code *c = find(rc);

	if (tpm_rc_lost(rc)) {
		err_set(err, MS_ERR_TOKEN, "%s: the connection to it is lost (%s: %s)", place, call,
			Tss2_RC_Decode(rc));
		err_hint(err, "Is the TPM (or its simulator or broker) still there?");
		return MS_ERR_TOKEN;
	}
	if ((rc & TSS2_RC_LAYER_MASK) && (rc & 0xffff) == TSS2_BASE_RC_MEMORY)
		return err_nomem(err);
	err_set(err, c ? c->err : MS_ERR_TOKEN, "%s: %s (%s: %s)", place,
		c ? c->words : "the TPM refuses", call, Tss2_RC_Decode(rc));
	if (c)
		err_hint(err, "%s", c->hint);
	return c ? c->err : MS_ERR_TOKEN;
}
