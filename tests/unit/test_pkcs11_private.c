/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys taken apart for a token, and put together again by their public half. */
#include "engines/pkcs11/private.h"

#include "engines/pkcs11/pubkey.h"
#include "src/crypto/ossl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct buf *part(const struct p11_parts *p, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].type == type)
			return &p->list[i].value;
	fail_msg("no part 0x%lx", type);
	return NULL;
}

static EVP_PKEY *make(const char *type, const char *curve, unsigned bits)
{
	EVP_PKEY *pkey = curve ? EVP_PKEY_Q_keygen(ossl_ctx(), NULL, type, curve)
			       : EVP_PKEY_Q_keygen(ossl_ctx(), NULL, type, (size_t)bits);

	assert_non_null(pkey);
	return pkey;
}

static void rsa(void **state)
{
	AUTO_PKEY EVP_PKEY *pkey = make("RSA", NULL, 2048);
	AUTO_P11_PARTS struct p11_parts parts = { 0 };
	AUTO_PKEY EVP_PKEY *pub = NULL;

	assert_int_equal(p11_parts_of(pkey, &parts), 0);
	assert_true(parts.rsa);
	assert_int_equal(parts.n, 8);
	assert_int_equal(part(&parts, CKA_MODULUS)->len, 256);
	pub = p11_rsa_key(part(&parts, CKA_MODULUS), part(&parts, CKA_PUBLIC_EXPONENT));
	assert_non_null(pub);
	assert_int_equal(EVP_PKEY_eq(pub, pkey), 1);
	for (size_t i = 0; i < parts.n; i++)
		assert_int_equal(parts.list[i].secret,
			parts.list[i].type != CKA_MODULUS &&
				parts.list[i].type != CKA_PUBLIC_EXPONENT);
}

static void ec(void **state)
{
	static const struct {
		const char *curve;
		size_t value, point;
	} cases[] = {
		{ "P-256", 32, 2 + 65 }, { "P-384", 48, 2 + 97 },
		{ "P-521", 66, 3 + 133 }, /* its OCTET STRING has a long length */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_PKEY EVP_PKEY *pkey = make("EC", cases[i].curve, 0);
		AUTO_P11_PARTS struct p11_parts parts = { 0 };
		AUTO_PKEY EVP_PKEY *pub = NULL;

		assert_int_equal(p11_parts_of(pkey, &parts), 0);
		assert_false(parts.rsa);
		assert_int_equal(part(&parts, CKA_VALUE)->len, cases[i].value);
		assert_int_equal(part(&parts, CKA_EC_POINT)->len, cases[i].point);
		pub = p11_ec_key(part(&parts, CKA_EC_PARAMS), part(&parts, CKA_EC_POINT));
		assert_non_null(pub);
		assert_int_equal(EVP_PKEY_eq(pub, pkey), 1);
	}
}

/* A number with leading zeros is as long as the order all the same. */
static void short_numbers(void **state)
{
	for (int i = 0; i < 600; i++) { /* one in 256 is short */
		AUTO_PKEY EVP_PKEY *pkey = make("EC", "P-256", 0);
		AUTO_P11_PARTS struct p11_parts parts = { 0 };

		assert_int_equal(p11_parts_of(pkey, &parts), 0);
		assert_int_equal(part(&parts, CKA_VALUE)->len, 32);
	}
}

static void a_copy(void **state)
{
	AUTO_PKEY EVP_PKEY *pkey = make("EC", "P-256", 0);
	AUTO_P11_PARTS struct p11_parts parts = { 0 }, copy = { 0 };

	assert_int_equal(p11_parts_of(pkey, &parts), 0);
	assert_int_equal(p11_parts_dup(&parts, &copy), 0);
	assert_int_equal(copy.n, parts.n);
	for (size_t i = 0; i < parts.n; i++) {
		assert_int_equal(copy.list[i].type, parts.list[i].type);
		assert_int_equal(copy.list[i].secret, parts.list[i].secret);
		assert_int_equal(copy.list[i].value.len, parts.list[i].value.len);
		assert_memory_equal(
			copy.list[i].value.data, parts.list[i].value.data, parts.list[i].value.len);
	}
}

static void other_keys(void **state)
{
	AUTO_PKEY EVP_PKEY *pkey = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "ED25519");
	AUTO_P11_PARTS struct p11_parts parts = { 0 };

	assert_non_null(pkey);
	assert_int_equal(p11_parts_of(pkey, &parts), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa),
		cmocka_unit_test(ec),
		cmocka_unit_test(short_numbers),
		cmocka_unit_test(a_copy),
		cmocka_unit_test(other_keys),
	};

	return cmocka_run_group_tests_name("pkcs11/private", tests, NULL, NULL);
}
