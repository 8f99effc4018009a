/* SPDX-License-Identifier: Apache-2.0 */
#include "softhsm-fixtures/piv/card.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

unsigned key_algorithm(EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) == 2048	 ? 0x07
			: EVP_PKEY_get_bits(key) == 1024 ? 0x06
							 : 0;
	if (EVP_PKEY_is_a(key, "EC"))
		return EVP_PKEY_get_bits(key) == 256	? 0x11
			: EVP_PKEY_get_bits(key) == 384 ? 0x14
							: 0;
	return 0;
}

EVP_PKEY *key_generate(unsigned algorithm)
{
	switch (algorithm) {
	case 0x07:
		return EVP_RSA_gen(2048);
	case 0x11:
		return EVP_EC_gen("P-256");
	case 0x14:
		return EVP_EC_gen("P-384");
	default:
		return NULL;
	}
}

/* -- import ------------------------------------------------------------------------------- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY *key = NULL;

	if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) <= 0 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		key = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static BIGNUM *number(const uint8_t *in, size_t len, unsigned tag)
{
	size_t n;
	const uint8_t *value = tlv_find(in, len, tag, &n);

	return value ? BN_bin2bn(value, (int)n, NULL) : NULL;
}

/* n and d from the primes; the exponent is always 65537. */
static bool complete_rsa(BIGNUM *p, BIGNUM *q, BIGNUM *e, BIGNUM *n, BIGNUM *d)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p1 = BN_dup(p), *q1 = BN_dup(q), *phi = BN_new();
	bool ok = p1 && q1 && BN_sub_word(p1, 1) && BN_sub_word(q1, 1) &&
		BN_mul(phi, p1, q1, ctx) && BN_set_word(e, 65537) && BN_mul(n, p, q, ctx) &&
		BN_mod_inverse(d, e, phi, ctx);

	BN_CTX_free(ctx);
	BN_free(p1);
	BN_free(q1);
	BN_free(phi);
	return ok;
}

static EVP_PKEY *import_rsa(const uint8_t *in, size_t len)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_FACTOR1,
		OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
		OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
		OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_D };
	BIGNUM *numbers[8];
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *key;
	bool ok = bld;

	for (unsigned i = 0; i < 8; i++) {
		numbers[i] = i < 5 ? number(in, len, i + 1) : BN_new();
		ok = ok && numbers[i];
	}
	ok = ok && complete_rsa(numbers[0], numbers[1], numbers[5], numbers[6], numbers[7]);
	for (unsigned i = 0; i < 8; i++)
		ok = ok && OSSL_PARAM_BLD_push_BN(bld, names[i], numbers[i]);
	key = ok ? from_params("RSA", bld) : NULL;
	OSSL_PARAM_BLD_free(bld);
	for (unsigned i = 0; i < 8; i++)
		BN_clear_free(numbers[i]);
	return key;
}

static EVP_PKEY *import_ec(const char *curve, int nid, const uint8_t *in, size_t len)
{
	BIGNUM *d = number(in, len, 6);
	EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
	EC_POINT *point = EC_POINT_new(group);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	uint8_t bytes[160];
	size_t n = 0;
	EVP_PKEY *key = NULL;

	if (d && EC_POINT_mul(group, point, d, NULL, NULL, NULL))
		n = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes,
			sizeof(bytes), NULL);
	if (n && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) &&
		OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, bytes, n) &&
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d))
		key = from_params("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	BN_free(d);
	return key;
}

