/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: read from files, compared with keys, put into words. */
#include "src/crypto/attest.h"
#include "src/crypto/cert.h"

#include "src/base/cleanup.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/crypto_fixture.h"
#include "tests/unit/module_fixture.h"

static void put_pem(struct buf *b, X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	assert_true(PEM_write_bio_X509(bio, x));
	len = BIO_get_mem_data(bio, &data);
	assert_int_equal(buf_add(b, data, (size_t)len), 0);
	BIO_free(bio);
}

static void put_key(struct buf *b, EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	assert_true(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL));
	len = BIO_get_mem_data(bio, &data);
	assert_int_equal(buf_add(b, data, (size_t)len), 0);
	BIO_free(bio);
}

static void put_der(struct buf *b, X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	assert_true(len > 0);
	assert_int_equal(buf_add(b, der, (size_t)len), 0);
	OPENSSL_free(der);
}

static void put_text(struct buf *b, const char *text)
{
	assert_int_equal(buf_add(b, text, strlen(text)), 0);
}

static void assert_read(const struct buf *b, X509 *const *expected, int n)
{
	STACK_OF(X509) *certs = NULL;
	struct ms_error err = { 0 };

	if (cert_read(b->data, b->len, "here", &certs, &err))
		fail_msg("%s", err.message);
	assert_int_equal(sk_X509_num(certs), n);
	for (int i = 0; i < n; i++)
		assert_int_equal(X509_cmp(sk_X509_value(certs, i), expected[i]), 0);
	cert_stack_free(certs);
}

static void assert_unreadable(const struct buf *b, const char *part)
{
	STACK_OF(X509) *certs = NULL;
	struct ms_error err = { 0 };

	assert_int_equal(cert_read(b->data, b->len, "here", &certs, &err), MS_ERR_CERT);
	assert_null(certs);
	assert_int_equal(err.code, MS_ERR_CERT);
	assert_contains(err.message, "here");
	assert_contains(err.message, part);
}

static void pem_and_der(void **state)
{
	AUTO_X509 X509 *a = self_signed(RSA_A);
	AUTO_X509 X509 *b = self_signed(EC_256);
	X509 *both[] = { a, b };
	AUTO_BUF struct buf pem = { 0 }, der = { 0 }, bundle = { 0 };

	put_pem(&pem, a);
	assert_read(&pem, &a, 1);
	put_der(&der, b);
	assert_read(&der, &b, 1);
	put_pem(&bundle, a);
	put_pem(&bundle, b);
	assert_read(&bundle, both, 2);
}

static void pem_among_other_things(void **state)
{
	AUTO_X509 X509 *a = self_signed(RSA_A);
	AUTO_X509 X509 *b = self_signed(EC_256);
	X509 *both[] = { a, b };
	AUTO_BUF struct buf file = { 0 };

	put_text(&file, "Certificate:\n    some text about it\n");
	put_key(&file, test_key(RSA_A));
	put_pem(&file, a);
	put_text(&file, "\n\n# and another\n");
	put_pem(&file, b);
	put_text(&file, "the end");
	assert_read(&file, both, 2);
}

static void what_is_no_certificate(void **state)
{
	AUTO_X509 X509 *a = self_signed(RSA_A);
	AUTO_BUF struct buf file = { 0 };
	size_t len;

	assert_unreadable(&file, "holds no certificate");
	put_text(&file, "just text\n");
	assert_unreadable(&file, "holds no certificate");
	put_key(&file, test_key(EC_256));
	assert_unreadable(&file, "holds no certificate");
	file.len = 0;
	put_text(&file, "0");
	assert_unreadable(&file, "not a well-formed certificate");
	file.len = 0;
	put_der(&file, a);
	len = file.len;
	for (file.len = 1; file.len < len; file.len += 13)
		assert_unreadable(&file, "not a well-formed certificate");
}

