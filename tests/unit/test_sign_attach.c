/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures taken off, written to files, and put on again. */
#include <modseal/sign.h>
#include <modseal/verify.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/signing_fixture.h"

struct bench {
	void *dir;
	struct buf bare, cms, signed_file; /* by RSA_A, SHA-256 */
	const char *path, *sig;		   /* m.ko and m.sig */
	X509 *cert;
	struct ms_cert *public;
	struct ms_error err;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (!b || dir_setup(&b->dir))
		return -1;
	b->path = strdup(in_dir(&b->dir, "m.ko"));
	b->sig = strdup(in_dir(&b->dir, "m.sig"));
	b->cert = self_signed(RSA_A);
	b->public = public_cert(b->cert);
	make_module(&b->bare);
	make_signature(
		&b->bare, RSA_A, b->cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL, &b->cms);
	add_buf(&b->signed_file, &b->bare);
	append_tail(&b->signed_file, &b->cms);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	int r = dir_teardown(&b->dir);

	ms_cert_free(b->public);
	X509_free(b->cert);
	free((char *)b->path);
	free((char *)b->sig);
	buf_free(&b->bare);
	buf_free(&b->cms);
	buf_free(&b->signed_file);
	free(b);
	return r;
}

/* ---- strip ---- */

static void strip_gives(
	struct bench *b, const struct buf *file, const struct buf *expected, unsigned removed)
{
	const char *dest = in_dir(&b->dir, "out.ko");
	unsigned n = 99;
	enum ms_module_state was;

	write_buf(b->path, file);
	assert_int_equal(ms_strip(b->path, dest, 0, &n, &was, &b->err), 0);
	assert_int_equal(n, removed);
	assert_holds(dest, expected);
	assert_holds(b->path, file);
	assert_int_equal(ms_strip(b->path, NULL, 0, &n, &was, &b->err), 0);
	assert_int_equal(n, removed);
	assert_holds(b->path, expected);
}

static void strip(void **state)
{
	struct bench *b = *state;
	AUTO_BUF struct buf file = { 0 };

	strip_gives(b, &b->bare, &b->bare, 0);
	strip_gives(b, &b->signed_file, &b->bare, 1);
	add_buf(&file, &b->signed_file);
	append_tail(&file, &b->cms);
	append_tail(&file, &b->cms);
	strip_gives(b, &file, &b->bare, 3);
	file.len -= 10; /* two whole ones and one that was cut */
	strip_gives(b, &file, &b->bare, 1);
	file.len = b->bare.len + 7;
	strip_gives(b, &file, &b->bare, 1);
}

