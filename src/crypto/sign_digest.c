/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/sign_digest.h"

#include "src/base/error.h"
#include "src/crypto/digest.h"
#include "src/crypto/ossl.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdatomic.h>

/* A verification of digests that is begun; NULL if that cannot be. */
static EVP_PKEY_CTX *begin(EVP_PKEY *pub, enum ms_hash hash)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(ossl_ctx(), pub, NULL);

	if (ctx && EVP_PKEY_verify_init(ctx) > 0 &&
		(!EVP_PKEY_is_a(pub, "RSA") ||
			EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0) &&
		EVP_PKEY_CTX_set_signature_md(ctx, digest_md(hash)) > 0)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* The same for the key's own signatures. A copy of one that was begun before costs less than a new
 * one: for RSA-2048 a quarter of the verification. */
static EVP_PKEY_CTX *begin_again(struct ms_key *key, enum ms_hash hash)
{
	EVP_PKEY_CTX *begun = atomic_load(&key->begun[hash]), *first = NULL;

	if (!begun) {
		begun = begin(key->pub, hash);
		if (begun && !atomic_compare_exchange_strong(&key->begun[hash], &first, begun)) {
			EVP_PKEY_CTX_free(begun);
			begun = first;
		}
	}
	return begun ? EVP_PKEY_CTX_dup(begun) : NULL;
}

/* EVP_PKEY_verify answers 0 or a negative value for a wrong signature, depending on how it is
 * wrong; what matters to the caller is only whether the verification could be run. */
static int verify_digest(EVP_PKEY_CTX *ctx, const uint8_t *data, size_t len, const uint8_t *sig,
	size_t sig_len)
{
	int r = ctx ? EVP_PKEY_verify(ctx, sig, sig_len, data, len) > 0 : -1;

	EVP_PKEY_CTX_free(ctx);
	return r;
}

static int verify_message(EVP_PKEY *pub, enum ms_hash hash, const uint8_t *data, size_t len,
	const uint8_t *sig, size_t sig_len)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const char *name = hash ? EVP_MD_get0_name(digest_md(hash)) : NULL;
	int r = -1;

	if (md && EVP_DigestVerifyInit_ex(md, NULL, name, ossl_ctx(), NULL, pub, NULL) > 0)
		r = EVP_DigestVerify(md, sig, sig_len, data, len) > 0;
	EVP_MD_CTX_free(md);
	return r;
}

/* What a verification came to: 1 valid, 0 not, -1 it could not be run. */
static int told(int verified, struct ms_error *err)
{
	if (verified < 0)
		return ossl_err(err, MS_ERR_UNSUPPORTED,
			"a signature by this kind of key cannot be verified");
	ERR_clear_error();
	if (!verified)
		return err_set(err, MS_ERR_SIGNATURE, "the signature does not fit");
	return 0;
}

int crypto_verify(EVP_PKEY *pub, enum key_input input, enum ms_hash hash, const uint8_t *data,
	size_t len, const uint8_t *sig, size_t sig_len, struct ms_error *err)
{
	if (hash && !digest_md(hash))
		return err_set(err, MS_ERR_UNSUPPORTED, "this OpenSSL has no %s",
			ms_hash_name(hash));
	if (input == KEY_INPUT_DIGEST)
		return told(verify_digest(begin(pub, hash), data, len, sig, sig_len), err);
	return told(verify_message(pub, hash, data, len, sig, sig_len), err);
}

static int verify_own(struct ms_key *key, enum key_input input, enum ms_hash hash,
	const uint8_t *data, size_t len, const uint8_t *sig, size_t sig_len, struct ms_error *err)
{
	if (input == KEY_INPUT_DIGEST && hash && digest_md(hash))
		return told(verify_digest(begin_again(key, hash), data, len, sig, sig_len), err);
	return crypto_verify(key->pub, input, hash, data, len, sig, sig_len, err);
}

int crypto_key_sign(struct ms_key *key, enum key_input input, enum ms_hash hash,
	const uint8_t *data, size_t len, uint8_t sig[KEY_SIG_MAX], size_t *sig_len,
	struct ms_error *err)
{
	int r = key->ops->sign(key, input, hash, data, len, sig, sig_len, err);

	if (r < 0)
		return r;
	r = verify_own(key, input, hash, data, len, sig, *sig_len, err);
	if (r == MS_ERR_SIGNATURE) {
		err_set(err, MS_ERR_TOKEN,
			"%s made a signature that does not fit its own public key, so it was not used",
			key->place);
		err_hint(err, "Run it again; if it happens again, don't trust this device: test it "
			      "or replace it.");
		return MS_ERR_TOKEN;
	}
	return r;
}
