/* SPDX-License-Identifier: Apache-2.0 */
/* The forms in which tokens give keys and signatures. OpenSSL is the judge. */
#include "engines/pkcs11/mech.h"
#include "engines/pkcs11/piv.h"
#include "engines/pkcs11/pubkey.h"
#include "src/crypto/digest.h"
#include "src/crypto/ossl.h"
#include "src/key/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

/* -- public keys ------------------------------------------------------------------------- */

static EVP_PKEY *make_ec(const char *group)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "EC", group);

	assert_non_null(key);
	return key;
}

static struct buf bytes(const void *data, size_t len)
{
	struct buf b = { 0 };

	assert_int_equal(buf_add(&b, data, len), 0);
	return b;
}

static struct buf point_of(const EVP_PKEY *key)
{
	uint8_t point[256];
	size_t len = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
				 sizeof(point), &len),
		1);
	return bytes(point, len);
}

static struct buf params_of(int nid)
{
	unsigned char *der = NULL;
	int len = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);
	struct buf b;

	assert_true(len > 0);
	b = bytes(der, (size_t)len);
	OPENSSL_free(der);
	return b;
}

static struct buf wrapped(const struct buf *point)
{
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	unsigned char *der = NULL;
	struct buf b;
	int len;

	assert_int_equal(ASN1_OCTET_STRING_set(s, point->data, (int)point->len), 1);
	len = i2d_ASN1_OCTET_STRING(s, &der);
	b = bytes(der, (size_t)len);
	OPENSSL_free(der);
	ASN1_OCTET_STRING_free(s);
	return b;
}

static const struct {
	const char *group, *name;
	int nid;
	unsigned bits;
} curves[] = {
	{ "P-256", "P-256", NID_X9_62_prime256v1, 256 },
	{ "P-384", "P-384", NID_secp384r1, 384 },
	{ "P-521", "P-521", NID_secp521r1, 521 },
	{ "secp256k1", "secp256k1", NID_secp256k1, 256 },
};

static void test_ec_point_wrapped_or_bare(void **state)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		EVP_PKEY *key = make_ec(curves[i].group), *got;
		struct buf point = point_of(key), params = params_of(curves[i].nid);
		struct buf octets = wrapped(&point);
		char type[32];

		got = p11_ec_key(&params, &octets);
		assert_non_null(got);
		assert_int_equal(EVP_PKEY_eq(got, key), 1);
		key_type_name(got, type, sizeof(type));
		assert_string_equal(type, curves[i].name);
		EVP_PKEY_free(got);

		got = p11_ec_key(&params, &point);
		assert_non_null(got);
		assert_int_equal(EVP_PKEY_eq(got, key), 1);
		EVP_PKEY_free(got);

		buf_free(&octets);
		buf_free(&point);
		buf_free(&params);
		EVP_PKEY_free(key);
	}
}

/* A bare point whose x begins with 3f 04 looks like an OCTET STRING of 63 bytes. */
static void test_bare_point_that_looks_wrapped(void **state)
{
	struct buf params = params_of(NID_X9_62_prime256v1);
	EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(ossl_ctx(), NULL, NID_X9_62_prime256v1);
	EC_POINT *p = EC_POINT_new(group);
	uint8_t compressed[33] = { 0x02, 0x3f, 0x04 }, raw[65];
	struct buf point;
	EVP_PKEY *got;

	do
		compressed[32]++;
	while (!EC_POINT_oct2point(group, p, compressed, sizeof(compressed), NULL));
	assert_int_equal(EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, raw,
				 sizeof(raw), NULL),
		65);
	point = bytes(raw, sizeof(raw));
	got = p11_ec_key(&params, &point);
	assert_non_null(got);
	EVP_PKEY_free(got);
	buf_free(&point);
	buf_free(&params);
	EC_POINT_free(p);
	EC_GROUP_free(group);
}

static void test_nonsense_is_no_ec_key(void **state)
{
	EVP_PKEY *key = make_ec("P-256");
	struct buf point = point_of(key), params = params_of(NID_secp384r1), none = { 0 };
	struct buf p256 = params_of(NID_X9_62_prime256v1);

	assert_null(p11_ec_key(&params, &point)); /* another curve's */
	assert_null(p11_ec_key(&p256, &none));
	assert_null(p11_ec_key(&none, &point));
	point.data[40] ^= 1; /* off the curve */
	assert_null(p11_ec_key(&p256, &point));
	point.len--;
	assert_null(p11_ec_key(&p256, &point));
	point.len++;
	buf_free(&point);
	buf_free(&params);
	buf_free(&p256);
	EVP_PKEY_free(key);
}

