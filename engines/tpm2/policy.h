/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key's policy as a key file carries it: the TPM2_Policy... commands to run before each use, in
 * order, each with its parameters as bytes (draft-bottomley-tpm2-keys). What they come to is a
 * digest that was fixed in the key when it was made. No TPM is needed here.
 */
#ifndef MODSEAL_ENGINES_TPM2_POLICY_H
#define MODSEAL_ENGINES_TPM2_POLICY_H

#include "src/base/buf.h"

#include <modseal/error.h>
#include <stdbool.h>
#include <tss2/tss2_tpm2_types.h>

struct tpm_step {
	TPM2_CC cc;
	struct buf body;
};

struct tpm_policy {
	struct tpm_step *steps;
	size_t n;
};

/* A policy that the owner of the policy key has approved of; its last step is PolicyAuthorize with
 * the signature. */
struct tpm_approval {
	char *name; /* NULL: none. Ours is the PCRs with their values (pcrs.h). */
	struct tpm_policy policy;
};

/* Parameters of PolicyAuthorize as files have them (not the command's own). */
struct tpm_authorize {
	TPM2B_PUBLIC key;
	TPM2B_DIGEST ref;
	TPMT_SIGNATURE signature; /* TPM2_ALG_NULL in a key's own policy */
};

/* All these: 0 or a negative MS_ERR_*; `err` says what is wrong with the step. `alg` is the name
 * algorithm of the key that the policy is for. */

int tpm_policy_add(
	struct tpm_policy *policy, TPM2_CC cc, const void *body, size_t len, struct ms_error *err);
int tpm_policy_add_pcrs(struct tpm_policy *policy, const TPML_PCR_SELECTION *selection,
	const TPM2B_DIGEST *digest, struct ms_error *err);
int tpm_policy_add_authorize(
	struct tpm_policy *policy, const struct tpm_authorize *authorize, struct ms_error *err);
int tpm_policy_add_or(struct tpm_policy *policy, const TPML_DIGEST *branches, struct ms_error *err);
void tpm_policy_free(struct tpm_policy *policy);
void tpm_approval_free(struct tpm_approval *approval);

/* Parameters of a step; both forms of PolicyPCR are read: the engine's (selection, then the bare
 * digest) and the draft's (digest with its size, then the selection). */
int tpm_step_pcrs(const struct tpm_step *step, TPMI_ALG_HASH alg, TPML_PCR_SELECTION *selection,
	TPM2B_DIGEST *digest, struct ms_error *err);
int tpm_step_authorize(
	const struct tpm_step *step, struct tpm_authorize *authorize, struct ms_error *err);
int tpm_step_or(const struct tpm_step *step, TPML_DIGEST *branches, struct ms_error *err);
/* "TPM2_PolicyPCR"; NULL for one that is not supported. */
const char *tpm_step_name(const struct tpm_step *step);

/* Goes on from `digest` (size 0: the beginning) to what it is behind this step. */
int tpm_policy_extend(
	TPM2B_DIGEST *digest, const struct tpm_step *step, TPMI_ALG_HASH alg, struct ms_error *err);
/* Of all steps. */
int tpm_policy_digest(const struct tpm_policy *policy, TPMI_ALG_HASH alg, TPM2B_DIGEST *digest,
	struct ms_error *err);
/* Of PolicyAuthValue alone: the branch of a recovery auth value in a PolicyOR. */
int tpm_policy_auth_value_digest(TPMI_ALG_HASH alg, TPM2B_DIGEST *digest, struct ms_error *err);
bool tpm_digest_eq(const TPM2B_DIGEST *a, const TPM2B_DIGEST *b);

#endif
