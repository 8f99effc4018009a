/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, certificates and a struct ms_key in memory for the tests of src/crypto and what stands
 * above it. Include after cmocka.h. */
#ifndef MODSEAL_TESTS_CRYPTO_FIXTURE_H
#define MODSEAL_TESTS_CRYPTO_FIXTURE_H

#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/crypto/digest.h"
#include "src/crypto/ossl.h"
#include "src/key/key.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum ms_hash new_hashes[] = { MS_HASH_SHA256, MS_HASH_SHA384, MS_HASH_SHA512,
	MS_HASH_SHA3_256, MS_HASH_SHA3_384, MS_HASH_SHA3_512 };
#define N_NEW_HASHES (sizeof(new_hashes) / sizeof(new_hashes[0]))

/* ---- keys; made once, for the life of the process ---- */

enum test_key { RSA_A, RSA_B, EC_256, EC_384, EC_521, ED25519, TEST_KEYS };

static inline EVP_PKEY *test_key(enum test_key which)
{
	static EVP_PKEY *keys[TEST_KEYS];
	static const char *const curves[] = {
		[EC_256] = "P-256", [EC_384] = "P-384", [EC_521] = "P-521"
	};

	if (keys[which])
		return keys[which];
	if (which == RSA_A || which == RSA_B)
		keys[which] = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "RSA", (size_t)2048);
	else if (which == ED25519)
		keys[which] = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "ED25519");
	else
		keys[which] = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "EC", curves[which]);
	assert_non_null(keys[which]);
	return keys[which];
}

/* A key that holds the public half only; the caller frees it. */
static inline EVP_PKEY *public_half(EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	const unsigned char *p;
	int len = i2d_PUBKEY(pkey, &der);
	EVP_PKEY *pub;

	assert_true(len > 0);
	p = der;
	pub = d2i_PUBKEY_ex(NULL, &p, len, ossl_ctx(), NULL);
	OPENSSL_free(der);
	assert_non_null(pub);
	return pub;
}

/* ---- certificates ---- */

struct test_cert {
	const char *name; /* CN */
	EVP_PKEY *key;
	X509 *issuer; /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	long serial; /* 0: 1 */
	bool no_ski, no_aki;
	bool aki_serial;  /* the authority key id names issuer and serial instead */
	long from, until; /* seconds from now; both 0: valid for a day */
};

static inline void add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_true(X509_add_ext(x, ext, -1));
	X509_EXTENSION_free(ext);
}

static inline X509 *make_cert(const struct test_cert *t)
{
	X509 *x = X509_new_ex(ossl_ctx(), NULL);
	X509 *issuer = t->issuer ? t->issuer : x;
	EVP_PKEY *issuer_key = t->issuer ? t->issuer_key : t->key;
	bool pure = EVP_PKEY_is_a(issuer_key, "ED25519");

	assert_non_null(x);
	assert_true(X509_set_version(x, 2));
	assert_true(ASN1_INTEGER_set(X509_get_serialNumber(x), t->serial ? t->serial : 1));
	assert_true(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
		(const unsigned char *)t->name, -1, -1, 0));
	assert_true(X509_set_issuer_name(x, X509_get_subject_name(issuer)));
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), t->from));
	assert_non_null(
		X509_gmtime_adj(X509_getm_notAfter(x), t->from || t->until ? t->until : 86400));
	assert_true(X509_set_pubkey(x, t->key));
	if (!t->no_ski)
		add_ext(x, issuer, NID_subject_key_identifier, "hash");
	if (!t->no_aki)
		add_ext(x, issuer, NID_authority_key_identifier,
			t->aki_serial ? "issuer:always" : "keyid:always");
	assert_true(X509_sign(x, issuer_key, pure ? NULL : EVP_sha256()) > 0);
	return x;
}

/* Of a key, self-signed, with its number in the name. */
static inline X509 *self_signed(enum test_key which)
{
	char name[32];

	snprintf(name, sizeof(name), "key %d", which);
	return make_cert(&(struct test_cert){ .name = name, .key = test_key(which) });
}

/* A copy of an X509 as the public struct. */
static inline struct ms_cert *public_cert(X509 *x)
{
	struct ms_cert *cert;

	X509_up_ref(x);
	cert = cert_wrap(x);
	assert_non_null(cert);
	return cert;
}

/* ---- a key that signs in this process, and can be made to misbehave ---- */

struct soft_key {
	EVP_PKEY *private; /* borrowed */
	enum key_input input;
	enum ms_hash only;     /* can sign with this hash alone; MS_HASH_NONE: with all */
	bool flip, cut, empty; /* what it does to its signatures */
	int error;	       /* fails with this code */
	unsigned calls;
	bool *freed;
};

static inline enum key_input soft_can(
	const struct ms_key *key, enum ms_hash hash, struct ms_error *err)
{
	const struct soft_key *soft = key->priv;

	if (!soft->only || soft->only == hash)
		return soft->input;
	err_set(err, MS_ERR_KEY, "%s cannot sign with %s", key->uri, ms_hash_name(hash));
	return KEY_INPUT_NONE;
}

static inline int soft_sign(struct ms_key *key, enum key_input input, enum ms_hash hash,
	const uint8_t *data, size_t len, uint8_t *sig, size_t *sig_len, struct ms_error *err)
{
	struct soft_key *soft = key->priv;
	uint8_t digest[MS_HASH_MAX_SIZE];
	EVP_PKEY_CTX *ctx;

	__atomic_add_fetch(&soft->calls, 1, __ATOMIC_RELAXED);
	assert_int_equal(input, soft->input);
	if (soft->error)
		return err_set(err, soft->error, "%s gave up", key->place);
	if (input == KEY_INPUT_MESSAGE) {
		assert_int_equal(digest_of(hash, data, len, digest, err), 0);
		data = digest;
		len = ms_hash_size(hash);
	}
	assert_int_equal(len, ms_hash_size(hash));
	ctx = EVP_PKEY_CTX_new_from_pkey(ossl_ctx(), soft->private, NULL);
	assert_true(EVP_PKEY_sign_init(ctx) > 0);
	assert_true(EVP_PKEY_CTX_set_signature_md(ctx, digest_md(hash)) > 0);
	*sig_len = KEY_SIG_MAX;
	assert_true(EVP_PKEY_sign(ctx, sig, sig_len, data, len) > 0);
	EVP_PKEY_CTX_free(ctx);
	if (soft->flip)
		sig[*sig_len - 1] ^= 1;
	if (soft->cut)
		(*sig_len)--;
	if (soft->empty)
		*sig_len = 0;
	return 0;
}

static inline void soft_free(struct ms_key *key)
{
	struct soft_key *soft = key->priv;

	if (soft->freed)
		*soft->freed = true;
}

static const struct key_ops soft_ops = { .can = soft_can, .sign = soft_sign, .free = soft_free };

/* `soft` is borrowed; its `private` and `input` are filled unless they are set already. */
static inline struct ms_key *soft_key(enum test_key which, struct soft_key *soft)
{
	struct ms_key *key =
		key_new(&soft_ops, public_half(test_key(which)), "test:key", "the test's token");

	assert_non_null(key);
	if (!soft->private)
		soft->private = test_key(which);
	if (!soft->input)
		soft->input = KEY_INPUT_DIGEST;
	key->priv = soft;
	key->parallel = 4;
	return key;
}

#endif