static void test_curve_names(void **state)
{
	struct buf junk = bytes("\x30\x00", 2);
	unsigned bits;
	char name[32];

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		struct buf params = params_of(curves[i].nid);

		p11_curve(&params, name, sizeof(name), &bits);
		assert_string_equal(name, curves[i].name);
		assert_int_equal(bits, curves[i].bits);
		buf_free(&params);
	}
	p11_curve(&junk, name, sizeof(name), &bits);
	assert_string_equal(name, "EC");
	assert_int_equal(bits, 0);
	buf_free(&junk);
}

/* The curve's numbers instead of its name. */
static void test_curve_written_out(void **state)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(ossl_ctx(), NULL, curves[i].nid);
		unsigned char *der = NULL;
		struct buf params;
		unsigned bits;
		char name[32];
		int len;

		EC_GROUP_set_asn1_flag(group, OPENSSL_EC_EXPLICIT_CURVE);
		len = i2d_ECPKParameters(group, &der);
		assert_true(len > 50);
		params = bytes(der, (size_t)len);
		p11_curve(&params, name, sizeof(name), &bits);
		assert_string_equal(name, curves[i].name);
		assert_int_equal(bits, curves[i].bits);
		buf_free(&params);
		OPENSSL_free(der);
		EC_GROUP_free(group);
	}
}

static const char *slot_of(const char *label, const char *manufacturer, int id)
{
	const unsigned char byte = (unsigned char)id;
	CK_TOKEN_INFO info;

	memset(&info, ' ', sizeof(info));
	memcpy(info.label, label, strlen(label));
	memcpy(info.manufacturerID, manufacturer, strlen(manufacturer));
	return p11_piv_slot(&info, &byte, 1);
}

static void test_piv_slots(void **state)
{
	CK_TOKEN_INFO yubikey = { .label = "YubiKey PIV #1" };

	assert_string_equal(slot_of("YubiKey PIV #12345678", "Yubico (www.yubico.com)", 1), "9a");
	assert_string_equal(slot_of("My card", "piv_II", 2), "9c");
	assert_string_equal(slot_of("My card", "piv_II", 4), "9e");
	assert_string_equal(slot_of("My card", "piv_II", 5), "82");
	assert_string_equal(slot_of("My card", "piv_II", 24), "95");
	assert_string_equal(slot_of("My card", "piv_II", 25), "f9");
	assert_null(slot_of("My card", "piv_II", 0));
	assert_null(slot_of("My card", "piv_II", 26));
	assert_null(slot_of("YubiHSM", "Yubico (www.yubico.com)", 1));
	assert_null(slot_of("modseal", "SoftHSM project", 1));
	assert_null(p11_piv_slot(&yubikey, (const unsigned char *)"\1\1", 2));
	assert_null(p11_piv_slot(&yubikey, NULL, 0));
}

static void test_rsa_key(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "RSA", (size_t)2048), *got;
	BIGNUM *n = NULL;
	uint8_t modulus[257] = { 0 }; /* some tokens put a zero before it */
	struct buf n_bytes, e_bytes = bytes("\x01\x00\x01", 3), none = { 0 };

	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(BN_bn2binpad(n, modulus + 1, 256), 256);
	n_bytes = bytes(modulus, sizeof(modulus));
	got = p11_rsa_key(&n_bytes, &e_bytes);
	assert_non_null(got);
	assert_int_equal(EVP_PKEY_eq(got, key), 1);
	assert_int_equal(EVP_PKEY_get_size(got), 256);
	assert_null(p11_rsa_key(&n_bytes, &none));
	assert_null(p11_rsa_key(&none, &e_bytes));
	EVP_PKEY_free(got);
	EVP_PKEY_free(key);
	BN_free(n);
	buf_free(&n_bytes);
	buf_free(&e_bytes);
}

/* -- signatures -------------------------------------------------------------------------- */

/* Length of what OpenSSL makes of r and s; compares it with ours. */
static void check_der(const uint8_t *raw, size_t len)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *expected = NULL;
	uint8_t out[600];
	int expected_len;
	size_t n = p11_ecdsa_der(raw, len, out, sizeof(out));

	ECDSA_SIG_set0(sig, BN_bin2bn(raw, (int)(len / 2), NULL),
		BN_bin2bn(raw + len / 2, (int)(len / 2), NULL));
	expected_len = i2d_ECDSA_SIG(sig, &expected);
	assert_int_equal(n, expected_len);
	assert_memory_equal(out, expected, n);
	assert_int_equal(p11_ecdsa_der(raw, len, out, n), n);
	assert_int_equal(p11_ecdsa_der(raw, len, out, n - 1), 0);
	OPENSSL_free(expected);
	ECDSA_SIG_free(sig);
}

