/* SPDX-License-Identifier: Apache-2.0 */
/* What a device says of a key in a certificate of its own. */
#include "src/crypto/attest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/crypto_fixture.h"

#define YUBICO_PIV "1.3.6.1.4.1.41482.3."

static void add_text(X509_NAME *name, const char *cn)
{
	assert_true(X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const uint8_t *)cn, -1, -1, 0));
}

/* A certificate that is not signed yet, and was valid in 2020 only. */
static X509 *frame(enum test_key of, const char *subject, const char *issuer)
{
	X509 *x = X509_new();

	assert_true(X509_set_version(x, X509_VERSION_3));
	add_text(X509_get_subject_name(x), subject);
	add_text(X509_get_issuer_name(x), issuer);
	assert_true(ASN1_INTEGER_set(X509_get_serialNumber(x), 1));
	assert_true(ASN1_TIME_set_string(X509_getm_notBefore(x), "200101000000Z"));
	assert_true(ASN1_TIME_set_string(X509_getm_notAfter(x), "201231000000Z"));
	assert_true(X509_set_pubkey(x, test_key(of)));
	return x;
}

static void extend(X509 *x, const char *oid, const void *value, int len)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	assert_true(ASN1_OCTET_STRING_set(octets, value, len));
	ext = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
	assert_true(X509_add_ext(x, ext, -1));
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
}

static X509 *ca(enum test_key of, enum test_key by, const char *subject, const char *issuer)
{
	X509 *x = frame(of, subject, issuer);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

	assert_true(X509_add_ext(x, ext, -1));
	X509_EXTENSION_free(ext);
	assert_true(X509_sign(x, test_key(by), EVP_sha256()));
	return x;
}

/* Of EC_256, by the device RSA_B, whose own certificate is by the root RSA_A. */
struct scene {
	STACK_OF(X509) * certs, *roots;
	EVP_PKEY *pub;
	struct ms_attestation a;
};

static X509 *leaf(void)
{
	X509 *x = frame(EC_256, "YubiKey PIV Attestation 9c", "device");

	extend(x, YUBICO_PIV "3", "\5\4\3", 3);
	return x;
}

static void set(struct scene *s, X509 *own)
{
	*s = (struct scene){ .certs = sk_X509_new_null(), .roots = sk_X509_new_null() };
	assert_true(X509_sign(own, test_key(RSA_B), EVP_sha256()));
	assert_true(sk_X509_push(s->certs, own));
	assert_true(sk_X509_push(s->certs, ca(RSA_B, RSA_A, "device", "root")));
	assert_true(sk_X509_push(s->roots, ca(RSA_A, RSA_A, "root", "root")));
	s->pub = public_half(test_key(EC_256));
}

static void strike(struct scene *s)
{
	cert_stack_free(s->certs);
	cert_stack_free(s->roots);
	EVP_PKEY_free(s->pub);
}

static void look(struct scene *s, bool with_root)
{
	assert_int_equal(attest_read(s->certs, s->pub, with_root ? s->roots : NULL, &s->a, NULL), 0);
	assert_true(s->a.shown);
}

static void assert_doubted(struct scene *s, const char *why)
{
	look(s, true);
	assert_int_equal(s->a.trusted, MS_NO);
	assert_non_null(strstr(s->a.problem, why));
}

static void it_leads_to_the_root_whatever_the_date(void **state)
{
	struct scene s;

	set(&s, leaf());
	look(&s, true);
	assert_int_equal(s.a.trusted, MS_YES);
	assert_string_equal(s.a.problem, "");
	look(&s, false);
	assert_int_equal(s.a.trusted, MS_UNKNOWN);
	assert_string_equal(s.a.firmware, "5.4.3");
	strike(&s);
}

static void of_another_key(void **state)
{
	struct scene s;

	set(&s, leaf());
	EVP_PKEY_free(s.pub);
	s.pub = public_half(test_key(EC_384));
	assert_doubted(&s, "it is of another key");
	look(&s, false); /* what it says is told all the same */
	assert_string_equal(s.a.firmware, "5.4.3");
	strike(&s);
}

static void signed_by_another(void **state)
{
	struct scene s;
	X509 *own = leaf();

	set(&s, own);
	assert_true(X509_sign(own, test_key(RSA_A), EVP_sha256()));
	assert_doubted(&s, "does not lead to the root");
	strike(&s);
}

static void another_root_of_that_name(void **state)
{
	struct scene s;

	set(&s, leaf());
	X509_free(sk_X509_pop(s.roots));
	sk_X509_push(s.roots, ca(RSA_B, RSA_B, "root", "root"));
	assert_doubted(&s, "does not lead to the root");
	strike(&s);
}

