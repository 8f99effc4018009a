/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/wrap.h"

#include "engines/tpm2/hash.h"
#include "engines/tpm2/pubkey.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/digest.h"
#include "src/crypto/ossl.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <string.h>
#include <tss2/tss2_mu.h>

static const char label[] = "DUPLICATE"; /* with its NUL, in the seed's derivation and encryption */

struct wrap {
	const TPMT_PUBLIC *pub, *parent;
	EVP_MD *md; /* the parent's name algorithm */
	size_t md_len;
	const TPMT_SYM_DEF_OBJECT *sym; /* the parent's */
	TPM2B_NAME name;
	TPM2B_SENSITIVE sensitive;
	uint8_t seed[MS_HASH_MAX_SIZE];
	struct ms_error *err;
};

static int failed(struct wrap *w)
{
	return ossl_err(w->err, MS_ERR_INTERNAL, "the key cannot be wrapped for the TPM");
}

/* -- what is to be hidden ---------------------------------------------------------------- */

/* Of an RSA key one of its primes, of an EC key its number: as long as the public half says. */
static int put_private(struct wrap *w, const EVP_PKEY *pkey)
{
	TPMT_SENSITIVE *s = &w->sensitive.sensitiveArea;
	bool rsa = w->pub->type == TPM2_ALG_RSA;
	BIGNUM *n = NULL;
	size_t size = rsa ? w->pub->unique.rsa.size / 2 : w->pub->unique.ecc.x.size;
	int r = -1;

	if (size <= sizeof(s->sensitive.any.buffer) &&
		EVP_PKEY_get_bn_param(
			pkey, rsa ? OSSL_PKEY_PARAM_RSA_FACTOR1 : OSSL_PKEY_PARAM_PRIV_KEY, &n) &&
		BN_bn2binpad(n, s->sensitive.any.buffer, (int)size) == (int)size)
		r = 0;
	BN_clear_free(n);
	s->sensitiveType = w->pub->type;
	s->sensitive.any.size = (UINT16)size;
	if (r == 0)
		return 0;
	ossl_err(w->err, MS_ERR_KEY, "this key cannot be taken apart for a TPM");
	err_hint(w->err, "An RSA key needs two primes of the same length; an EC key has to be on "
			 "P-256, P-384 or P-521.");
	return MS_ERR_KEY;
}

static int put_auth(struct wrap *w, const struct secret *auth)
{
	TPM2B_AUTH *out = &w->sensitive.sensitiveArea.authValue;
	size_t max = tpm_alg_size(w->pub->nameAlg);

	if (!auth)
		return 0;
	if (auth->len > max)
		return err_set(w->err, MS_ERR_PIN,
			"an auth value can have %zu bytes, and this has %zu", max, auth->len);
	out->size = (UINT16)auth->len;
	memcpy(out->buffer, auth->data, auth->len);
	return 0;
}

/* -- the seed, which only the parent can read --------------------------------------------- */

static int seal_rsa(struct wrap *w, EVP_PKEY *parent, TPM2B_ENCRYPTED_SECRET *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(ossl_ctx(), parent, NULL);
	char *oaep_label = OPENSSL_memdup(label, sizeof(label));
	size_t len = sizeof(out->secret);
	int r = -1;

	if (ctx && oaep_label && EVP_PKEY_encrypt_init(ctx) > 0 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
		EVP_PKEY_CTX_set_rsa_oaep_md(ctx, w->md) > 0 &&
		EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, w->md) > 0 &&
		EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, oaep_label, sizeof(label)) > 0) {
		oaep_label = NULL; /* the context's now */
		if (RAND_bytes_ex(ossl_ctx(), w->seed, w->md_len, 0) == 1 &&
			EVP_PKEY_encrypt(ctx, out->secret, &len, w->seed, w->md_len) > 0)
			r = 0;
	}
	out->size = (UINT16)len;
	OPENSSL_free(oaep_label);
	EVP_PKEY_CTX_free(ctx);
	return r == 0 ? 0 : failed(w);
}

