/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/policy_run.h"

#include "engines/tpm2/hash.h"
#include "engines/tpm2/pcr_read.h"
#include "engines/tpm2/rc.h"
#include "engines/tpm2/session.h"
#include "src/base/error.h"

#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

struct running {
	struct tpm *tpm;
	struct tpm_way *way;
	ESYS_TR session;
	TPMI_ALG_HASH alg;
	TPM2B_DIGEST digest; /* of the steps so far */
	struct ms_error *err;
};

/* -- why a PCR policy failed --------------------------------------------------------------- */

/* The beginning of a value is enough to tell two apart by eye. */
static void short_hex(const TPM2B_DIGEST *value, char out[24])
{
	size_t n = value->size < 8 ? value->size : 8;

	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", value->buffer[i]);
	snprintf(out + 2 * n, 4, "...");
}

static void explain_one(
	const struct tpm_pcr *wanted, const struct tpm_pcr *now, struct ms_error *err)
{
	char name[32], is[24], want[24];

	tpm_pcr_name(now, name, sizeof(name));
	short_hex(&now->value, is);
	short_hex(&wanted->value, want);
	if (wanted->value.size)
		err_append(err, "\n  PCR %s is %s, the key wants %s", name, is, want);
	else
		err_append(err, "\n  PCR %s is %s, and the key wants another value", name, is);
}

void tpm_explain_pcrs(struct tpm *tpm, const struct tpm_pcrs *wanted, struct ms_error *err)
{
	bool known = tpm_pcrs_known(wanted) || wanted->n == 1, found = false;
	struct tpm_pcrs now = *wanted;

	for (size_t i = 0; i < now.n; i++)
		now.list[i].value.size = 0;
	if (known && tpm_pcrs_read(tpm, &now, NULL) == 0) {
		for (size_t i = 0; i < now.n; i++)
			if (!tpm_digest_eq(&now.list[i].value, &wanted->list[i].value)) {
				explain_one(&wanted->list[i], &now.list[i], err);
				found = true;
			}
		if (!found)
			err_append(err, "\n  and yet the PCRs are as the key wants them");
	} else {
		char *text = tpm_pcrs_text(wanted, false);

		err_append(err,
			"\n  at least one of the PCRs %s is not as it was (the file does not tell "
			"the values that the key wants)",
			text ? text : "?");
		free(text);
	}
}

/* -- the steps ----------------------------------------------------------------------------- */

static TSS2_RC run_pcrs(struct running *r, const struct tpm_step *step, int *e)
{
	TPML_PCR_SELECTION selection;
	TPM2B_DIGEST digest;

	*e = tpm_step_pcrs(step, r->alg, &selection, &digest, r->err);
	if (*e < 0)
		return TSS2_RC_SUCCESS;
	return TPM_CALL(r->tpm, PolicyPCR, r->session, TPM_NO_SESSIONS, &digest, &selection);
}

static TSS2_RC run_or(struct running *r, const struct tpm_step *step, int *e)
{
	TPML_DIGEST branches;

	*e = tpm_step_or(step, &branches, r->err);
	if (*e < 0)
		return TSS2_RC_SUCCESS;
	return TPM_CALL(r->tpm, PolicyOR, r->session, TPM_NO_SESSIONS, &branches);
}

/* What the policy key signed: the hash, by the algorithm of that key's name, of the approved digest
 * and the policy reference. */
static int approved_hash(struct running *r, const struct tpm_authorize *a, TPM2B_DIGEST *hash)
{
	struct tpm_hash h;

	tpm_hash_begin(&h, a->key.publicArea.nameAlg, r->err);
	tpm_hash_add(&h, r->digest.buffer, r->digest.size);
	tpm_hash_add(&h, a->ref.buffer, a->ref.size);
	return tpm_hash_end(&h, hash);
}

/* Has the TPM verify the approval's signature; its ticket serves as long as the TPM runs. */
static TSS2_RC verify_approval(struct running *r, const struct tpm_authorize *a, int *e)
{
	struct tpm *tpm = r->tpm;
	TPMT_TK_VERIFIED *ticket = NULL;
	ESYS_TR key = ESYS_TR_NONE;
	TPM2B_DIGEST hash;
	TSS2_RC rc;

	*e = approved_hash(r, a, &hash);
	if (*e == 0)
		*e = tpm_name_of(&a->key.publicArea, &r->way->signer, r->err);
	if (*e < 0)
		return TSS2_RC_SUCCESS;
	rc = TPM_CALL(tpm, LoadExternal, TPM_NO_SESSIONS, NULL, &a->key, ESYS_TR_RH_OWNER, &key);
	if (rc == TSS2_RC_SUCCESS)
		rc = TPM_CALL(
			tpm, VerifySignature, key, TPM_NO_SESSIONS, &hash, &a->signature, &ticket);
	if (rc == TSS2_RC_SUCCESS) {
		r->way->ticket = *ticket;
		r->way->verified = true;
	}
	Esys_Free(ticket);
	tpm_flush(tpm, &key);
	return rc;
}

