/* SPDX-License-Identifier: Apache-2.0 */
/* Response codes of the TPM and of tpm2-tss, in words. */
#ifndef MODSEAL_ENGINES_TPM2_RC_H
#define MODSEAL_ENGINES_TPM2_RC_H

#include <modseal/error.h>
#include <stdbool.h>
#include <tss2/tss2_common.h>

/* The TPM's own code without the number of the parameter, session or handle that it is about, to
 * be compared with TPM2_RC_...; 0 if it is not the TPM that speaks (nor if it is no failure). */
TSS2_RC tpm_rc(TSS2_RC rc);
/* Whether the connection to the TPM is gone. */
bool tpm_rc_lost(TSS2_RC rc);
/* Whether the same command may go well in a moment. */
bool tpm_rc_wait(TSS2_RC rc);
/* Whether an object or session is not in the TPM any more. */
bool tpm_rc_gone(TSS2_RC rc);
/* Whether an auth value was refused. */
bool tpm_rc_auth(TSS2_RC rc);
/* Whether a policy was not satisfied. */
bool tpm_rc_policy(TSS2_RC rc);

/* Fills err: "PLACE: WORDS (CALL: TEXT)", with a hint; returns the MS_ERR_* that goes with it. */
int tpm_rc_err(struct ms_error *err, TSS2_RC rc, const char *place, const char *call);

#endif
