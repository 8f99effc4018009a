/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways in which a key's policy can be satisfied: its steps as they stand; with a
 * PolicyAuthorize each approved policy followed by the key's own further steps; with a PolicyOR
 * over a recovery auth value that branch, too. No TPM is needed here.
 */
#ifndef MODSEAL_ENGINES_TPM2_WAYS_H
#define MODSEAL_ENGINES_TPM2_WAYS_H

#include "engines/tpm2/keyfile.h"

#define TPM_WAY_STEPS 16
#define TPM_WAYS_MAX  32

struct tpm_way {
	const struct tpm_step *steps[TPM_WAY_STEPS]; /* of the key file, or ways->recovery */
	size_t n;
	bool auth;			     /* the key's auth value has to be shown */
	bool recovery;			     /* it is the way for when PCRs have changed */
	const struct tpm_approval *approval; /* NULL: none */
	struct tpm_pcrs
		wanted; /* of its PolicyPCR: all values if they are known, n 0 without one */
	/* PolicyAuthorize: the TPM's word on the approval's signature, once it gave it. */
	bool verified;
	TPMT_TK_VERIFIED ticket;
	TPM2B_NAME signer;
};

struct tpm_ways {
	struct tpm_way list[TPM_WAYS_MAX];
	size_t n;
	struct tpm_step recovery; /* PolicyAuthValue, for the recovery branch */
};

/* Those without an auth value come first. The file is borrowed and must outlive them. MS_ERR_KEY if
 * none comes to the key's policy digest, or one has steps that are not supported. */
int tpm_ways_find(const struct tpm_keyfile *file, struct tpm_ways *ways, struct ms_error *err);

#endif