EVP_PKEY *key_import(unsigned algorithm, const uint8_t *in, size_t len)
{
	EVP_PKEY *key = NULL;

	if (algorithm == 0x07)
		key = import_rsa(in, len);
	else if (algorithm == 0x11)
		key = import_ec("P-256", NID_X9_62_prime256v1, in, len);
	else if (algorithm == 0x14)
		key = import_ec("P-384", NID_secp384r1, in, len);
	if (!key || key_algorithm(key) == algorithm)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

/* -- what is told of a key ------------------------------------------------------------------ */

static void add_number(EVP_PKEY *key, const char *param, unsigned tag, struct bytes *out)
{
	uint8_t value[512];
	BIGNUM *n = NULL;

	if (!EVP_PKEY_get_bn_param(key, param, &n) || BN_num_bytes(n) > (int)sizeof(value))
		die("a key without", param);
	bytes_add_tlv(out, tag, value, (size_t)BN_bn2bin(n, value));
	BN_free(n);
}

void key_add_public(EVP_PKEY *key, struct bytes *out)
{
	uint8_t point[160];
	size_t len;

	if (EVP_PKEY_is_a(key, "RSA")) {
		add_number(key, OSSL_PKEY_PARAM_RSA_N, 0x81, out);
		add_number(key, OSSL_PKEY_PARAM_RSA_E, 0x82, out);
		return;
	}
	if (!EVP_PKEY_get_octet_string_param(
		    key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len))
		die("a key without", "a point");
	bytes_add_tlv(out, 0x86, point, len);
}

bool key_sign(EVP_PKEY *key, const uint8_t *in, size_t len, struct bytes *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok;

	out->len = sizeof(out->data);
	ok = ctx && EVP_PKEY_sign_init(ctx) > 0 &&
		(!EVP_PKEY_is_a(key, "RSA") ||
			EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0) &&
		EVP_PKEY_sign(ctx, out->data, &out->len, in, len) > 0;
	if (!ok)
		out->len = 0;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

void des3(const uint8_t key[24], bool encrypt, const uint8_t in[8], uint8_t out[8])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	if (!ctx || !EVP_CipherInit_ex2(ctx, EVP_des_ede3_ecb(), key, NULL, encrypt, NULL) ||
		!EVP_CIPHER_CTX_set_padding(ctx, 0) || !EVP_CipherUpdate(ctx, out, &len, in, 8) ||
		len != 8)
		die("no", "3DES");
	EVP_CIPHER_CTX_free(ctx);
}

/* -- attestation ------------------------------------------------------------------------- */

/* Yubico's extensions hold their few bytes bare but for the serial number, which is an INTEGER. */
static void add_extension(X509 *cert, const char *oid, const char *value, size_t len)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	X509_EXTENSION *ext = NULL;

	if (octets && object && ASN1_OCTET_STRING_set(octets, (const uint8_t *)value, (int)len))
		ext = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
	if (!ext || !X509_add_ext(cert, ext, -1))
		die("no extension", oid);
	X509_EXTENSION_free(ext);
	ASN1_OBJECT_free(object);
	ASN1_OCTET_STRING_free(octets);
}

static X509 *attestation_issuer(void)
{
	struct bytes der = { .len = 0 };
	const uint8_t *p = der.data;

	return store_read("f9.der", &der) ? d2i_X509(NULL, &p, (long)der.len) : NULL;
}

bool key_attest(unsigned slot, EVP_PKEY *key, const struct policy *policy, struct bytes *out)
{
	const char policies[] = { (char)policy->pin, (char)policy->touch };
	EVP_PKEY *signer = store_key(0xf9);
	X509 *issuer = attestation_issuer(), *cert = X509_new();
	X509_NAME *subject = X509_NAME_new();
	uint8_t *p = out->data;
	char name[40];
	int len = 0;

	snprintf(name, sizeof(name), "YubiKey PIV Attestation %02x", slot);
	if (signer && issuer && cert && subject &&
		X509_NAME_add_entry_by_txt(
			subject, "CN", MBSTRING_ASC, (uint8_t *)name, -1, -1, 0) &&
		X509_set_version(cert, X509_VERSION_3) && X509_set_subject_name(cert, subject) &&
		X509_set_issuer_name(cert, X509_get_subject_name(issuer)) &&
		ASN1_INTEGER_set(X509_get_serialNumber(cert), slot) &&
		X509_set1_notBefore(cert, X509_get0_notBefore(issuer)) &&
		X509_set1_notAfter(cert, X509_get0_notAfter(issuer)) &&
		X509_set_pubkey(cert, key)) {
		add_extension(cert, "1.3.6.1.4.1.41482.3.3", "\5\4\3", 3);
		add_extension(cert, "1.3.6.1.4.1.41482.3.7", "\x02\x04\x00\xbc\x61\x4e", 6);
		add_extension(cert, "1.3.6.1.4.1.41482.3.8", policies, sizeof(policies));
		add_extension(cert, "1.3.6.1.4.1.41482.3.9", "\1", 1);
		if (X509_sign(cert, signer, EVP_sha256()))
			len = i2d_X509(cert, &p);
	}
	out->len = len > 0 ? (size_t)len : 0;
	X509_NAME_free(subject);
	X509_free(cert);
	X509_free(issuer);
	EVP_PKEY_free(signer);
	return len > 0;
}
