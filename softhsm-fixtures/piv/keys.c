/* SPDX-License-Identifier: Apache-2.0 */
#include "softhsm-fixtures/piv/card.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
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
