/* SPDX-License-Identifier: Apache-2.0 */
/* What policies come to: TPM 2.0 Library, part 3, 23 (the policyDigest of each command). */
#include "engines/tpm2/policy.h"

#include "engines/tpm2/hash.h"
#include "src/base/error.h"

#include <stdlib.h>
#include <string.h>

int tpm_policy_add(
	struct tpm_policy *policy, TPM2_CC cc, const void *body, size_t len, struct ms_error *err)
{
	struct tpm_step step = { .cc = cc };
	struct tpm_step *steps = reallocarray(policy->steps, policy->n + 1, sizeof(*steps));

	if (!steps)
		return err_nomem(err);
	policy->steps = steps;
	if (buf_add(&step.body, body, len) < 0)
		return err_nomem(err);
	policy->steps[policy->n++] = step;
	return 0;
}

void tpm_policy_free(struct tpm_policy *policy)
{
	for (size_t i = 0; i < policy->n; i++)
		buf_free(&policy->steps[i].body);
	free(policy->steps);
	*policy = (struct tpm_policy){ 0 };
}

void tpm_approval_free(struct tpm_approval *approval)
{
	free(approval->name);
	tpm_policy_free(&approval->policy);
	*approval = (struct tpm_approval){ 0 };
}

const char *tpm_step_name(const struct tpm_step *step)
{
	switch (step->cc) {
	case TPM2_CC_PolicyPCR:
		return "TPM2_PolicyPCR";
	case TPM2_CC_PolicyAuthValue:
		return "TPM2_PolicyAuthValue";
	case TPM2_CC_PolicyPassword:
		return "TPM2_PolicyPassword";
	case TPM2_CC_PolicyAuthorize:
		return "TPM2_PolicyAuthorize";
	case TPM2_CC_PolicyOR:
		return "TPM2_PolicyOR";
	case TPM2_CC_PolicyCommandCode:
		return "TPM2_PolicyCommandCode";
	case TPM2_CC_PolicyLocality:
		return "TPM2_PolicyLocality";
	default:
		return NULL;
	}
}

bool tpm_digest_eq(const TPM2B_DIGEST *a, const TPM2B_DIGEST *b)
{
	return a->size == b->size && !memcmp(a->buffer, b->buffer, a->size);
}

static int extend_pcrs(
	struct tpm_hash *h, const struct tpm_step *step, TPMI_ALG_HASH alg, struct ms_error *err)
{
	TPML_PCR_SELECTION selection;
	TPM2B_DIGEST digest;
	int r = tpm_step_pcrs(step, alg, &selection, &digest, err);

	if (r < 0)
		return r;
	tpm_hash_add_u32(h, selection.count);
	for (size_t i = 0; i < selection.count; i++) {
		const TPMS_PCR_SELECTION *bank = &selection.pcrSelections[i];
		const uint8_t head[] = { (uint8_t)(bank->hash >> 8), (uint8_t)bank->hash,
			bank->sizeofSelect };

		tpm_hash_add(h, head, sizeof(head));
		tpm_hash_add(h, bank->pcrSelect, bank->sizeofSelect);
	}
	tpm_hash_add(h, digest.buffer, digest.size);
	return 0;
}

static int extend_or(struct tpm_hash *h, const struct tpm_step *step, struct ms_error *err)
{
	TPML_DIGEST branches;
	int r = tpm_step_or(step, &branches, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < branches.count; i++)
		tpm_hash_add(h, branches.digests[i].buffer, branches.digests[i].size);
	return 0;
}

/* PolicyAuthorize takes two steps of its own, the second over the policy reference. */
static int extend_authorize(
	TPM2B_DIGEST *digest, const struct tpm_step *step, TPMI_ALG_HASH alg, struct ms_error *err)
{
	struct tpm_authorize authorize;
	TPM2B_NAME name;
	struct tpm_hash h;
	int r = tpm_step_authorize(step, &authorize, err);

	if (r == 0)
		r = tpm_name_of(&authorize.key.publicArea, &name, err);
	if (r < 0)
		return r;
	memset(digest->buffer, 0, sizeof(digest->buffer));
	tpm_hash_begin(&h, alg, err);
	tpm_hash_add(&h, digest->buffer, tpm_alg_size(alg));
	tpm_hash_add_u32(&h, TPM2_CC_PolicyAuthorize);
	tpm_hash_add(&h, name.name, name.size);
	r = tpm_hash_end(&h, digest);
	if (r < 0)
		return r;
	tpm_hash_begin(&h, alg, err);
	tpm_hash_add(&h, digest->buffer, digest->size);
	tpm_hash_add(&h, authorize.ref.buffer, authorize.ref.size);
	return tpm_hash_end(&h, digest);
}

static int extend_more(
	struct tpm_hash *h, const struct tpm_step *step, TPMI_ALG_HASH alg, struct ms_error *err)
{
	switch (step->cc) {
	case TPM2_CC_PolicyPCR:
		return extend_pcrs(h, step, alg, err);
	case TPM2_CC_PolicyOR:
		return extend_or(h, step, err);
	case TPM2_CC_PolicyCommandCode:
	case TPM2_CC_PolicyLocality:
		tpm_hash_add(h, step->body.data, step->body.len);
		return 0;
	case TPM2_CC_PolicyAuthValue:
	case TPM2_CC_PolicyPassword:
		return 0;
	default:
		return err_set(err, MS_ERR_KEY,
			"its policy has the TPM command 0x%x, which is not supported here",
			step->cc);
	}
}

int tpm_policy_extend(
	TPM2B_DIGEST *digest, const struct tpm_step *step, TPMI_ALG_HASH alg, struct ms_error *err)
{
	/* PolicyPassword counts as PolicyAuthValue. */
	TPM2_CC cc = step->cc == TPM2_CC_PolicyPassword ? TPM2_CC_PolicyAuthValue : step->cc;
	struct tpm_hash h;
	TPM2B_DIGEST out;
	int r, e;

	if (cc == TPM2_CC_PolicyAuthorize)
		return extend_authorize(digest, step, alg, err);
	/* PolicyOR begins anew. */
	if (!digest->size || cc == TPM2_CC_PolicyOR)
		memset(digest->buffer, 0, sizeof(digest->buffer));
	tpm_hash_begin(&h, alg, err);
	tpm_hash_add(&h, digest->buffer, tpm_alg_size(alg));
	tpm_hash_add_u32(&h, cc);
	e = extend_more(&h, step, alg, err);
	r = tpm_hash_end(&h, &out);
	if (e < 0)
		return e;
	*digest = out;
	return r;
}

int tpm_policy_digest(const struct tpm_policy *policy, TPMI_ALG_HASH alg, TPM2B_DIGEST *digest,
	struct ms_error *err)
{
	int r = 0;

	*digest = (TPM2B_DIGEST){ 0 };
	for (size_t i = 0; i < policy->n && r == 0; i++)
		r = tpm_policy_extend(digest, &policy->steps[i], alg, err);
	return r;
}

int tpm_policy_auth_value_digest(TPMI_ALG_HASH alg, TPM2B_DIGEST *digest, struct ms_error *err)
{
	const struct tpm_step step = { .cc = TPM2_CC_PolicyAuthValue };

	*digest = (TPM2B_DIGEST){ 0 };
	return tpm_policy_extend(digest, &step, alg, err);
}
