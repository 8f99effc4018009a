/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel would say, case by case. */
#include "src/verify/verify.h"

#include <openssl/cms.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/signing_fixture.h"

/* A module in a file, and the certificates to come. */
struct bench {
	void *dir;
	struct buf file;
	X509 *a, *b, *ec; /* of RSA_A, RSA_B, EC_256 */
	struct ms_verification v;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (!b || dir_setup(&b->dir))
		return -1;
	make_module(&b->file);
	b->a = self_signed(RSA_A);
	b->b = self_signed(RSA_B);
	b->ec = self_signed(EC_256);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	int r = dir_teardown(&b->dir);

	buf_free(&b->file);
	X509_free(b->a);
	X509_free(b->b);
	X509_free(b->ec);
	free(b);
	return r;
}

/* Through the public function, as a program would. */
static void verdict_is(
	struct bench *b, enum ms_verdict expected, const char *reason, X509 *trusted, ...)
{
	const char *path = in_dir(&b->dir, "m.ko");
	struct ms_cert *certs[4] = { 0 };
	struct ms_error err = { 0 };
	size_t n = 0;
	va_list ap;

	write_buf(path, &b->file);
	va_start(ap, trusted);
	for (X509 *x = trusted; x; x = va_arg(ap, X509 *))
		certs[n++] = public_cert(x);
	va_end(ap);
	if (ms_verify(path, 0, certs, n, &b->v, &err))
		fail_msg("%s", err.message);
	for (size_t i = 0; i < n; i++)
		ms_cert_free(certs[i]);
	if (b->v.verdict != expected)
		fail_msg("%s: %s", ms_verdict_name(b->v.verdict), b->v.reason);
	assert_contains(b->v.reason, reason);
}

static void append(struct bench *b, enum test_key which, X509 *cert)
{
	append_signature(&b->file, which, cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL);
}

static void verdicts_have_names(void **state)
{
	static const char *const names[] = { "valid", "unsigned", "unknown key", "altered",
		"malformed", "unsupported", "interrupted" };

	for (int v = MS_VALID; v <= MS_INTERRUPTED; v++)
		assert_string_equal(ms_verdict_name((enum ms_verdict)v), names[v]);
}

static void valid(void **state)
{
	struct bench *b = *state;
	size_t bare = b->file.len;

	for (size_t h = 0; h < N_NEW_HASHES; h++)
		for (int sid = 0; sid < 2; sid++) {
			b->file.len = bare;
			append_signature(&b->file, EC_256, b->ec,
				sid ? CMS_SID_KEY_ID : CMS_SID_ISSUER_SERIAL, new_hashes[h], NULL);
			verdict_is(b, MS_VALID, "signed by a trusted key", b->a, b->ec, NULL);
			assert_string_equal(b->v.hash, ms_hash_name(new_hashes[h]));
			assert_string_equal(b->v.signer, "CN=key 2");
			assert_string_equal(b->v.note, "");
		}
}

static void no_signature(void **state)
{
	struct bench *b = *state;

	verdict_is(b, MS_UNSIGNED, "no signature", b->a, NULL);
	assert_string_equal(b->v.signer, "");
	assert_string_equal(b->v.hash, "");
}

static void a_key_that_is_not_known(void **state)
{
	struct bench *b = *state;

	append(b, RSA_A, b->a);
	verdict_is(b, MS_UNKNOWN_KEY, "none of the given certificates", b->b, b->ec, NULL);
	assert_string_equal(b->v.signer, "issuer CN=key 0, serial 01");
	assert_string_equal(b->v.hash, "sha256");
	verdict_is(b, MS_UNKNOWN_KEY, "", NULL);
}

static void altered(void **state)
{
	struct bench *b = *state;
	size_t bare = b->file.len, size;

	append(b, RSA_A, b->a);
	size = b->file.len;
	b->file.data[100] ^= 1; /* of the content */
	verdict_is(b, MS_ALTERED, "does not fit", b->a, NULL);
	assert_string_equal(b->v.signer, "CN=key 0");
	/* to who knows no key of it, it is no more than that */
	verdict_is(b, MS_UNKNOWN_KEY, "", b->b, NULL);
	b->file.data[100] ^= 1;
	b->file.data[size - 40 - 1] ^= 1; /* of the signature */
	verdict_is(b, MS_ALTERED, "does not fit", b->a, NULL);
	b->file.len = bare;
	append(b, RSA_A, b->b); /* another key under that name */
	verdict_is(b, MS_ALTERED, "another key signed it", b->b, NULL);
}

