/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of policy steps, as bytes and back. */
#include "engines/tpm2/hash.h"
#include "engines/tpm2/policy.h"
#include "src/base/error.h"

#include <string.h>
#include <tss2/tss2_mu.h>

static int malformed(const struct tpm_step *step, struct ms_error *err)
{
	return err_set(err, MS_ERR_KEY, "its policy's step %s is malformed", tpm_step_name(step));
}

int tpm_policy_add_pcrs(struct tpm_policy *policy, const TPML_PCR_SELECTION *selection,
	const TPM2B_DIGEST *digest, struct ms_error *err)
{
	uint8_t body[sizeof(*selection) + sizeof(*digest)];
	size_t len = 0;

	if (Tss2_MU_TPML_PCR_SELECTION_Marshal(selection, body, sizeof(body), &len) !=
		TSS2_RC_SUCCESS)
		return err_set(err, MS_ERR_INTERNAL, "the PCR selection cannot be encoded");
	memcpy(body + len, digest->buffer, digest->size);
	return tpm_policy_add(policy, TPM2_CC_PolicyPCR, body, len + digest->size, err);
}

int tpm_policy_add_authorize(
	struct tpm_policy *policy, const struct tpm_authorize *authorize, struct ms_error *err)
{
	uint8_t body[sizeof(*authorize)];
	size_t len = 0;

	if (Tss2_MU_TPM2B_PUBLIC_Marshal(&authorize->key, body, sizeof(body), &len) !=
			TSS2_RC_SUCCESS ||
		Tss2_MU_TPM2B_DIGEST_Marshal(&authorize->ref, body, sizeof(body), &len) !=
			TSS2_RC_SUCCESS ||
		Tss2_MU_TPMT_SIGNATURE_Marshal(&authorize->signature, body, sizeof(body), &len) !=
			TSS2_RC_SUCCESS)
		return err_set(err, MS_ERR_INTERNAL, "the signed policy cannot be encoded");
	return tpm_policy_add(policy, TPM2_CC_PolicyAuthorize, body, len, err);
}

int tpm_policy_add_or(struct tpm_policy *policy, const TPML_DIGEST *branches, struct ms_error *err)
{
	uint8_t body[sizeof(*branches)];
	size_t len = 0;

	if (Tss2_MU_TPML_DIGEST_Marshal(branches, body, sizeof(body), &len) != TSS2_RC_SUCCESS)
		return err_set(err, MS_ERR_INTERNAL, "the policy's branches cannot be encoded");
	return tpm_policy_add(policy, TPM2_CC_PolicyOR, body, len, err);
}

/* The engine's form: what is behind the selection is the digest. */
static bool selection_first(const struct tpm_step *step, size_t digest_len,
	TPML_PCR_SELECTION *selection, TPM2B_DIGEST *digest)
{
	size_t at = 0;

	if (Tss2_MU_TPML_PCR_SELECTION_Unmarshal(step->body.data, step->body.len, &at, selection) !=
			TSS2_RC_SUCCESS ||
		step->body.len - at != digest_len)
		return false;
	digest->size = (UINT16)digest_len;
	memcpy(digest->buffer, step->body.data + at, digest_len);
	return true;
}

static bool digest_first(const struct tpm_step *step, size_t digest_len,
	TPML_PCR_SELECTION *selection, TPM2B_DIGEST *digest)
{
	size_t at = 0;

	return Tss2_MU_TPM2B_DIGEST_Unmarshal(step->body.data, step->body.len, &at, digest) ==
		TSS2_RC_SUCCESS &&
		digest->size == digest_len &&
		Tss2_MU_TPML_PCR_SELECTION_Unmarshal(
			step->body.data, step->body.len, &at, selection) == TSS2_RC_SUCCESS &&
		at == step->body.len;
}

int tpm_step_pcrs(const struct tpm_step *step, TPMI_ALG_HASH alg, TPML_PCR_SELECTION *selection,
	TPM2B_DIGEST *digest, struct ms_error *err)
{
	size_t digest_len = tpm_alg_size(alg);

	memset(selection, 0, sizeof(*selection));
	memset(digest, 0, sizeof(*digest));
	if (digest_len && step->body.len && selection_first(step, digest_len, selection, digest))
		return 0;
	memset(selection, 0, sizeof(*selection));
	memset(digest, 0, sizeof(*digest));
	if (digest_len && step->body.len && digest_first(step, digest_len, selection, digest))
		return 0;
	return malformed(step, err);
}

int tpm_step_authorize(
	const struct tpm_step *step, struct tpm_authorize *authorize, struct ms_error *err)
{
	const uint8_t *data = step->body.data;
	size_t len = step->body.len, at = 0;

	memset(authorize, 0, sizeof(*authorize));
	if (!len ||
		Tss2_MU_TPM2B_PUBLIC_Unmarshal(data, len, &at, &authorize->key) !=
			TSS2_RC_SUCCESS ||
		Tss2_MU_TPM2B_DIGEST_Unmarshal(data, len, &at, &authorize->ref) !=
			TSS2_RC_SUCCESS ||
		Tss2_MU_TPMT_SIGNATURE_Unmarshal(data, len, &at, &authorize->signature) !=
			TSS2_RC_SUCCESS ||
		at != len)
		return malformed(step, err);
	return 0;
}

int tpm_step_or(const struct tpm_step *step, TPML_DIGEST *branches, struct ms_error *err)
{
	size_t at = 0;

	memset(branches, 0, sizeof(*branches));
	if (!step->body.len ||
		Tss2_MU_TPML_DIGEST_Unmarshal(step->body.data, step->body.len, &at, branches) !=
			TSS2_RC_SUCCESS ||
		at != step->body.len || branches->count < 2)
		return malformed(step, err);
	return 0;
}
