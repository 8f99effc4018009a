/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, in one piece or as the bytes come. The names are in modseal/hash.h. */
#ifndef MODSEAL_CRYPTO_DIGEST_H
#define MODSEAL_CRYPTO_DIGEST_H

#include <modseal/hash.h>
#include <openssl/evp.h>
#include <stdint.h>

/* The algorithm in ossl_ctx(), fetched once; NULL for MS_HASH_NONE or if OpenSSL lacks it. */
const EVP_MD *digest_md(enum ms_hash hash);
/* The hash whose OBJECT IDENTIFIER (a NID of OpenSSL's) this is, MS_HASH_NONE if not ours. */
enum ms_hash digest_by_nid(int nid);
int digest_nid(enum ms_hash hash);
/* The hash that OpenSSL calls so ("SHA2-256", "SHA256", "SHA3-256"), MS_HASH_NONE if not ours. */
enum ms_hash digest_by_ossl_name(const char *name);

/* A running digest. */
struct digest {
	EVP_MD_CTX *md;
};
int digest_begin(struct digest *d, enum ms_hash hash, struct ms_error *err);
int digest_add(struct digest *d, const void *data, size_t len, struct ms_error *err);
/* Writes ms_hash_size() bytes and ends the digest. */
int digest_end(struct digest *d, uint8_t *out, struct ms_error *err);
/* Ends a digest that is not wanted any more; harmless after digest_end(). */
void digest_free(struct digest *d);

/* In one piece. */
int digest_of(enum ms_hash hash, const void *data, size_t len, uint8_t *out,
	struct ms_error *err);

#endif