static TSS2_RC run_authorize(struct running *r, const struct tpm_step *step, int *e)
{
	struct tpm_authorize a;
	TSS2_RC rc;

	*e = tpm_step_authorize(step, &a, r->err);
	if (*e < 0)
		return TSS2_RC_SUCCESS;
	if (!r->way->verified) {
		rc = verify_approval(r, &a, e);
		if (rc != TSS2_RC_SUCCESS || *e < 0)
			return rc;
	}
	return TPM_CALL(r->tpm, PolicyAuthorize, r->session, TPM_NO_SESSIONS, &r->digest, &a.ref,
		&r->way->signer, &r->way->ticket);
}

static TSS2_RC run_command_code(struct running *r, const struct tpm_step *step)
{
	UINT32 code = 0;
	size_t at = 0;
	TSS2_RC rc = step->body.len == 4
		? Tss2_MU_UINT32_Unmarshal(step->body.data, step->body.len, &at, &code)
		: TSS2_MU_RC_BAD_SIZE;

	if (rc != TSS2_RC_SUCCESS)
		return rc;
	return TPM_CALL(r->tpm, PolicyCommandCode, r->session, TPM_NO_SESSIONS, code);
}

static TSS2_RC run_locality(struct running *r, const struct tpm_step *step)
{
	if (step->body.len != 1)
		return TSS2_MU_RC_BAD_SIZE;
	return TPM_CALL(r->tpm, PolicyLocality, r->session, TPM_NO_SESSIONS, step->body.data[0]);
}

/* A failure of the step itself (malformed) is in *e. */
static TSS2_RC run_step(struct running *r, const struct tpm_step *step, int *e)
{
	*e = 0;
	switch (step->cc) {
	case TPM2_CC_PolicyPCR:
		return run_pcrs(r, step, e);
	case TPM2_CC_PolicyOR:
		return run_or(r, step, e);
	case TPM2_CC_PolicyAuthorize:
		return run_authorize(r, step, e);
	case TPM2_CC_PolicyCommandCode:
		return run_command_code(r, step);
	case TPM2_CC_PolicyLocality:
		return run_locality(r, step);
	default: /* comes to the same digest as PolicyPassword, and shows no password */
		return TPM_CALL(r->tpm, PolicyAuthValue, r->session, TPM_NO_SESSIONS);
	}
}

/* TPM2_PolicyPCR says TPM_RC_VALUE when the values do not hash to what is wanted. */
static bool is_unsatisfied(const struct tpm_step *step, TSS2_RC rc)
{
	TSS2_RC code = tpm_rc(rc);

	return tpm_rc_policy(rc) || code == TPM2_RC_VALUE || code == TPM2_RC_LOCALITY ||
		(step->cc == TPM2_CC_PolicyAuthorize && code == TPM2_RC_SIGNATURE);
}

static int step_err(struct running *r, const struct tpm_step *step, TSS2_RC rc, bool *unsatisfied)
{
	const char *name = tpm_step_name(step);
	int e = tpm_err(r->tpm, rc, name ? name : "policy", r->err);

	*unsatisfied = is_unsatisfied(step, rc);
	if (!*unsatisfied)
		return e;
	if (step->cc == TPM2_CC_PolicyPCR) {
		err_set(r->err, MS_ERR_KEY, "the key's policy is not satisfied:");
		tpm_explain_pcrs(r->tpm, &r->way->wanted, r->err);
	} else if (step->cc == TPM2_CC_PolicyAuthorize) {
		err_set(r->err, MS_ERR_KEY,
			"the key's policy is not satisfied: the approval's signature does not fit");
	} else {
		err_set(r->err, MS_ERR_KEY, "the key's policy is not satisfied (%s)", name);
	}
	return MS_ERR_KEY;
}

int tpm_way_run(struct tpm *tpm, struct tpm_way *way, ESYS_TR session, TPMI_ALG_HASH alg,
	bool *unsatisfied, TSS2_RC *rc, struct ms_error *err)
{
	struct running r = { .tpm = tpm, .way = way, .session = session, .alg = alg, .err = err };

	*unsatisfied = false;
	for (size_t i = 0; i < way->n; i++) {
		int e;

		*rc = run_step(&r, way->steps[i], &e);
		if (*rc != TSS2_RC_SUCCESS)
			return step_err(&r, way->steps[i], *rc, unsatisfied);
		if (e == 0)
			e = tpm_policy_extend(&r.digest, way->steps[i], alg, err);
		if (e < 0)
			return e;
	}
	return 0;
}