static void the_device_is_no_root(void **state)
{
	struct scene s;

	set(&s, leaf());
	X509_free(sk_X509_pop(s.roots));
	sk_X509_push(s.roots, ca(RSA_B, RSA_A, "device", "root"));
	assert_doubted(&s, "does not lead to the root");
	strike(&s);
}

static void the_device_is_no_ca(void **state)
{
	struct scene s;
	X509 *device = frame(RSA_B, "device", "root");

	set(&s, leaf());
	assert_true(X509_sign(device, test_key(RSA_A), EVP_sha256()));
	X509_free(sk_X509_pop(s.certs));
	sk_X509_push(s.certs, device);
	assert_doubted(&s, "does not lead to the root");
	strike(&s);
}

/* Yubico's advisory YSA-2017-01: RSA keys of 4.2.6 to 4.3.4. */
static void bad_firmware(void **state)
{
	static const struct {
		enum test_key of;
		const char *firmware;
		enum ms_answer trusted;
	} cases[] = {
		{ RSA_A, "", MS_YES }, { RSA_A, "", MS_NO }, { RSA_A, "", MS_NO },
		{ RSA_A, "", MS_YES }, { EC_256, "", MS_YES },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		X509 *own = frame(cases[i].of, "YubiKey PIV Attestation 9a", "device");
		struct scene s;

		extend(own, YUBICO_PIV "3", cases[i].firmware, 3);
		set(&s, own);
		EVP_PKEY_free(s.pub);
		s.pub = public_half(test_key(cases[i].of));
		look(&s, true);
		assert_int_equal(s.a.trusted, cases[i].trusted);
		look(&s, false);
		assert_int_equal(s.a.trusted, cases[i].trusted == MS_NO ? MS_NO : MS_UNKNOWN);
		assert_int_equal(!!strstr(s.a.problem, "ROCA"), cases[i].trusted == MS_NO);
		strike(&s);
	}
}

/* What is as long as it should not be, or has no meaning, is not told. */
static void extensions(void **state)
{
	static const struct {
		const char *oid, *value;
		int len;
		const char *pin, *touch, *form, *serial;
	} cases[] = {
		{ "8", "\2\1", 2, "once", "never", NULL, "" },
		{ "8", "\3\3", 2, "always", "cached", NULL, "" },
		{ "8", "\0\11", 2, "unknown", "unknown", NULL, "" },
		{ "8", "\2", 1, NULL, NULL, NULL, "" },
		{ "8", "\2\1\1", 3, NULL, NULL, NULL, "" },
		{ "9", "\4", 1, NULL, NULL, "USB-C nano", "" },
		{ "9", "\203", 1, NULL, NULL, "USB-C keychain", "" }, /* a FIPS one */
		{ "9", "", 0, NULL, NULL, NULL, "" },
		{ "7", "\x02\x04\x00\xbc\x61\x4e", 6, NULL, NULL, NULL, "12345678" },
		{ "7", "\x02\x04\x00\xbc", 4, NULL, NULL, NULL, "" },
		{ "7", "\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00", 11, NULL, NULL, NULL, "" },
		{ "7", "\x02\x01\xff", 3, NULL, NULL, NULL, "" },
		{ "7", "", 0, NULL, NULL, NULL, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		X509 *own = leaf();
		char oid[40];
		struct scene s;

		snprintf(oid, sizeof(oid), YUBICO_PIV "%s", cases[i].oid);
		extend(own, oid, cases[i].value, cases[i].len);
		set(&s, own);
		look(&s, false);
		assert_string_equal(s.a.pin_policy ? s.a.pin_policy : "", cases[i].pin ? cases[i].pin : "");
		assert_string_equal(
			s.a.touch_policy ? s.a.touch_policy : "", cases[i].touch ? cases[i].touch : "");
		assert_string_equal(
			s.a.form_factor ? s.a.form_factor : "", cases[i].form ? cases[i].form : "");
		assert_string_equal(s.a.serial, cases[i].serial);
		strike(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_leads_to_the_root_whatever_the_date),
		cmocka_unit_test(of_another_key),
		cmocka_unit_test(signed_by_another),
		cmocka_unit_test(another_root_of_that_name),
		cmocka_unit_test(the_device_is_no_root),
		cmocka_unit_test(the_device_is_no_ca),
		cmocka_unit_test(bad_firmware),
		cmocka_unit_test(extensions),
	};

	return cmocka_run_group_tests_name("crypto/attest", tests, NULL, NULL);
}
