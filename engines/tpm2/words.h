/* SPDX-License-Identifier: Apache-2.0 */
/* A key's public area and policy in words. Strings are to be freed; NULL: no memory. */
#ifndef MODSEAL_ENGINES_TPM2_WORDS_H
#define MODSEAL_ENGINES_TPM2_WORDS_H

#include "engines/tpm2/keyfile.h"

/* "fixedTPM, fixedParent, sign", as the TPM's specification calls them. */
char *tpm_attributes_text(TPMA_OBJECT attributes);
/* "RSA" with *bits, "P-256", ...; "storage for keys" and the like for what is no such key. */
char *tpm_type_text(const TPMT_PUBLIC *pub, unsigned *bits);
/* What a step asks for: "PCRs sha256:7=...", with the values of `known` where they are those. */
char *tpm_step_text(const struct tpm_step *step, TPMI_ALG_HASH alg, const struct tpm_pcrs *known);
char *tpm_hex(const void *data, size_t len);

#endif