static void test_ecdsa_der(void **state)
{
	uint8_t raw[132];

	for (size_t half = 32; half <= 66; half += 17) { /* 32, 49, 66 */
		memset(raw, 0x7f, sizeof(raw));
		check_der(raw, 2 * half);
		memset(raw, 0x80, sizeof(raw)); /* looks negative */
		check_der(raw, 2 * half);
		memset(raw, 0, half - 1); /* r is one byte */
		check_der(raw, 2 * half);
		raw[half] = 0; /* s begins with a zero, then looks negative */
		check_der(raw, 2 * half);
		raw[half - 1] = 1;
		check_der(raw, 2 * half);
	}
}

static void test_what_is_no_ecdsa_signature(void **state)
{
	uint8_t raw[256], out[600];

	memset(raw, 0x11, sizeof(raw));
	assert_int_equal(p11_ecdsa_der(raw, 0, out, sizeof(out)), 0);
	assert_int_equal(p11_ecdsa_der(raw, 63, out, sizeof(out)), 0);
	assert_int_equal(p11_ecdsa_der(raw, 256, out, sizeof(out)), 0);
	memset(raw, 0, 32);
	assert_int_equal(p11_ecdsa_der(raw, 64, out, sizeof(out)), 0); /* r is zero */
	memset(raw, 0x11, 32);
	memset(raw + 32, 0, 32);
	assert_int_equal(p11_ecdsa_der(raw, 64, out, sizeof(out)), 0); /* s is zero */
}

static void test_ecdsa_cut(void **state)
{
	assert_int_equal(p11_ecdsa_cut(32, 256), 32);
	assert_int_equal(p11_ecdsa_cut(64, 256), 32);
	assert_int_equal(p11_ecdsa_cut(48, 384), 48);
	assert_int_equal(p11_ecdsa_cut(64, 384), 48);
	assert_int_equal(p11_ecdsa_cut(32, 384), 32);
	assert_int_equal(p11_ecdsa_cut(64, 521), 64);
}

static const enum ms_hash hashes[] = { MS_HASH_SHA256, MS_HASH_SHA384, MS_HASH_SHA512,
	MS_HASH_SHA3_256, MS_HASH_SHA3_384, MS_HASH_SHA3_512 };

/* Signed raw, our DigestInfo must give the signature that OpenSSL makes by itself. */
static void test_digest_info(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "RSA", (size_t)2048);

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		uint8_t digest[MS_HASH_MAX_SIZE], info[P11_DIGEST_INFO_MAX];
		uint8_t whole[256], parts[256];
		size_t whole_len = sizeof(whole), parts_len = sizeof(parts), len;
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(ossl_ctx(), key, NULL);

		memset(digest, 0xa5, sizeof(digest));
		assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
		assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, digest_md(hashes[i])), 1);
		assert_int_equal(EVP_PKEY_sign(ctx, whole, &whole_len, digest,
					 ms_hash_size(hashes[i])),
			1);
		EVP_PKEY_CTX_free(ctx);

		len = p11_digest_info(hashes[i], digest, info);
		ctx = EVP_PKEY_CTX_new_from_pkey(ossl_ctx(), key, NULL);
		assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
		assert_int_equal(EVP_PKEY_sign(ctx, parts, &parts_len, info, len), 1);
		EVP_PKEY_CTX_free(ctx);
		assert_memory_equal(whole, parts, sizeof(whole));
	}
	EVP_PKEY_free(key);
}

static void test_old_hashes_make_no_signature(void **state)
{
	uint8_t digest[MS_HASH_MAX_SIZE] = { 0 }, info[P11_DIGEST_INFO_MAX];

	assert_int_equal(p11_digest_info(MS_HASH_SHA1, digest, info), 0);
	assert_true(p11_mech_message(true, MS_HASH_SHA1) == CK_UNAVAILABLE_INFORMATION);
	assert_true(p11_mech_message(false, MS_HASH_SHA224) == CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(p11_mech_message(true, MS_HASH_SHA256), CKM_SHA256_RSA_PKCS);
	assert_int_equal(p11_mech_message(false, MS_HASH_SHA384), CKM_ECDSA_SHA384);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ec_point_wrapped_or_bare),
		cmocka_unit_test(test_bare_point_that_looks_wrapped),
		cmocka_unit_test(test_nonsense_is_no_ec_key),
		cmocka_unit_test(test_curve_names),
		cmocka_unit_test(test_curve_written_out),
		cmocka_unit_test(test_piv_slots),
		cmocka_unit_test(test_rsa_key),
		cmocka_unit_test(test_ecdsa_der),
		cmocka_unit_test(test_what_is_no_ecdsa_signature),
		cmocka_unit_test(test_ecdsa_cut),
		cmocka_unit_test(test_digest_info),
		cmocka_unit_test(test_old_hashes_make_no_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