/* A certificate of the same name and number, whose key is of another type. */
static void the_algorithm_is_not_the_keys(void **state)
{
	struct bench *b = *state;
	AUTO_X509 X509 *other =
		make_cert(&(struct test_cert){ .name = "key 0", .key = test_key(EC_256) });

	append(b, RSA_A, b->a);
	verdict_is(b, MS_ALTERED, "rsaEncryption is not one of the signer's key", other, NULL);
	/* both are known by that name: one fits */
	verdict_is(b, MS_VALID, "", other, b->a, NULL);
	verdict_is(b, MS_VALID, "", b->a, other, NULL);
}

static void only_the_last_counts(void **state)
{
	struct bench *b = *state;

	append(b, RSA_A, b->a);
	append(b, RSA_B, b->b);
	verdict_is(b, MS_UNKNOWN_KEY, "", b->a, NULL);
	verdict_is(b, MS_VALID, "", b->b, NULL);
}

static void interrupted(void **state)
{
	struct bench *b = *state;
	size_t bare = b->file.len;

	append(b, RSA_A, b->a);
	for (size_t size = b->file.len - 1; size > bare; size -= 5) {
		b->file.len = size;
		verdict_is(b, MS_INTERRUPTED, "stand behind the module's own end", b->a, NULL);
		if (size - bare <= 5)
			break;
	}
	b->file.len = bare;
	verdict_is(b, MS_UNSIGNED, "", b->a, NULL);
}

static void malformed_tails(void **state)
{
	struct bench *b = *state;

	append(b, RSA_A, b->a);
	b->file.data[b->file.len - 28 - 10] = 1; /* id_type */
	verdict_is(b, MS_MALFORMED, "id_type is 1", b->a, NULL);
	b->file.data[b->file.len - 28 - 10] = 2;
	b->file.data[b->file.len - 28 - 4] = 0x7f; /* sig_len */
	verdict_is(b, MS_MALFORMED, "sig_len", b->a, NULL);
}

static void malformed_cms(void **state)
{
	struct bench *b = *state;
	AUTO_BUF struct buf cms = { 0 }, junk = { 0 };
	size_t bare = b->file.len;

	make_cms(100, &junk); /* only its beginning is one */
	append_tail(&b->file, &junk);
	verdict_is(b, MS_MALFORMED, "the appended signature: not a CMS SignedData", b->a, NULL);
	b->file.len = bare;
	make_signature(&b->file, RSA_A, b->a, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL, &cms);
	assert_int_equal(buf_add(&cms, "\0\0", 2), 0);
	append_tail(&b->file, &cms);
	verdict_is(b, MS_MALFORMED, "2 bytes behind the CMS", b->a, NULL);
}

/* The one place where such a byte string is in the CMS. */
static uint8_t *find_bytes(struct buf *b, const void *bytes, size_t len)
{
	uint8_t *found = memmem(b->data, b->len, bytes, len);

	assert_non_null(found);
	assert_null(memmem(found + 1, (size_t)(b->data + b->len - found) - 1, bytes, len));
	return found;
}

static void malformed_versions(void **state)
{
	/* INTEGER 1, SET OF digests; INTEGER 1, SEQUENCE of issuer and serial */
	static const uint8_t signed_data[] = { 0x02, 0x01, 0x01, 0x31, 0x0d };
	struct bench *b = *state;
	AUTO_BUF struct buf cms = { 0 };
	size_t bare = b->file.len;
	uint8_t *p;

	make_signature(&b->file, RSA_A, b->a, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL, &cms);
	p = find_bytes(&cms, signed_data, sizeof(signed_data));
	p[2] = 7;
	append_tail(&b->file, &cms);
	verdict_is(b, MS_MALFORMED, "SignedData version 7", b->a, NULL);
	p[2] = 1;
	for (uint8_t *q = p + 3; q < cms.data + cms.len - 3; q++)
		if (q[0] == 2 && q[1] == 1 && q[2] == 1 && q[3] == 0x30) { /* SignerInfo's */
			q[2] = 3;
			break;
		}
	b->file.len = bare;
	append_tail(&b->file, &cms);
	verdict_is(b, MS_MALFORMED, "SignerInfo version 3 does not go with", b->a, NULL);
}