/* KDFe: SP 800-56A's one-step derivation over label and both x coordinates. */
static int derive_seed(struct wrap *w, const uint8_t *shared, size_t len,
	const TPM2B_ECC_PARAMETER *ours, const TPM2B_ECC_PARAMETER *theirs)
{
	EVP_KDF *kdf = EVP_KDF_fetch(ossl_ctx(), "SSKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	uint8_t info[sizeof(label) + 2 * sizeof(ours->buffer)];
	size_t n = sizeof(label);
	int ok;

	memcpy(info, label, sizeof(label));
	memcpy(info + n, ours->buffer, ours->size);
	n += ours->size;
	memcpy(info + n, theirs->buffer, theirs->size);
	n += theirs->size;
	ok = ctx &&
		EVP_KDF_derive(ctx, w->seed, w->md_len,
			(OSSL_PARAM[]){ OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST,
						(char *)EVP_MD_get0_name(w->md), 0),
				OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (void *)shared, len),
				OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, info, n),
				OSSL_PARAM_END }) > 0;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? 0 : failed(w);
}

static int seal_ec(struct wrap *w, EVP_PKEY *parent, TPM2B_ENCRYPTED_SECRET *out)
{
	AUTO_PKEY EVP_PKEY *own = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	uint8_t shared[TPM2_MAX_ECC_KEY_BYTES];
	size_t len = sizeof(shared), at = 0;
	char group[64];
	TPM2B_PUBLIC pub;
	int r = -1;

	if (EVP_PKEY_get_group_name(parent, group, sizeof(group), NULL))
		own = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "EC", group);
	if (own)
		ctx = EVP_PKEY_CTX_new_from_pkey(ossl_ctx(), own, NULL);
	if (ctx && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, parent) > 0 &&
		EVP_PKEY_derive(ctx, shared, &len) > 0)
		r = tpm_public_of(own, &pub, w->err);
	else
		r = failed(w);
	if (r == 0)
		r = derive_seed(w, shared, len, &pub.publicArea.unique.ecc.x,
			&w->parent->unique.ecc.x);
	if (r == 0 &&
		Tss2_MU_TPMS_ECC_POINT_Marshal(&pub.publicArea.unique.ecc, out->secret,
			sizeof(out->secret), &at) != TSS2_RC_SUCCESS)
		r = failed(w);
	out->size = (UINT16)at;
	secret_wipe(shared, sizeof(shared));
	EVP_PKEY_CTX_free(ctx);
	return r;
}

static int seal_seed(struct wrap *w, TPM2B_ENCRYPTED_SECRET *out)
{
	AUTO_PKEY EVP_PKEY *parent = NULL;
	int r = tpm_pubkey(w->parent, &parent, w->err);

	if (r < 0)
		return r;
	return w->parent->type == TPM2_ALG_RSA ? seal_rsa(w, parent, out)
					       : seal_ec(w, parent, out);
}

/* -- the wrapper ------------------------------------------------------------------------- */

/* KDFa: SP 800-108's counter mode with HMAC. */
static int derive(struct wrap *w, const char *use, const TPM2B_NAME *context, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(ossl_ctx(), "KBKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	int ok = ctx &&
		EVP_KDF_derive(ctx, out, len,
			(OSSL_PARAM[]){ OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_MODE, "counter", 0),
				OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_MAC, "HMAC", 0),
				OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST,
					(char *)EVP_MD_get0_name(w->md), 0),
				OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, w->seed, w->md_len),
				OSSL_PARAM_octet_string(
					OSSL_KDF_PARAM_SALT, (void *)use, strlen(use)),
				OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO,
					context ? (void *)context->name : (void *)"",
					context ? context->size : 0),
				OSSL_PARAM_END }) > 0;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? 0 : failed(w);
}

static int encrypt(struct wrap *w, uint8_t *data, size_t len)
{
	size_t key_len = w->sym->keyBits.aes / 8;
	uint8_t key[32];
	const uint8_t iv[16] = { 0 };
	char name[16];
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int r = derive(w, "STORAGE", &w->name, key, key_len), n = 0;

	snprintf(name, sizeof(name), "AES-%u-CFB", w->sym->keyBits.aes);
	cipher = EVP_CIPHER_fetch(ossl_ctx(), name, NULL);
	if (r == 0 &&
		!(ctx && cipher && EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) &&
			EVP_EncryptUpdate(ctx, data, &n, data, (int)len) && n == (int)len))
		r = failed(w);
	secret_wipe(key, sizeof(key));
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return r;
}

