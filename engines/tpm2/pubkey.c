/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/pubkey.h"

#include "src/base/error.h"
#include "src/crypto/ossl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

static const struct {
	TPM2_ECC_CURVE curve;
	int nid;
	size_t bytes;
} curves[] = {
	{ TPM2_ECC_NIST_P256, NID_X9_62_prime256v1, 32 },
	{ TPM2_ECC_NIST_P384, NID_secp384r1, 48 },
	{ TPM2_ECC_NIST_P521, NID_secp521r1, 66 },
};
#define N_CURVES (sizeof(curves) / sizeof(curves[0]))

int tpm_curve_nid(TPM2_ECC_CURVE curve)
{
	for (size_t i = 0; i < N_CURVES; i++)
		if (curves[i].curve == curve)
			return curves[i].nid;
	return NID_undef;
}

size_t tpm_curve_bytes(TPM2_ECC_CURVE curve)
{
	for (size_t i = 0; i < N_CURVES; i++)
		if (curves[i].curve == curve)
			return curves[i].bytes;
	return 0;
}

/* -- from the TPM -------------------------------------------------------------------------- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(ossl_ctx(), type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static EVP_PKEY *rsa_key(const TPMT_PUBLIC *pub)
{
	const TPM2B_PUBLIC_KEY_RSA *unique = &pub->unique.rsa;
	UINT32 exponent = pub->parameters.rsaDetail.exponent;
	BIGNUM *n = BN_bin2bn(unique->buffer, unique->size, NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = NULL;

	if (n && bld && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
		OSSL_PARAM_BLD_push_uint32(bld, OSSL_PKEY_PARAM_RSA_E, exponent ? exponent : 65537))
		pkey = from_params("RSA", bld);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	return pkey;
}

static EVP_PKEY *ec_key(const TPMT_PUBLIC *pub, int nid, size_t bytes)
{
	const TPM2B_ECC_PARAMETER *x = &pub->unique.ecc.x, *y = &pub->unique.ecc.y;
	uint8_t point[1 + 2 * sizeof(x->buffer)] = { POINT_CONVERSION_UNCOMPRESSED };
	OSSL_PARAM_BLD *bld;
	EVP_PKEY *pkey = NULL;

	if (x->size > bytes || y->size > bytes) /* some TPMs drop leading zeros */
		return NULL;
	memcpy(point + 1 + bytes - x->size, x->buffer, x->size);
	memcpy(point + 1 + 2 * bytes - y->size, y->buffer, y->size);
	bld = OSSL_PARAM_BLD_new();
	if (bld &&
		OSSL_PARAM_BLD_push_utf8_string(
			bld, OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(nid), 0) &&
		OSSL_PARAM_BLD_push_octet_string(
			bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * bytes))
		pkey = from_params("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

int tpm_pubkey(const TPMT_PUBLIC *pub, EVP_PKEY **pkey, struct ms_error *err)
{
	TPM2_ECC_CURVE curve = pub->parameters.eccDetail.curveID;

	if (pub->type == TPM2_ALG_RSA) {
		*pkey = rsa_key(pub);
	} else if (pub->type == TPM2_ALG_ECC) {
		if (tpm_curve_nid(curve) == NID_undef)
			return err_set(err, MS_ERR_KEY,
				"a key on curve 0x%04x, which no kernel checks module signatures "
				"with",
				curve);
		*pkey = ec_key(pub, tpm_curve_nid(curve), tpm_curve_bytes(curve));
	} else {
		return err_set(err, MS_ERR_KEY, "an object that is neither an RSA nor an EC key");
	}
	if (*pkey)
		return 0;
	return ossl_err(err, MS_ERR_KEY, "its public key is malformed");
}

/* -- to the TPM ---------------------------------------------------------------------------- */

static int rsa_public(const EVP_PKEY *pkey, TPMT_PUBLIC *pub)
{
	BIGNUM *n = NULL, *e = NULL;
	int len = -1;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) &&
		EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) && BN_num_bits(e) <= 32 &&
		(size_t)BN_num_bytes(n) <= sizeof(pub->unique.rsa.buffer))
		len = BN_bn2bin(n, pub->unique.rsa.buffer);
	if (len > 0) {
		BN_ULONG exponent = BN_get_word(e);

		pub->type = TPM2_ALG_RSA;
		pub->unique.rsa.size = (UINT16)len;
		pub->parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
		pub->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
		pub->parameters.rsaDetail.keyBits = (TPMI_RSA_KEY_BITS)(8 * len);
		/* The usual one has to be written as 0. */
		pub->parameters.rsaDetail.exponent = exponent == 65537 ? 0 : (UINT32)exponent;
	}
	BN_free(n);
	BN_free(e);
	return len > 0 ? 0 : -1;
}