/* By OpenSSL, for what we do not make ourselves. */
static void openssl_appends(struct bench *b, unsigned flags, const EVP_MD *md, bool second)
{
	BIO *bio = BIO_new_mem_buf(b->file.data, (int)b->file.len);
	unsigned sign_flags = CMS_BINARY | CMS_NOSMIMECAP | CMS_NOCERTS;
	CMS_ContentInfo *cms = CMS_sign_ex(NULL, NULL, NULL, NULL,
		CMS_BINARY | CMS_PARTIAL | CMS_STREAM | (flags & CMS_DETACHED), ossl_ctx(), NULL);
	AUTO_BUF struct buf der = { 0 };
	unsigned char *data = NULL;
	int len;

	assert_non_null(cms);
	assert_non_null(
		CMS_add1_signer(cms, b->a, test_key(RSA_A), md, sign_flags | (flags & CMS_NOATTR)));
	if (second)
		assert_non_null(CMS_add1_signer(cms, b->ec, test_key(EC_256), EVP_sha512(),
			sign_flags | (flags & CMS_NOATTR)));
	assert_true(CMS_final(cms, bio, NULL, CMS_BINARY));
	len = i2d_CMS_ContentInfo(cms, &data);
	assert_int_equal(buf_add(&der, data, (size_t)len), 0);
	append_tail(&b->file, &der);
	OPENSSL_free(data);
	CMS_ContentInfo_free(cms);
	BIO_free(bio);
}

static void unsupported(void **state)
{
	struct bench *b = *state;
	size_t bare = b->file.len;

	openssl_appends(b, CMS_DETACHED, EVP_sha256(), false);
	verdict_is(b, MS_UNSUPPORTED_CRYPTO, "signed attributes", b->a, NULL);
	b->file.len = bare;
	openssl_appends(b, CMS_DETACHED | CMS_NOATTR, EVP_md5(), false);
	verdict_is(b, MS_UNSUPPORTED_CRYPTO, "no kernel knows the digest MD5", b->a, NULL);
}

static void content_inside(void **state)
{
	struct bench *b = *state;

	openssl_appends(b, CMS_NOATTR, EVP_sha256(), false);
	verdict_is(b, MS_MALFORMED, "holds content of its own", b->a, NULL);
}

static void old_digests_are_read(void **state)
{
	struct bench *b = *state;

	openssl_appends(b, CMS_DETACHED | CMS_NOATTR, EVP_sha1(), false);
	verdict_is(b, MS_VALID, "", b->a, NULL);
	assert_string_equal(b->v.hash, "sha1");
}

/* One good signer is enough, one bad one is fatal. */
static void two_signers(void **state)
{
	struct bench *b = *state;

	openssl_appends(b, CMS_DETACHED | CMS_NOATTR, EVP_sha256(), true);
	verdict_is(b, MS_VALID, "", b->a, NULL);
	verdict_is(b, MS_VALID, "", b->ec, NULL);
	verdict_is(b, MS_VALID, "", b->ec, b->a, NULL);
	verdict_is(b, MS_UNKNOWN_KEY, "", b->b, NULL);
	b->file.data[200] ^= 1;
	verdict_is(b, MS_ALTERED, "", b->a, NULL);
	verdict_is(b, MS_ALTERED, "", b->ec, NULL);
}

static void certificates_that_travel_along(void **state)
{
	struct bench *b = *state;
	AUTO_X509 X509 *ca =
		make_cert(&(struct test_cert){ .name = "ca", .key = test_key(EC_384) });
	AUTO_X509 X509 *leaf = make_cert(&(struct test_cert){ .name = "leaf",
		.key = test_key(RSA_A),
		.issuer = ca,
		.issuer_key = test_key(EC_384),
		.serial = 9 });
	AUTO_STACK STACK_OF(X509) *chain = stack_of(leaf, NULL);
	size_t bare = b->file.len;

	append_signature(&b->file, RSA_A, leaf, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL);
	verdict_is(b, MS_UNKNOWN_KEY, "", ca, NULL);
	verdict_is(b, MS_VALID, "signed by a trusted key", leaf, NULL);
	b->file.len = bare;
	append_signature(&b->file, RSA_A, leaf, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, chain);
	verdict_is(b, MS_VALID, "whose certificate travels along and leads to a trusted one", ca,
		NULL);
	assert_string_equal(b->v.signer, "CN=leaf");
	verdict_is(b, MS_VALID, "", leaf, NULL);
	verdict_is(b, MS_UNKNOWN_KEY, "", b->b, NULL);
	b->file.data[100] ^= 1;
	/* what travels along must fit, whoever is trusted */
	verdict_is(b, MS_ALTERED, "", ca, NULL);
	verdict_is(b, MS_ALTERED, "", b->b, NULL);
}

