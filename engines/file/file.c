/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys in files, for development and for what was there before the hardware came. */
#include "engines/engine.h"
#include "engines/file/key_file.h"

#include "src/base/cleanup.h"
#include "src/base/cpus.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/crypto/digest.h"
#include "src/crypto/ossl.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

static enum key_input can(const struct ms_key *key, enum ms_hash hash, struct ms_error *err)
{
	if (ms_hash_can_sign(hash) && digest_md(hash))
		return KEY_INPUT_DIGEST;
	err_set(err, MS_ERR_KEY, "key file %s: no new signature is made with %s", key->uri,
		ms_hash_name(hash));
	return KEY_INPUT_NONE;
}

static int sign(struct ms_key *key, enum key_input input, enum ms_hash hash, const uint8_t *data,
	size_t len, uint8_t *sig, size_t *sig_len, struct ms_error *err)
{
	EVP_PKEY *pkey = key->priv;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(ossl_ctx(), pkey, NULL);
	bool rsa = EVP_PKEY_is_a(pkey, "RSA");
	int r = 0;

	*sig_len = KEY_SIG_MAX;
	/* ECDSA wants no name of the hash: that is in the CMS, not in the signature. */
	if (!ctx || EVP_PKEY_sign_init(ctx) <= 0 ||
		(rsa &&
			(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) <= 0 ||
				EVP_PKEY_CTX_set_signature_md(ctx, digest_md(hash)) <= 0)) ||
		EVP_PKEY_sign(ctx, sig, sig_len, data, len) <= 0)
		r = ossl_err(err, MS_ERR_KEY, "key file %s does not sign with %s", key->uri,
			ms_hash_name(hash));
	EVP_PKEY_CTX_free(ctx);
	return r;
}

static void free_priv(struct ms_key *key)
{
	EVP_PKEY_free(key->priv);
}

static const struct key_ops ops = { .can = can, .sign = sign, .free = free_priv };

/* Only the public half, so that what is handed around in key->pub can give nothing away. */
static EVP_PKEY *public_half(const EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	const unsigned char *p = der;
	EVP_PKEY *pub = len > 0 ? d2i_PUBKEY_ex(NULL, &p, len, ossl_ctx(), NULL) : NULL;

	OPENSSL_free(der);
	return pub;
}

/* What kernels have: RSA, and ECDSA with three curves (crypto/asymmetric_keys, crypto/ecdsa.c). */
static int check_type(const char *path, const EVP_PKEY *pkey, struct ms_error *err)
{
	char type[32];

	key_type_name(pkey, type, sizeof(type));
	if (EVP_PKEY_is_a(pkey, "RSA") || !strcmp(type, "P-256") || !strcmp(type, "P-384") ||
		!strcmp(type, "P-521"))
		return 0;
	err_set(err, MS_ERR_KEY,
		"key file %s holds a key of type %s, which no kernel checks module signatures with",
		path, type);
	err_hint(err, "Use RSA, or ECDSA with P-256, P-384 or P-521.");
	return MS_ERR_KEY;
}

static int make_key(const char *path, EVP_PKEY *pkey, struct ms_key **key, struct ms_error *err)
{
	AUTO_FREE char *place = NULL;
	EVP_PKEY *pub = public_half(pkey);

	if (!pub)
		return ossl_err(err, MS_ERR_KEY, "key file %s: its public half", path);
	if (asprintf(&place, "file %s", path) < 0)
		place = NULL;
	if (!place) {
		EVP_PKEY_free(pub);
		return err_nomem(err);
	}
	*key = key_new(&ops, pub, path, place);
	if (!*key)
		return err_nomem(err);
	(*key)->parallel = cpus_usable();
	return 0;
}

static int open_key(
	struct ms_context *ctx, const char *ref, struct ms_key **key, struct ms_error *err)
{
	AUTO_PKEY EVP_PKEY *pkey = NULL;
	AUTO_X509 X509 *cert = NULL;
	int r = key_file_load(ctx, ref, &pkey, &cert, err);

	if (r == 0)
		r = check_type(ref, pkey, err);
	if (r == 0)
		r = make_key(ref, pkey, key, err);
	if (r < 0)
		return r;
	(*key)->priv = STEAL(pkey);
	(*key)->cert = STEAL(cert);
	context_notice(ctx,
		"key file %s is not in hardware: anyone who can read the file can copy the key",
		ref);
	return 0;
}

static int open_cert(struct ms_context *ctx, const char *ref, X509 **cert, struct ms_error *err)
{
	STACK_OF(X509) *certs = NULL;
	int r = cert_read_file(ref, &certs, err);

	if (r < 0)
		return r;
	*cert = sk_X509_shift(certs);
	cert_stack_free(certs);
	return 0;
}

static bool claims(const char *ref)
{
	return true;
}

static EVP_PKEY *private_half(const struct ms_key *key)
{
	return key->priv;
}

const struct engine engine_file = {
	.name = "file",
	.claims = claims,
	.open_key = open_key,
	.open_cert = open_cert,
	.private_half = private_half,
};
