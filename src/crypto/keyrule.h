/* SPDX-License-Identifier: Apache-2.0 */
/* Which names and rules go with a kind of key. */
#ifndef MODSEAL_CRYPTO_KEYRULE_H
#define MODSEAL_CRYPTO_KEYRULE_H

#include <modseal/hash.h>
#include <openssl/evp.h>

/* The X.509 signature AlgorithmIdentifier, DER, of this kind of key with a hash (RFC 4055, RFC
 * 5758): the length, or a negative value if there is none. OPENSSL_free() *der. */
int keyrule_algorithm_id(const EVP_PKEY *pub, enum ms_hash hash, unsigned char **der);
/* OpenSSL's number of ECDSA with that hash (RFC 5758, RFC 8702), NID_undef if there is none. */
int keyrule_ecdsa_nid(enum ms_hash hash);
/* The hash that a certificate of this key is signed with unless the user says otherwise: as strong
 * as the key (SHA-256; SHA-384 for P-384 and SHA-512 for P-521). */
enum ms_hash keyrule_default_hash(const EVP_PKEY *pub);

#endif
