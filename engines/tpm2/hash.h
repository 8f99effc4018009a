/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM's names of hash algorithms, and hashes over several pieces. */
#ifndef MODSEAL_ENGINES_TPM2_HASH_H
#define MODSEAL_ENGINES_TPM2_HASH_H

#include "src/crypto/digest.h"

#include <tss2/tss2_tpm2_types.h>

/* MS_HASH_NONE if there is no such here. */
enum ms_hash tpm_hash_of_alg(TPMI_ALG_HASH alg);
/* TPM2_ALG_NULL if a TPM has no such. */
TPMI_ALG_HASH tpm_alg_of_hash(enum ms_hash hash);
/* Bytes; 0 if there is no such here. */
size_t tpm_alg_size(TPMI_ALG_HASH alg);

/* A hash that is fed in pieces; the first failure is kept until tpm_hash_end(). */
struct tpm_hash {
	struct digest digest;
	enum ms_hash hash;
	struct ms_error *err;
	int r;
};

void tpm_hash_begin(struct tpm_hash *h, TPMI_ALG_HASH alg, struct ms_error *err);
void tpm_hash_add(struct tpm_hash *h, const void *data, size_t len);
void tpm_hash_add_u32(struct tpm_hash *h, uint32_t value); /* as the TPM does: big endian */
int tpm_hash_end(struct tpm_hash *h, TPM2B_DIGEST *out);

/* An object's name: the algorithm's number and the hash of the public area. MS_ERR_KEY for
 * a name algorithm that is not known here. */
int tpm_name_of(const TPMT_PUBLIC *pub, TPM2B_NAME *name, struct ms_error *err);

#endif
