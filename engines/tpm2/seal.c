/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/seal.h"

#include "engines/tpm2/hash.h"
#include "engines/tpm2/pubkey.h"
#include "src/base/error.h"
#include "src/crypto/ossl.h"
#include "src/crypto/sign_digest.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

bool tpm_seal_has_policy(const struct tpm_seal *seal)
{
	return seal->pcrs.n || seal->policy_key || seal->recovery;
}

static int add_pcrs(struct tpm_policy *policy, const struct tpm_pcrs *pcrs, TPMI_ALG_HASH alg,
	struct ms_error *err)
{
	TPML_PCR_SELECTION selection;
	TPM2B_DIGEST digest;
	int r = tpm_pcrs_digest(pcrs, alg, &digest, err);

	if (r < 0)
		return r;
	tpm_pcrs_selection(pcrs, &selection);
	return tpm_policy_add_pcrs(policy, &selection, &digest, err);
}

static int add_auth_value(struct tpm_policy *policy, struct ms_error *err)
{
	return tpm_policy_add(policy, TPM2_CC_PolicyAuthValue, NULL, 0, err);
}

/* -- approvals ------------------------------------------------------------------------------ */

/* What is signed: see approved_hash() in policy_run.c. Few keys want to hash it themselves. */
static int sign_approval(struct ms_key *key, const TPM2B_DIGEST *approved,
	struct tpm_authorize *authorize, struct ms_error *err)
{
	TPMI_ALG_HASH alg = authorize->key.publicArea.nameAlg;
	enum ms_hash hash = tpm_hash_of_alg(alg);
	enum key_input input = key->ops->can(key, hash, err);
	uint8_t message[2 * sizeof(approved->buffer)], digest[MS_HASH_MAX_SIZE], sig[KEY_SIG_MAX];
	size_t len = approved->size, sig_len;
	int r;

	if (input == KEY_INPUT_NONE)
		return MS_ERR_KEY;
	memcpy(message, approved->buffer, len);
	memcpy(message + len, authorize->ref.buffer, authorize->ref.size);
	len += authorize->ref.size;
	r = digest_of(hash, message, len, digest, err);
	if (r < 0)
		return r;
	if (input == KEY_INPUT_DIGEST)
		r = crypto_key_sign(
			key, input, hash, digest, ms_hash_size(hash), sig, &sig_len, err);
	else
		r = crypto_key_sign(key, input, hash, message, len, sig, &sig_len, err);
	return r == 0 ? tpm_signature_of(key->pub, alg, sig, sig_len, &authorize->signature, err)
		      : r;
}

/* Ends a policy with the PolicyAuthorize that approves of it, and puts it into the file. */
static int approve(struct tpm_keyfile *file, struct ms_key *key, const struct tpm_authorize *own,
	struct tpm_approval *approval, struct ms_error *err)
{
	struct tpm_authorize authorize = *own;
	TPM2B_DIGEST approved;
	int r = tpm_policy_digest(&approval->policy, file->pub.publicArea.nameAlg, &approved, err);

	if (r == 0)
		r = sign_approval(key, &approved, &authorize, err);
	if (r == 0)
		r = tpm_policy_add_authorize(&approval->policy, &authorize, err);
	return r == 0 ? tpm_keyfile_approve(file, approval, err) : r;
}

static int approve_pcrs(struct tpm_keyfile *file, const struct tpm_pcrs *pcrs, struct ms_key *key,
	const struct tpm_authorize *own, struct ms_error *err)
{
	struct tpm_approval approval = { .name = tpm_pcrs_text(pcrs, true) };
	int r = approval.name ? 0 : err_nomem(err);

	if (r == 0)
		r = add_pcrs(&approval.policy, pcrs, file->pub.publicArea.nameAlg, err);
	if (r == 0)
		r = approve(file, key, own, &approval, err);
	tpm_approval_free(&approval);
	return r;
}

static int approve_recovery(struct tpm_keyfile *file, struct ms_key *key,
	const struct tpm_authorize *own, struct ms_error *err)
{
	struct tpm_approval approval = { .name = strdup("recovery") };
	int r = approval.name ? add_auth_value(&approval.policy, err) : err_nomem(err);

	if (r == 0)
		r = approve(file, key, own, &approval, err);
	tpm_approval_free(&approval);
	return r;
}

static bool is_approved(const struct tpm_keyfile *file, const char *name)
{
	for (size_t i = 0; i < file->n_approvals; i++)
		if (file->approvals[i].name && !strcmp(file->approvals[i].name, name))
			return true;
	return false;
}

