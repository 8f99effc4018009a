/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCRs and the values that a key is sealed to, as text: BANK:PCR[=HEX][,PCR[=HEX]]...[+BANK:...],
 * for example "sha256:7,11" or "sha256:7=64 hex digits". No TPM is needed here.
 */
#ifndef MODSEAL_ENGINES_TPM2_PCRS_H
#define MODSEAL_ENGINES_TPM2_PCRS_H

#include <modseal/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <tss2/tss2_tpm2_types.h>

#define TPM_PCRS_MAX  48 /* of all banks together */
#define TPM_PCR_COUNT 24 /* a bank; those of a PC */

struct tpm_pcr {
	TPMI_ALG_HASH bank;
	unsigned index;
	TPM2B_DIGEST value; /* size 0: not known */
};

/* In the order in which a TPM hashes them: bank by bank, each in the order of the indices. */
struct tpm_pcrs {
	struct tpm_pcr list[TPM_PCRS_MAX];
	size_t n;
};

int tpm_pcrs_parse(const char *text, struct tpm_pcrs *pcrs, struct ms_error *err);
/* The same as text, with the values that are known if `values`; free() it. NULL: no memory. */
char *tpm_pcrs_text(const struct tpm_pcrs *pcrs, bool values);
/* "sha256:7". */
void tpm_pcr_name(const struct tpm_pcr *pcr, char *buf, size_t size);

void tpm_pcrs_selection(const struct tpm_pcrs *pcrs, TPML_PCR_SELECTION *selection);
/* Without values; MS_ERR_KEY if there are too many, or some of an unknown bank. */
int tpm_pcrs_of_selection(
	const TPML_PCR_SELECTION *selection, struct tpm_pcrs *pcrs, struct ms_error *err);

/* Whether all values are known. */
bool tpm_pcrs_known(const struct tpm_pcrs *pcrs);
/* The hash over all values, which PolicyPCR binds to. All have to be known. */
int tpm_pcrs_digest(
	const struct tpm_pcrs *pcrs, TPMI_ALG_HASH alg, TPM2B_DIGEST *digest, struct ms_error *err);

#endif