/* Over what is encrypted, and the name. */
static int authenticate(struct wrap *w, const uint8_t *data, size_t len, uint8_t *mac)
{
	uint8_t key[MS_HASH_MAX_SIZE];
	EVP_MAC *hmac = EVP_MAC_fetch(ossl_ctx(), "HMAC", NULL);
	EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	size_t mac_len;
	int r = derive(w, "INTEGRITY", NULL, key, w->md_len);

	if (r == 0 &&
		!(ctx &&
			EVP_MAC_init(ctx, key, w->md_len,
				(OSSL_PARAM[]){ OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST,
							(char *)EVP_MD_get0_name(w->md), 0),
					OSSL_PARAM_END }) &&
			EVP_MAC_update(ctx, data, len) &&
			EVP_MAC_update(ctx, w->name.name, w->name.size) &&
			EVP_MAC_final(ctx, mac, &mac_len, w->md_len)))
		r = failed(w);
	secret_wipe(key, sizeof(key));
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(hmac);
	return r;
}

/* The HMAC with its length, then the sensitive area, encrypted with its length. */
static int seal_sensitive(struct wrap *w, TPM2B_PRIVATE *out)
{
	size_t at = 2 + w->md_len, len = at;
	int r = 0;

	if (Tss2_MU_TPM2B_SENSITIVE_Marshal(&w->sensitive, out->buffer, sizeof(out->buffer), &len) !=
		TSS2_RC_SUCCESS)
		r = failed(w);
	if (r == 0)
		r = encrypt(w, out->buffer + at, len - at);
	if (r == 0)
		r = authenticate(w, out->buffer + at, len - at, out->buffer + 2);
	out->buffer[0] = (uint8_t)(w->md_len >> 8);
	out->buffer[1] = (uint8_t)w->md_len;
	out->size = (UINT16)len;
	if (r < 0)
		secret_wipe(out, sizeof(*out));
	return r;
}

static int look_at_parent(struct wrap *w)
{
	const TPMT_PUBLIC *p = w->parent;
	const char *digest = ms_hash_name(tpm_hash_of_alg(p->nameAlg));

	w->sym = p->type == TPM2_ALG_RSA ? &p->parameters.rsaDetail.symmetric
					 : &p->parameters.eccDetail.symmetric;
	w->md_len = tpm_alg_size(p->nameAlg);
	if ((p->type != TPM2_ALG_RSA && p->type != TPM2_ALG_ECC) || !w->md_len ||
		w->sym->algorithm != TPM2_ALG_AES || w->sym->mode.aes != TPM2_ALG_CFB ||
		(w->sym->keyBits.aes != 128 && w->sym->keyBits.aes != 192 &&
			w->sym->keyBits.aes != 256)) {
		err_set(w->err, MS_ERR_KEY,
			"the parent is no storage key that keys from outside can be wrapped for");
		err_hint(w->err, "It has to be an RSA or EC key that protects its children by AES "
				 "in CFB mode, as the owner's primary storage key does.");
		return MS_ERR_KEY;
	}
	w->md = EVP_MD_fetch(ossl_ctx(), digest, NULL);
	return w->md ? 0 : failed(w);
}

int tpm_wrap(const EVP_PKEY *pkey, const struct secret *auth, const TPMT_PUBLIC *pub,
	const TPMT_PUBLIC *parent, TPM2B_PRIVATE *duplicate, TPM2B_ENCRYPTED_SECRET *seed,
	struct ms_error *err)
{
	struct wrap w = { .pub = pub, .parent = parent, .err = err };
	int r = look_at_parent(&w);

	memset(duplicate, 0, sizeof(*duplicate));
	memset(seed, 0, sizeof(*seed));
	if (r == 0)
		r = tpm_name_of(pub, &w.name, err);
	if (r == 0)
		r = put_private(&w, pkey);
	if (r == 0)
		r = put_auth(&w, auth);
	if (r == 0)
		r = seal_seed(&w, seed);
	if (r == 0)
		r = seal_sensitive(&w, duplicate);
	EVP_MD_free(w.md);
	secret_wipe(&w, sizeof(w));
	return r;
}