static int check_key(
	const struct tpm_authorize *own, const struct ms_key *key, struct ms_error *err)
{
	AUTO_PKEY EVP_PKEY *pub = NULL;
	int r = tpm_pubkey(&own->key.publicArea, &pub, err);
	bool same;

	if (r < 0)
		return r;
	same = EVP_PKEY_eq(pub, key->pub) == 1;
	ERR_clear_error();
	if (same)
		return 0;
	return err_set(
		err, MS_ERR_KEY, "%s is not the policy key that the key was made with", key->uri);
}

int tpm_seal_approve(struct tpm_keyfile *file, const struct tpm_pcrs *pcrs,
	struct ms_key *policy_key, struct ms_error *err)
{
	struct tpm_authorize own;
	bool there;
	char *name;
	int r;

	if (!file->policy.n || file->policy.steps[0].cc != TPM2_CC_PolicyAuthorize) {
		err_set(err, MS_ERR_KEY,
			"the key was made without a policy key, so that nothing can be "
			"approved for it");
		err_hint(err, "Make a new one with modseal keygen --pcr ... --policy-key URI.");
		return MS_ERR_KEY;
	}
	r = tpm_step_authorize(&file->policy.steps[0], &own, err);
	if (r == 0)
		r = check_key(&own, policy_key, err);
	if (r < 0)
		return r;
	name = tpm_pcrs_text(pcrs, true);
	if (!name)
		return err_nomem(err);
	there = is_approved(file, name);
	free(name);
	if (there)
		return 0;
	r = approve_pcrs(file, pcrs, policy_key, &own, err);
	return r < 0 ? r : 1;
}

/* -- a new key's policy --------------------------------------------------------------------- */

/* The reference makes approvals of one key useless for another. */
static int new_reference(TPM2B_DIGEST *ref, struct ms_error *err)
{
	ref->size = 32;
	if (RAND_bytes_ex(ossl_ctx(), ref->buffer, ref->size, 0) == 1)
		return 0;
	return ossl_err(err, MS_ERR_INTERNAL, "no random numbers");
}

static int make_authorized(
	const struct tpm_seal *seal, struct tpm_keyfile *file, struct ms_error *err)
{
	struct tpm_authorize own = { .signature.sigAlg = TPM2_ALG_NULL };
	int r = tpm_public_of(seal->policy_key->pub, &own.key, err);

	if (r == 0)
		r = new_reference(&own.ref, err);
	if (r == 0)
		r = tpm_policy_add_authorize(&file->policy, &own, err);
	if (r == 0 && seal->auth)
		r = add_auth_value(&file->policy, err);
	if (r == 0 && seal->recovery)
		r = approve_recovery(file, seal->policy_key, &own, err);
	return r == 0 && seal->pcrs.n ? approve_pcrs(file, &seal->pcrs, seal->policy_key, &own, err)
				      : r;
}

/* PolicyPCR, then PolicyOR over that and PolicyAuthValue. */
static int make_recoverable(
	const struct tpm_seal *seal, struct tpm_keyfile *file, struct ms_error *err)
{
	TPMI_ALG_HASH alg = file->pub.publicArea.nameAlg;
	TPML_DIGEST branches = { .count = 2 };
	int r = add_pcrs(&file->policy, &seal->pcrs, alg, err);

	if (r == 0)
		r = tpm_policy_digest(&file->policy, alg, &branches.digests[0], err);
	if (r == 0)
		r = tpm_policy_auth_value_digest(alg, &branches.digests[1], err);
	return r == 0 ? tpm_policy_add_or(&file->policy, &branches, err) : r;
}

static int make_plain(const struct tpm_seal *seal, struct tpm_keyfile *file, struct ms_error *err)
{
	int r = seal->auth ? add_auth_value(&file->policy, err) : 0;

	return r == 0 ? add_pcrs(&file->policy, &seal->pcrs, file->pub.publicArea.nameAlg, err) : r;
}

int tpm_seal_make(const struct tpm_seal *seal, struct tpm_keyfile *file, struct ms_error *err)
{
	int r;

	if (!tpm_seal_has_policy(seal))
		return 0;
	file->pcrs = seal->policy_key ? (struct tpm_pcrs){ 0 } : seal->pcrs;
	if (seal->policy_key)
		r = make_authorized(seal, file, err);
	else if (seal->recovery)
		r = make_recoverable(seal, file, err);
	else
		r = make_plain(seal, file, err);
	if (r < 0)
		return r;
	return tpm_policy_digest(
		&file->policy, file->pub.publicArea.nameAlg, &file->pub.publicArea.authPolicy, err);
}
