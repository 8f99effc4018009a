/* SPDX-License-Identifier: Apache-2.0 */
/* What a TPM says of itself. */
#ifndef MODSEAL_ENGINES_TPM2_INFO_H
#define MODSEAL_ENGINES_TPM2_INFO_H

#include "engines/tpm2/tpm.h"

#include <modseal/hash.h>

/* Whether the TPM has this hash algorithm. */
bool tpm_has_hash(const struct tpm *tpm, enum ms_hash hash);

/* All the rest is for inside tpm_run(). */

/* Fills in what struct tpm holds of it. */
int tpm_read_info(struct tpm *tpm, struct ms_error *err);
/* Esys_Free() *data; it is NULL on failure. */
TSS2_RC tpm_capability(
	struct tpm *tpm, TPM2_CAP cap, UINT32 from, UINT32 count, TPMS_CAPABILITY_DATA **data);

/* The dictionary-attack counters. */
struct tpm_lockout {
	uint32_t tries, max; /* wrong auth values so far, and when it locks */
	uint32_t interval;   /* seconds until one more is allowed */
};
int tpm_lockout(struct tpm *tpm, struct tpm_lockout *lockout, struct ms_error *err);

#endif