static int ec_public(const EVP_PKEY *pkey, TPMT_PUBLIC *pub)
{
	BIGNUM *x = NULL, *y = NULL;
	char group[64];
	size_t i = 0;
	int r = -1;

	if (!EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL))
		return -1;
	while (i < N_CURVES && strcmp(group, OBJ_nid2sn(curves[i].nid)) != 0)
		i++;
	if (i < N_CURVES && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) &&
		EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y)) {
		int bytes = (int)curves[i].bytes;

		pub->type = TPM2_ALG_ECC;
		pub->parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
		pub->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
		pub->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
		pub->parameters.eccDetail.curveID = curves[i].curve;
		pub->unique.ecc.x.size = pub->unique.ecc.y.size = (UINT16)bytes;
		if (BN_bn2binpad(x, pub->unique.ecc.x.buffer, bytes) == bytes &&
			BN_bn2binpad(y, pub->unique.ecc.y.buffer, bytes) == bytes)
			r = 0;
	}
	BN_free(x);
	BN_free(y);
	return r;
}

int tpm_public_of(const EVP_PKEY *pkey, TPM2B_PUBLIC *pub, struct ms_error *err)
{
	int r = -1;

	memset(pub, 0, sizeof(*pub));
	pub->publicArea.nameAlg = TPM2_ALG_SHA256;
	pub->publicArea.objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH;
	if (EVP_PKEY_is_a(pkey, "RSA"))
		r = rsa_public(pkey, &pub->publicArea);
	else if (EVP_PKEY_is_a(pkey, "EC"))
		r = ec_public(pkey, &pub->publicArea);
	ERR_clear_error();
	if (r == 0)
		return 0;
	return err_set(err, MS_ERR_KEY, "no TPM verifies signatures of this kind of key");
}

/* -- signatures ---------------------------------------------------------------------------- */

static int ecdsa_of(const uint8_t *sig, size_t len, TPMS_SIGNATURE_ECC *out)
{
	const unsigned char *p = sig;
	ECDSA_SIG *es = d2i_ECDSA_SIG(NULL, &p, (long)len);
	int r = -1;

	if (es) {
		const BIGNUM *r0 = ECDSA_SIG_get0_r(es), *s0 = ECDSA_SIG_get0_s(es);

		if ((size_t)BN_num_bytes(r0) <= sizeof(out->signatureR.buffer) &&
			(size_t)BN_num_bytes(s0) <= sizeof(out->signatureS.buffer)) {
			out->signatureR.size = (UINT16)BN_bn2bin(r0, out->signatureR.buffer);
			out->signatureS.size = (UINT16)BN_bn2bin(s0, out->signatureS.buffer);
			r = 0;
		}
	}
	ECDSA_SIG_free(es);
	return r;
}

int tpm_signature_of(const EVP_PKEY *pkey, TPMI_ALG_HASH hash, const uint8_t *sig, size_t len,
	TPMT_SIGNATURE *out, struct ms_error *err)
{
	memset(out, 0, sizeof(*out));
	if (EVP_PKEY_is_a(pkey, "RSA")) {
		TPM2B_PUBLIC_KEY_RSA *rsa = &out->signature.rsassa.sig;

		if (len > sizeof(rsa->buffer))
			return err_set(err, MS_ERR_KEY, "no TPM takes so long a signature");
		out->sigAlg = TPM2_ALG_RSASSA;
		out->signature.rsassa.hash = hash;
		rsa->size = (UINT16)len;
		memcpy(rsa->buffer, sig, len);
		return 0;
	}
	out->sigAlg = TPM2_ALG_ECDSA;
	out->signature.ecdsa.hash = hash;
	if (ecdsa_of(sig, len, &out->signature.ecdsa) == 0)
		return 0;
	ERR_clear_error();
	return err_set(err, MS_ERR_KEY, "no TPM takes such a signature");
}

size_t tpm_ecdsa_der(const TPMS_SIGNATURE_ECC *sig, uint8_t *out, size_t size)
{
	ECDSA_SIG *es = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig->signatureR.buffer, sig->signatureR.size, NULL);
	BIGNUM *s = BN_bin2bn(sig->signatureS.buffer, sig->signatureS.size, NULL);
	int len = 0;

	if (es && r && s && ECDSA_SIG_set0(es, r, s)) {
		r = s = NULL;
		len = i2d_ECDSA_SIG(es, NULL);
		if (len > 0 && (size_t)len <= size)
			len = i2d_ECDSA_SIG(es, &out);
		else
			len = 0;
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(es);
	return len > 0 ? (size_t)len : 0;
}
