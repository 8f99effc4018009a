/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanisms that sign modules, and the forms of their input and output. Calls nothing. */
#ifndef MODSEAL_ENGINES_PKCS11_MECH_H
#define MODSEAL_ENGINES_PKCS11_MECH_H

#include <modseal/hash.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdint.h>

/* The mechanism that takes a digest: CKM_RSA_PKCS (it wants a DigestInfo), CKM_ECDSA. */
CK_MECHANISM_TYPE p11_mech_digest(bool rsa);
/* The mechanism that takes the message and hashes it, CK_UNAVAILABLE_INFORMATION if there is none
 * for this hash. */
CK_MECHANISM_TYPE p11_mech_message(bool rsa, enum ms_hash hash);

#define P11_DIGEST_INFO_MAX (19 + MS_HASH_MAX_SIZE)

/* DER of DigestInfo(hash, digest), RFC 8017 9.2; its length, 0 if the hash has none. */
size_t p11_digest_info(enum ms_hash hash, const uint8_t *digest, uint8_t out[P11_DIGEST_INFO_MAX]);

/* How many of a digest's first bytes go into an ECDSA signature with an order of so many bits
 * (FIPS 186-5, 6.4.1). */
size_t p11_ecdsa_cut(size_t digest_len, unsigned order_bits);

/* r and s, one behind the other, to their DER SEQUENCE in out (size bytes); its length, 0 if raw is
 * no signature (odd, empty, r or s zero) or it does not fit. */
size_t p11_ecdsa_der(const uint8_t *raw, size_t raw_len, uint8_t *out, size_t size);

#endif