static void damage_behind_a_good_one_is_not_passed_over(void **state)
{
	AUTO_X509 X509 *a = self_signed(RSA_A);
	AUTO_BUF struct buf base = { 0 };
	size_t len;

	put_pem(&base, a);
	len = base.len;
	put_pem(&base, a);
	base.data[len + 100] = '!'; /* within the second one's base64 */
	assert_unreadable(&base, "not a well-formed certificate");
	base.len = len;
	put_text(&base, "-----BEGIN CERTIFICATE-----\nMIIB\n");
	assert_unreadable(&base, "not a well-formed certificate"); /* no end */
	base.len = len;
	put_text(&base, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
	assert_unreadable(&base, "not a well-formed certificate"); /* no certificate */
}

/* Nothing is left in OpenSSL's queue for others to find. */
static void errors_are_cleared(void **state)
{
	AUTO_X509 X509 *a = self_signed(RSA_A);
	AUTO_BUF struct buf file = { 0 };

	put_pem(&file, a);
	assert_read(&file, &a, 1);
	assert_int_equal(ERR_peek_error(), 0);
	file.len = 100;
	assert_unreadable(&file, "here");
	assert_int_equal(ERR_peek_error(), 0);
	assert_false(cert_fits_key(a, test_key(EC_256)));
	assert_int_equal(ERR_peek_error(), 0);
}

static void files(void **state)
{
	AUTO_X509 X509 *a = self_signed(RSA_A);
	AUTO_X509 X509 *b = self_signed(EC_256);
	AUTO_BUF struct buf bundle = { 0 };
	struct ms_cert **certs = NULL;
	struct ms_error err = { 0 };
	size_t n = 0;
	const char *path = in_dir(state, "bundle.pem");

	put_pem(&bundle, a);
	put_pem(&bundle, b);
	write_buf(path, &bundle);
	assert_int_equal(ms_cert_open_all(path, &certs, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_string_equal(ms_cert_subject(certs[0]), "CN=key 0");
	assert_int_equal(X509_cmp(certs[1]->x509, b), 0);
	ms_cert_list_free(certs, n);
	ms_cert_list_free(NULL, 0);
	ms_cert_free(NULL);

	path = in_dir(state, "gone.pem");
	assert_int_equal(ms_cert_open_all(path, &certs, &n, &err), MS_ERR_CERT);
	assert_int_equal(err.code, MS_ERR_CERT);
	assert_contains(err.message, path);
	assert_contains(err.message, "No such file");
	assert_int_equal(ms_cert_open_all(*state, &certs, &n, &err), MS_ERR_CERT);
	assert_contains(err.message, "is a directory");
	path = in_dir(state, "large.pem");
	write_file(path, "x", 1);
	assert_int_equal(truncate(path, 5 << 20), 0);
	assert_int_equal(ms_cert_open_all(path, &certs, &n, &err), MS_ERR_CERT);
	assert_contains(err.message, "larger than");
	assert_int_equal(ms_cert_open_all(path, &certs, &n, NULL), MS_ERR_CERT);
}

static void of_which_key(void **state)
{
	for (int c = 0; c < TEST_KEYS; c++) {
		AUTO_X509 X509 *x = self_signed((enum test_key)c);

		for (int k = 0; k < TEST_KEYS; k++) {
			AUTO_PKEY EVP_PKEY *pub = public_half(test_key((enum test_key)k));

			assert_int_equal(cert_fits_key(x, pub), c == k);
		}
	}
}

static void name_is(const char *expected, ...)
{
	X509_NAME *name = X509_NAME_new();
	AUTO_FREE char *text = NULL;
	const char *type;
	va_list ap;

	va_start(ap, expected);
	while ((type = va_arg(ap, const char *)))
		assert_true(X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
			(const unsigned char *)va_arg(ap, const char *), -1, -1, 0));
	va_end(ap);
	text = cert_name_text(name);
	assert_string_equal(text, expected);
	X509_NAME_free(name);
}

static void names(void **state)
{
	name_is("", NULL);
	name_is("CN=one", "CN", "one", NULL);
	/* in the certificate's own order */
	name_is("C=DE,O=example,CN=module signing", "C", "DE", "O", "example", "CN",
		"module signing", NULL);
	name_is("CN=Käse ✓", "CN", "Käse ✓", NULL);
	/* so that two names never look the same */
	name_is("CN=a\\,O=b", "CN", "a,O=b", NULL);
	name_is("CN=a\\0Ab", "CN", "a\nb", NULL);
}

static void serial_is(const char *hex, const char *expected)
{
	BIGNUM *bn = NULL;
	ASN1_INTEGER *serial;
	AUTO_FREE char *text = NULL;

	assert_true(BN_hex2bn(&bn, hex));
	serial = BN_to_ASN1_INTEGER(bn, NULL);
	text = cert_serial_hex(serial);
	assert_string_equal(text, expected);
	ASN1_INTEGER_free(serial);
	BN_free(bn);
}

/* As modinfo shows sig_key: the content of the DER INTEGER. */
static void serials(void **state)
{
	serial_is("0", "00");
	serial_is("1", "01");
	serial_is("7f", "7f");
	serial_is("80", "0080");
	serial_is("-1", "ff");
	serial_is("782C75CECD43DD3B9E6D344120C7CAA1FBF7751A",
		"782c75cecd43dd3b9e6d344120c7caa1fbf7751a");
	serial_is("F82C75CECD43DD3B9E6D344120C7CAA1FBF7751A",
		"00f82c75cecd43dd3b9e6d344120c7caa1fbf7751a");
}

static void hex(void **state)
{
	static const uint8_t data[] = { 0x00, 0x0a, 0xff };
	AUTO_FREE char *text = cert_hex(data, sizeof(data));
	AUTO_FREE char *none = cert_hex(data, 0);

	assert_string_equal(text, "000aff");
	assert_string_equal(none, "");
}

static void time_is(const char *asn1, const char *expected)
{
	ASN1_TIME *time = ASN1_TIME_new();
	AUTO_FREE char *text = NULL;

	assert_true(ASN1_TIME_set_string(time, asn1));
	text = cert_time_text(time);
	assert_string_equal(text, expected);
	ASN1_TIME_free(time);
}

static void times(void **state)
{
	time_is("200102000000Z", "2020-01-02T00:00:00Z");
	time_is("491231235959Z", "2049-12-31T23:59:59Z");
	time_is("500101000000Z", "1950-01-01T00:00:00Z");
	time_is("21261031064451Z", "2126-10-31T06:44:51Z");
	time_is("99991231235959Z", "9999-12-31T23:59:59Z");
}

static void attestations(void **state)
{
	AUTO_X509 X509 *x = self_signed(RSA_A);
	ASN1_OBJECT *firmware = OBJ_txt2obj("1.3.6.1.4.1.41482.3.3", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	assert_false(attest_is_one(x));
	assert_true(ASN1_OCTET_STRING_set(value, (const uint8_t *)"\5\4\3", 3));
	ext = X509_EXTENSION_create_by_OBJ(NULL, firmware, 0, value);
	assert_true(X509_add_ext(x, ext, -1));
	assert_true(attest_is_one(x));
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(firmware);
}

static void beside_a_key(void **state)
{
	AUTO_X509 X509 *x = self_signed(RSA_A);
	struct soft_key soft = { 0 };
	struct ms_key *key = soft_key(RSA_A, &soft);
	struct ms_cert *cert = NULL;
	struct ms_error err = { 0 };

	assert_int_equal(ms_key_cert(key, &cert, &err), MS_ERR_CERT);
	assert_contains(err.message, "the test's token");
	assert_contains(err.message, "test:key");
	assert_contains(err.hint, "-c");
	key->cert = x;
	X509_up_ref(x);
	assert_int_equal(ms_key_cert(key, &cert, &err), 0);
	assert_string_equal(ms_cert_subject(cert), "CN=key 0");
	ms_key_free(key);
	assert_int_equal(X509_cmp(cert->x509, x), 0); /* outlives the key */
	ms_cert_free(cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pem_and_der),
		cmocka_unit_test(pem_among_other_things),
		cmocka_unit_test(what_is_no_certificate),
		cmocka_unit_test(damage_behind_a_good_one_is_not_passed_over),
		cmocka_unit_test(errors_are_cleared),
		cmocka_unit_test_setup_teardown(files, dir_setup, dir_teardown),
		cmocka_unit_test(of_which_key),
		cmocka_unit_test(names),
		cmocka_unit_test(serials),
		cmocka_unit_test(hex),
		cmocka_unit_test(times),
		cmocka_unit_test(attestations),
		cmocka_unit_test(beside_a_key),
	};

	return cmocka_run_group_tests_name("crypto/cert", tests, NULL, NULL);
}
