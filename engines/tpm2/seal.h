/* SPDX-License-Identifier: Apache-2.0 */
/* The policy that a new key gets, and approvals of new values later. */
#ifndef MODSEAL_ENGINES_TPM2_SEAL_H
#define MODSEAL_ENGINES_TPM2_SEAL_H

#include "engines/tpm2/keyfile.h"
#include "src/key/key.h"

/* What a key is to be bound to. */
struct tpm_seal {
	struct tpm_pcrs pcrs; /* with all values; n 0: none */
	bool auth;	      /* its auth value, at each use */
	bool recovery;	      /* or its auth value, whatever the PCRs are */
	struct ms_key
		*policy_key; /* whoever signs with it may let it be bound to other values; NULL */
};

/* Whether there is a policy at all (else the key is used by its auth value). */
bool tpm_seal_has_policy(const struct tpm_seal *seal);
/* Fills policy, approvals and notes of a new key file, and the policy digest in its public area
 * (whose name algorithm is set). Signs the first approvals with the policy key. */
int tpm_seal_make(const struct tpm_seal *seal, struct tpm_keyfile *file, struct ms_error *err);

/*
 * Adds an approval of these PCR values (all known) to a file whose policy has a PolicyAuthorize by
 * this key; 1: done, 0: there was such an approval. MS_ERR_KEY if the file has none, or another
 * key's.
 */
int tpm_seal_approve(struct tpm_keyfile *file, const struct tpm_pcrs *pcrs,
	struct ms_key *policy_key, struct ms_error *err);

#endif