static void dates_are_noted(void **state)
{
	struct bench *b = *state;
	AUTO_X509 X509 *old = make_cert(&(struct test_cert){
		.name = "old", .key = test_key(RSA_A), .from = -200000, .until = -100000 });
	AUTO_X509 X509 *young = make_cert(&(struct test_cert){
		.name = "young", .key = test_key(RSA_A), .from = 100000, .until = 200000 });
	size_t bare = b->file.len;

	append(b, RSA_A, old);
	verdict_is(b, MS_VALID, "", old, NULL);
	assert_contains(b->v.note, "expired at 20");
	b->file.len = bare;
	append(b, RSA_A, young);
	verdict_is(b, MS_VALID, "", young, NULL);
	assert_contains(b->v.note, "valid from 20");
	b->file.data[100] ^= 1;
	verdict_is(b, MS_ALTERED, "", young, NULL);
}

static void what_cannot_be_opened(void **state)
{
	struct bench *b = *state;
	const char *path = in_dir(&b->dir, "gone.ko");
	struct ms_error err = { 0 };

	assert_int_equal(ms_verify(path, 0, NULL, 0, &b->v, &err), MS_ERR_IO);
	assert_contains(err.message, path);
	path = in_dir(&b->dir, "text.ko");
	write_file(path, "text", 4);
	assert_int_equal(ms_verify(path, 0, NULL, 0, &b->v, &err), MS_ERR_MODULE);
	assert_int_equal(ms_verify(path, 0, NULL, 0, &b->v, NULL), MS_ERR_MODULE);
	assert_int_equal(ms_verify(path, MS_ANY_FILE, NULL, 0, &b->v, &err), 0);
	assert_int_equal(b->v.verdict, MS_UNSIGNED);
}

/* A CMS that is not appended yet. */
static void a_cms_beside(void **state)
{
	struct bench *b = *state;
	AUTO_STACK STACK_OF(X509) *trusted = stack_of(b->a, NULL);
	const char *path = in_dir(&b->dir, "m.ko");
	AUTO_BUF struct buf cms = { 0 };
	AUTO_MODULE struct module *m = NULL;
	struct ms_error err = { 0 };

	make_signature(&b->file, RSA_A, b->a, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA512, NULL, &cms);
	write_buf(path, &b->file);
	m = open_ok(path, 0);
	assert_int_equal(verify_cms(m, m->size, cms.data, cms.len, trusted, &b->v, &err), 0);
	assert_int_equal(b->v.verdict, MS_VALID);
	assert_int_equal(verify_cms(m, m->size - 1, cms.data, cms.len, trusted, &b->v, &err), 0);
	assert_int_equal(b->v.verdict, MS_ALTERED);
	for (struct ms_error *e = &err;; e = NULL) { /* with and without somewhere to say why */
		assert_int_equal(verify_cms(m, m->size, cms.data, 20, trusted, &b->v, e), 0);
		assert_int_equal(b->v.verdict, MS_MALFORMED);
		assert_contains(b->v.reason, "not a CMS SignedData");
		if (!e)
			break;
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_have_names),
		test(valid),
		test(no_signature),
		test(a_key_that_is_not_known),
		test(altered),
		test(the_algorithm_is_not_the_keys),
		test(only_the_last_counts),
		test(interrupted),
		test(malformed_tails),
		test(malformed_cms),
		test(malformed_versions),
		test(unsupported),
		test(content_inside),
		test(old_digests_are_read),
		test(two_signers),
		test(certificates_that_travel_along),
		test(dates_are_noted),
		test(what_cannot_be_opened),
		test(a_cms_beside),
	};

	return cmocka_run_group_tests_name("verify/verdict", tests, NULL, NULL);
}
