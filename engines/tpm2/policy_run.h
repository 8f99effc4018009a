/* SPDX-License-Identifier: Apache-2.0 */
/* Policies run in a session of the TPM. For inside tpm_run(). */
#ifndef MODSEAL_ENGINES_TPM2_POLICY_RUN_H
#define MODSEAL_ENGINES_TPM2_POLICY_RUN_H

#include "engines/tpm2/tpm.h"
#include "engines/tpm2/ways.h"

/*
 * Runs all steps of a way in a fresh (or just used) policy session; `alg` is the key's name
 * algorithm. MS_ERR_KEY when the TPM does not find it satisfied: the message says which PCRs differ
 * from what the key wants, as far as that is known, and *unsatisfied is set. *rc is what the TPM
 * said if it was a command that failed.
 */
int tpm_way_run(struct tpm *tpm, struct tpm_way *way, ESYS_TR session, TPMI_ALG_HASH alg,
	bool *unsatisfied, TSS2_RC *rc, struct ms_error *err);

/* Why a PolicyPCR failed, appended to err's message: ": PCR sha256:7 is ..., the key wants ...". */
void tpm_explain_pcrs(struct tpm *tpm, const struct tpm_pcrs *wanted, struct ms_error *err);

#endif
