/* SPDX-License-Identifier: Apache-2.0 */
/* What the TPM's PCRs are now. For inside tpm_run(). */
#ifndef MODSEAL_ENGINES_TPM2_PCR_READ_H
#define MODSEAL_ENGINES_TPM2_PCR_READ_H

#include "engines/tpm2/pcrs.h"
#include "engines/tpm2/tpm.h"

/* Fills in the values that are not known. MS_ERR_KEY if the TPM lacks such a bank. */
int tpm_pcrs_read(struct tpm *tpm, struct tpm_pcrs *pcrs, struct ms_error *err);

#endif
