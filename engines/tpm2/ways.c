/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/ways.h"

#include "src/base/error.h"

#include <string.h>

static int add_step(struct tpm_way *way, const struct tpm_step *step, struct ms_error *err)
{
	if (way->n == TPM_WAY_STEPS)
		return err_set(err, MS_ERR_KEY, "its policy has more than %d steps", TPM_WAY_STEPS);
	way->steps[way->n++] = step;
	if (step->cc == TPM2_CC_PolicyAuthValue || step->cc == TPM2_CC_PolicyPassword)
		way->auth = true;
	return 0;
}

static int add_steps(
	struct tpm_way *way, const struct tpm_policy *policy, size_t from, struct ms_error *err)
{
	int r = 0;

	for (size_t i = from; i < policy->n && r == 0; i++)
		r = add_step(way, &policy->steps[i], err);
	return r;
}

/* The values that were noted count if they are those that the policy was made of. */
static bool is_of(const struct tpm_pcrs *noted, const TPML_PCR_SELECTION *selection,
	TPMI_ALG_HASH alg, const TPM2B_DIGEST *digest)
{
	TPML_PCR_SELECTION noted_selection;
	TPM2B_DIGEST noted_digest;

	tpm_pcrs_selection(noted, &noted_selection);
	return noted->n && tpm_pcrs_known(noted) && noted_selection.count == selection->count &&
		tpm_pcrs_digest(noted, alg, &noted_digest, NULL) == 0 &&
		tpm_digest_eq(&noted_digest, digest);
}

static int find_wanted(const struct tpm_keyfile *file, struct tpm_way *way, struct ms_error *err)
{
	TPMI_ALG_HASH alg = file->pub.publicArea.nameAlg;
	TPML_PCR_SELECTION selection;
	TPM2B_DIGEST digest;
	struct tpm_pcrs noted = file->pcrs;
	int r;

	for (size_t i = 0; i < way->n; i++) {
		if (way->steps[i]->cc != TPM2_CC_PolicyPCR)
			continue;
		r = tpm_step_pcrs(way->steps[i], alg, &selection, &digest, err);
		if (r == 0)
			r = tpm_pcrs_of_selection(&selection, &way->wanted, err);
		if (r < 0)
			return r;
		if (way->approval &&
			(!way->approval->name ||
				tpm_pcrs_parse(way->approval->name, &noted, NULL) < 0))
			noted.n = 0;
		if (is_of(&noted, &selection, alg, &digest))
			way->wanted = noted;
		return 0;
	}
	return 0;
}

/* Whether the steps come to the digest that is in the key. */
static int comes_out(const struct tpm_keyfile *file, const struct tpm_way *way, bool *right,
	struct ms_error *err)
{
	TPM2B_DIGEST digest = { 0 };
	int r = 0;

	for (size_t i = 0; i < way->n && r == 0; i++)
		r = tpm_policy_extend(&digest, way->steps[i], file->pub.publicArea.nameAlg, err);
	*right = r == 0 && tpm_digest_eq(&digest, &file->pub.publicArea.authPolicy);
	return r;
}

/* Adds a way if it leads to the key, in front of those that need an auth value if it needs none. */
static int add_way(const struct tpm_keyfile *file, struct tpm_ways *ways, struct tpm_way *way,
	struct ms_error *err)
{
	size_t at = ways->n;
	bool right;
	int r = comes_out(file, way, &right, err);

	if (r < 0 || !right || ways->n == TPM_WAYS_MAX)
		return r;
	r = find_wanted(file, way, err);
	if (r < 0)
		return r;
	if (!way->auth)
		while (at && ways->list[at - 1].auth)
			at--;
	memmove(&ways->list[at + 1], &ways->list[at], (ways->n - at) * sizeof(*way));
	ways->list[at] = *way;
	ways->n++;
	return 0;
}

static int add_approvals(
	const struct tpm_keyfile *file, struct tpm_ways *ways, struct ms_error *err)
{
	int r = 0;

	for (size_t i = 0; i < file->n_approvals && r == 0; i++) {
		struct tpm_way way = { .approval = &file->approvals[i] };

		r = add_steps(&way, &file->approvals[i].policy, 0, err);
		way.recovery = way.auth;
		if (r == 0)
			r = add_steps(&way, &file->policy, 1, err);
		if (r == 0)
			r = add_way(file, ways, &way, err);
	}
	return r;
}

/* [PolicyPCR..., PolicyOR(their digest, that of PolicyAuthValue)]: PolicyAuthValue will do as well.
 */
static int add_recovery(
	const struct tpm_keyfile *file, size_t or_at, struct tpm_ways *ways, struct ms_error *err)
{
	struct tpm_way way = { .recovery = true };
	int r;

	ways->recovery = (struct tpm_step){ .cc = TPM2_CC_PolicyAuthValue };
	r = add_step(&way, &ways->recovery, err);
	if (r == 0)
		r = add_steps(&way, &file->policy, or_at, err);
	return r == 0 ? add_way(file, ways, &way, err) : r;
}

static bool branches_to_auth_value(const struct tpm_step *step, TPMI_ALG_HASH alg)
{
	TPML_DIGEST branches;
	TPM2B_DIGEST digest;

	if (step->cc != TPM2_CC_PolicyOR || tpm_step_or(step, &branches, NULL) < 0 ||
		tpm_policy_auth_value_digest(alg, &digest, NULL) < 0)
		return false;
	for (size_t i = 0; i < branches.count; i++)
		if (tpm_digest_eq(&branches.digests[i], &digest))
			return true;
	return false;
}

static int add_own(const struct tpm_keyfile *file, struct tpm_ways *ways, struct ms_error *err)
{
	struct tpm_way way = { 0 };
	int r = add_steps(&way, &file->policy, 0, err);

	if (r == 0)
		r = add_way(file, ways, &way, err);
	for (size_t i = 0; i < file->policy.n && r == 0; i++)
		if (branches_to_auth_value(&file->policy.steps[i], file->pub.publicArea.nameAlg))
			r = add_recovery(file, i, ways, err);
	return r;
}

int tpm_ways_find(const struct tpm_keyfile *file, struct tpm_ways *ways, struct ms_error *err)
{
	bool signed_policy = file->policy.n && file->policy.steps[0].cc == TPM2_CC_PolicyAuthorize;
	int r;

	ways->n = 0;
	if (!file->policy.n) {
		err_set(err, MS_ERR_KEY,
			"the key is used by its policy only, and the file does not tell it");
		return MS_ERR_KEY;
	}
	if (signed_policy && !file->n_approvals) {
		err_set(err, MS_ERR_KEY, "no policy is approved for it yet");
		err_hint(err, "`modseal tpm approve FILE --pcr ... --policy-key URI` does it.");
		return MS_ERR_KEY;
	}
	r = signed_policy ? add_approvals(file, ways, err) : add_own(file, ways, err);
	if (r == 0 && !ways->n)
		r = err_set(err, MS_ERR_KEY,
			"the policy in the file is not the one that the key was made with");
	return r;
}