static void strip_leaves_a_bare_file_alone(void **state)
{
	struct bench *b = *state;
	struct stat before, after;
	unsigned n;
	enum ms_module_state was;

	write_buf(b->path, &b->bare);
	assert_int_equal(stat(b->path, &before), 0);
	assert_int_equal(ms_strip(b->path, NULL, 0, &n, &was, &b->err), 0);
	assert_int_equal(stat(b->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}

static void strip_refuses(void **state)
{
	struct bench *b = *state;
	unsigned n;
	enum ms_module_state was;

	assert_int_equal(ms_strip(b->path, NULL, 0, &n, &was, &b->err), MS_ERR_IO);
	assert_contains(b->err.message, b->path);
	write_file(b->path, "text", 4);
	assert_int_equal(ms_strip(b->path, NULL, 0, &n, &was, &b->err), MS_ERR_MODULE);
	assert_int_equal(ms_strip(b->path, NULL, MS_ANY_FILE, &n, &was, &b->err), 0);
}

/* ---- detach ---- */

static void detach(void **state)
{
	struct bench *b = *state;
	AUTO_BUF struct buf file = { 0 }, second = { 0 };

	write_buf(b->path, &b->signed_file);
	assert_int_equal(ms_detach(b->path, b->sig, 0, &b->err), 0);
	assert_holds(b->sig, &b->cms);
	assert_holds(b->path, &b->signed_file);
	/* the last of two */
	add_buf(&file, &b->signed_file);
	make_signature(&file, RSA_A, b->cert, CMS_SID_KEY_ID, MS_HASH_SHA512, NULL, &second);
	append_tail(&file, &second);
	write_buf(b->path, &file);
	assert_int_equal(ms_detach(b->path, b->sig, 0, &b->err), 0);
	assert_holds(b->sig, &second);
}

static void detach_refuses(void **state)
{
	struct bench *b = *state;
	AUTO_BUF struct buf file = { 0 };

	write_buf(b->path, &b->bare);
	assert_int_equal(ms_detach(b->path, b->sig, 0, &b->err), MS_ERR_MODULE);
	assert_contains(b->err.message, "has no signature");
	add_buf(&file, &b->signed_file);
	file.len -= 5;
	write_buf(b->path, &file);
	assert_int_equal(ms_detach(b->path, b->sig, 0, &b->err), MS_ERR_MODULE);
	assert_contains(b->err.message, "no whole signature");
	assert_int_equal(access(b->sig, F_OK), -1);
	write_buf(b->path, &b->signed_file);
	assert_int_equal(ms_detach(b->path, "/dev/null", 0, &b->err), MS_ERR_IO);
	assert_int_equal(ms_detach(b->path, b->dir, 0, &b->err), MS_ERR_IO);
	assert_int_equal(ms_detach(b->path, in_dir(&b->dir, "no/dir"), 0, &b->err), MS_ERR_IO);
}

/* ---- attach ---- */

static int attach(struct bench *b, const struct buf *file, const struct buf *sig,
	struct ms_attach_options options)
{
	write_buf(b->path, file);
	write_buf(b->sig, sig);
	memset(&b->err, 0, sizeof(b->err));
	return ms_attach(b->path, b->sig, NULL, &options, &b->err);
}

static void attach_gives(struct bench *b, const struct buf *file, const struct buf *sig,
	struct ms_attach_options options, const struct buf *expected)
{
	if (attach(b, file, sig, options))
		fail_msg("%s", b->err.message);
	assert_holds(b->path, expected);
}

static void attach_refuses(struct bench *b, const struct buf *file, const struct buf *sig,
	struct ms_attach_options options, int code, const char *part)
{
	assert_int_equal(attach(b, file, sig, options), code);
	assert_int_equal(b->err.code, code);
	assert_contains(b->err.message, part);
	assert_holds(b->path, file);
}

static void attach_a_cms(void **state)
{
	struct bench *b = *state;
	struct ms_attach_options options = { .cert = b->public };
	AUTO_BUF struct buf file = { 0 };
	const char *dest = in_dir(&b->dir, "out.ko");

	attach_gives(b, &b->bare, &b->cms, options, &b->signed_file);
	attach_gives(b, &b->signed_file, &b->cms, options, &b->signed_file);
	add_buf(&file, &b->signed_file); /* what is there is replaced, whole or cut */
	append_tail(&file, &b->cms);
	attach_gives(b, &file, &b->cms, options, &b->signed_file);
	file.len = b->signed_file.len - 1;
	attach_gives(b, &file, &b->cms, options, &b->signed_file);
	write_buf(b->path, &b->bare);
	assert_int_equal(ms_attach(b->path, b->sig, dest, &options, &b->err), 0);
	assert_holds(b->path, &b->bare);
	assert_holds(dest, &b->signed_file);
}

static void attach_on_top(void **state)
{
	struct bench *b = *state;
	struct ms_attach_options options = { .cert = b->public, .stack = true };
	AUTO_BUF struct buf second = { 0 }, expected = { 0 };

	make_signature(&b->signed_file, RSA_A, b->cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA512, NULL,
		&second);
	add_buf(&expected, &b->signed_file);
	append_tail(&expected, &second);
	attach_gives(b, &b->signed_file, &second, options, &expected);
	/* it must have been made of what is below it */
	attach_refuses(b, &b->signed_file, &b->cms, options, MS_ERR_SIGNATURE, b->sig);
	options.stack = false;
	attach_refuses(b, &b->signed_file, &second, options, MS_ERR_SIGNATURE, b->sig);
}

static void attach_refuses_what_does_not_fit(void **state)
{
	struct bench *b = *state;
	AUTO_X509 X509 *other = self_signed(RSA_B);
	struct ms_cert *public = public_cert(other);
	struct ms_attach_options options = { .cert = b->public }, wrong = { .cert = public };
	AUTO_BUF struct buf sig = { 0 };

	attach_refuses(b, &b->bare, &b->cms, wrong, MS_ERR_SIGNATURE, "it is not a signature of");
	assert_contains(b->err.message, "CN=key 1");
	add_buf(&sig, &b->cms);
	sig.data[sig.len - 1] ^= 1;
	attach_refuses(b, &b->bare, &sig, options, MS_ERR_SIGNATURE, b->sig);
	sig.data[sig.len - 1] ^= 1;
	sig.len--;
	attach_refuses(b, &b->bare, &sig, options, MS_ERR_SIGNATURE, "not a CMS");
	sig.len = 0;
	attach_refuses(b, &b->bare, &sig, options, MS_ERR_SIGNATURE, b->sig);
	ms_cert_free(public);
}

static void raw_signature(struct bench *b, enum test_key which, enum ms_hash hash, struct buf *raw)
{
	struct soft_key soft = { 0 };
	struct ms_key *key = soft_key(which, &soft);
	uint8_t digest[MS_HASH_MAX_SIZE], sig[KEY_SIG_MAX];
	size_t len;

	assert_int_equal(digest_of(hash, b->bare.data, b->bare.len, digest, NULL), 0);
	assert_int_equal(
		soft_sign(key, KEY_INPUT_DIGEST, hash, digest, ms_hash_size(hash), sig, &len, NULL),
		0);
	buf_free(raw);
	assert_int_equal(buf_add(raw, sig, len), 0);
	ms_key_free(key);
}

static void attach_a_bare_signature(void **state)
{
	struct bench *b = *state;
	AUTO_BUF struct buf raw = { 0 }, expected = { 0 };

	raw_signature(b, RSA_A, MS_HASH_SHA256, &raw);
	attach_gives(b, &b->bare, &raw,
		(struct ms_attach_options){ .cert = b->public, .raw = true }, &b->signed_file);
	raw_signature(b, RSA_A, MS_HASH_SHA3_384, &raw);
	add_buf(&expected, &b->bare);
	append_signature(&expected, RSA_A, b->cert, CMS_SID_KEY_ID, MS_HASH_SHA3_384, NULL);
	attach_gives(b, &b->bare, &raw,
		(struct ms_attach_options){ .cert = b->public,
			.raw = true,
			.hash = MS_HASH_SHA3_384,
			.key_id = MS_KEY_ID_SKI },
		&expected);
}

static void attach_refuses_a_bare_signature(void **state)
{
	struct bench *b = *state;
	AUTO_X509 X509 *ec = self_signed(EC_256);
	struct ms_cert *public = public_cert(ec);
	struct ms_attach_options options = { .cert = b->public, .raw = true };
	AUTO_BUF struct buf raw = { 0 };

	raw_signature(b, RSA_A, MS_HASH_SHA512, &raw);
	attach_refuses(b, &b->bare, &raw, options, MS_ERR_SIGNATURE, "with sha256 and the key of");
	raw_signature(b, RSA_A, MS_HASH_SHA256, &raw);
	raw.len--;
	attach_refuses(b, &b->bare, &raw, options, MS_ERR_SIGNATURE, b->sig);
	raw.len = 0;
	attach_refuses(b, &b->bare, &raw, options, MS_ERR_SIGNATURE, b->sig);
	raw_signature(b, RSA_B, MS_HASH_SHA256, &raw);
	attach_refuses(b, &b->bare, &raw, options, MS_ERR_SIGNATURE, b->sig);
	options.cert = public;
	attach_refuses(b, &b->bare, &raw, options, MS_ERR_SIGNATURE, "CN=key 2");
	raw_signature(b, EC_256, MS_HASH_SHA256, &raw);
	assert_int_equal(buf_add(&raw, "x", 1), 0);
	attach_refuses(b, &b->bare, &raw, options, MS_ERR_SIGNATURE, b->sig);
	ms_cert_free(public);
}

static void attach_anything(void **state)
{
	struct bench *b = *state;
	struct ms_attach_options options = { .unverified = true };
	AUTO_BUF struct buf sig = { 0 }, expected = { 0 };

	assert_int_equal(buf_add(&sig, "whatever", 8), 0);
	add_buf(&expected, &b->bare);
	append_tail(&expected, &sig);
	attach_gives(b, &b->bare, &sig, options, &expected);
	sig.len = 0; /* but there must be something */
	attach_refuses(b, &b->bare, &sig, options, MS_ERR_USAGE, "");
}

static void attach_needs(void **state)
{
	struct bench *b = *state;
	struct ms_attach_options none = { 0 }, raw = { .raw = true, .unverified = true };
	struct ms_attach_options options = { .cert = b->public };

	attach_refuses(b, &b->bare, &b->cms, none, MS_ERR_USAGE, "without its certificate");
	attach_refuses(b, &b->bare, &b->cms, raw, MS_ERR_USAGE, "without its certificate");
	assert_int_equal(unlink(b->sig), 0);
	assert_int_equal(ms_attach(b->path, b->sig, NULL, &options, &b->err), MS_ERR_IO);
	assert_contains(b->err.message, b->sig);
	assert_int_equal(ms_attach(b->path, b->dir, NULL, &options, &b->err), MS_ERR_IO);
	write_buf(b->sig, &b->cms);
	assert_int_equal(unlink(b->path), 0);
	assert_int_equal(ms_attach(b->path, b->sig, NULL, &options, &b->err), MS_ERR_IO);
	assert_contains(b->err.message, b->path);
	write_file(b->path, "text", 4);
	assert_int_equal(ms_attach(b->path, b->sig, NULL, &options, &b->err), MS_ERR_MODULE);
	assert_int_equal(ms_attach(b->path, b->sig, NULL, &options, NULL), MS_ERR_MODULE);
}

static void there_and_back(void **state)
{
	struct bench *b = *state;
	struct ms_attach_options options = { .cert = b->public };
	unsigned n;
	enum ms_module_state was;

	write_buf(b->path, &b->signed_file);
	assert_int_equal(ms_detach(b->path, b->sig, 0, &b->err), 0);
	assert_int_equal(ms_strip(b->path, NULL, 0, &n, &was, &b->err), 0);
	assert_int_equal(ms_attach(b->path, b->sig, NULL, &options, &b->err), 0);
	assert_holds(b->path, &b->signed_file);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(strip),
		test(strip_leaves_a_bare_file_alone),
		test(strip_refuses),
		test(detach),
		test(detach_refuses),
		test(attach_a_cms),
		test(attach_on_top),
		test(attach_refuses_what_does_not_fit),
		test(attach_a_bare_signature),
		test(attach_refuses_a_bare_signature),
		test(attach_anything),
		test(attach_needs),
		test(there_and_back),
	};

	return cmocka_run_group_tests_name("sign/attach", tests, NULL, NULL);
}
