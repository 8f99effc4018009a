/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key is: a public key, what is known of where it lives, what it can do, and one function
 * that signs a digest. Engines make these; the rest of the house knows nothing else of tokens,
 * TPMs or files.
 *
 * Callers sign with crypto_key_sign() (src/crypto/sign_digest.h), which asks `can`, calls
 * `sign` and verifies what came back; nothing else calls key->ops->sign.
 */
#ifndef MODSEAL_KEY_KEY_H
#define MODSEAL_KEY_KEY_H

#include <modseal/evidence.h>
#include <modseal/key.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

/* What a key wants to see. */
enum key_input {
	KEY_INPUT_NONE = 0,
	KEY_INPUT_DIGEST = 1,  /* the digest, made by the caller */
	KEY_INPUT_MESSAGE = 2, /* the whole message; the key hashes it itself */
};

/* Bytes of the longest signature any key makes (RSA-16384; ML-DSA-87 has 4,627). */
#define KEY_SIG_MAX 8192

struct key_ops {
	/*
	 * How this key can sign with `hash`: KEY_INPUT_DIGEST is preferred. KEY_INPUT_NONE: it
	 * cannot, and err says why (naming the key). Touches no device.
	 */
	enum key_input (*can)(const struct ms_key *key, enum ms_hash hash, struct ms_error *err);
	/*
	 * Signs; `input` is what can() answered. The signature comes as CMS wants it (RFC 5652,
	 * RFC 5754, RFC 3279): RSA the PKCS#1 v1.5 block over DigestInfo(hash, data), as long as
	 * the modulus; ECDSA the DER SEQUENCE of r and s, the digest cut to the order's length by
	 * the engine if its device does not (FIPS 186-5, 6.4). `sig` has KEY_SIG_MAX bytes.
	 * May be called from key->parallel threads at once.
	 */
	int (*sign)(struct ms_key *key, enum key_input input, enum ms_hash hash,
		const uint8_t *data, size_t len, uint8_t *sig, size_t *sig_len,
		struct ms_error *err);
	/* What the key's place says of it: fills evidence->items with evidence_add()
	 * (src/key/evidence.h). NULL: it says nothing. */
	int (*evidence)(const struct ms_key *key, struct ms_evidence *evidence,
		struct ms_error *err);
	/* The certificates in which the device itself says that it made the key (attest.h of
	 * src/crypto): the key's first, then those that may have signed it; *certs stays NULL if
	 * there is none. The caller frees them. NULL: it has no such. */
	int (*attestation)(const struct ms_key *key, STACK_OF(X509) **certs, struct ms_error *err);
	/* Releases what the engine holds in key->priv. */
	void (*free)(struct ms_key *key);
};

struct ms_key {
	const struct key_ops *ops;
	void *priv;         /* the engine's */
	EVP_PKEY *pub;      /* the public half, in ossl_ctx(); owned */
	char *uri;          /* names exactly this key, without secrets; owned */
	char *place;        /* where it lives, for messages: "token 'release'", "file x.pem" */
	X509 *cert;         /* the certificate that lies beside it, NULL if none; owned */
	char type[32];      /* "RSA-4096", "P-384"; filled by key_new() from pub */
	bool hardware;      /* the private half cannot be read by software as far as is known */
	unsigned parallel;  /* signatures at once, >= 1 */
	bool apart;         /* it computes on a processor of its own: it can be given more at once
	                       than this machine has processors, and does not wait for them */
	/* Of crypto_key_sign(): by hash, a verification that is begun, to be copied; or NULL. */
	_Atomic(EVP_PKEY_CTX *) begun[MS_HASH_SHA3_512 + 1];
};

/* Takes over pub (also on failure), copies uri and place. NULL when memory is out. */
struct ms_key *key_new(const struct key_ops *ops, EVP_PKEY *pub, const char *uri,
	const char *place);

/* "RSA-2048", "P-256", ... for any public key; "?" if OpenSSL knows no name for it. */
void key_type_name(const EVP_PKEY *pkey, char *buf, size_t size);

#endif
