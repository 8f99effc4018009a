/* SPDX-License-Identifier: Apache-2.0 */
/* Signing with a key, whatever engine it comes from. */
#ifndef MODSEAL_CRYPTO_SIGN_DIGEST_H
#define MODSEAL_CRYPTO_SIGN_DIGEST_H

#include "src/key/key.h"

/*
 * Signs a digest (or, for KEY_INPUT_MESSAGE, a message) and verifies the result with the public
 * half before it is given out: hardware errs, and a wrong signature is fatal even to a kernel
 * that enforces nothing. `input` is what the key's `can` answered for this hash.
 */
int crypto_key_sign(struct ms_key *key, enum key_input input, enum ms_hash hash,
	const uint8_t *data, size_t len, uint8_t sig[KEY_SIG_MAX], size_t *sig_len,
	struct ms_error *err);

/* Whether `sig` is pub's signature of `data` (a digest, or a message): 0, MS_ERR_SIGNATURE if it
 * is not, another code if that cannot be found out. */
int crypto_verify(EVP_PKEY *pub, enum key_input input, enum ms_hash hash, const uint8_t *data,
	size_t len, const uint8_t *sig, size_t sig_len, struct ms_error *err);

#endif
