/* SPDX-License-Identifier: Apache-2.0 */
/* One module signed, by a key that does what it should and by one that does not. */
#include <modseal/sign.h>
#include <modseal/verify.h>

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/signing_fixture.h"

struct bench {
	void *dir;
	struct buf bare;
	const char *path; /* m.ko, which holds `bare` at first */
	X509 *cert;	  /* of RSA_A */
	struct ms_cert *public;
	struct soft_key soft;
	struct ms_key *key; /* RSA_A */
	struct ms_error err;
	struct ms_sign_result result;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (!b || dir_setup(&b->dir))
		return -1;
	make_module(&b->bare);
	b->path = strdup(in_dir(&b->dir, "m.ko"));
	write_buf(b->path, &b->bare);
	b->cert = self_signed(RSA_A);
	b->public = public_cert(b->cert);
	b->key = soft_key(RSA_A, &b->soft);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	int r = dir_teardown(&b->dir);

	ms_key_free(b->key);
	ms_cert_free(b->public);
	X509_free(b->cert);
	free((char *)b->path);
	buf_free(&b->bare);
	free(b);
	return r;
}

static struct ms_signer *signer(struct bench *b, struct ms_sign_options options)
{
	struct ms_signer *s = NULL;

	if (ms_signer_new(b->key, b->public, &options, &s, &b->err))
		fail_msg("%s", b->err.message);
	return s;
}

static void sign_with(struct bench *b, struct ms_sign_options options, const char *dest)
{
	struct ms_signer *s = signer(b, options);

	if (ms_sign(s, b->path, dest, &b->result, &b->err))
		fail_msg("%s", b->err.message);
	ms_signer_free(s);
}

static void assert_verdict(struct bench *b, const char *path, enum ms_verdict expected)
{
	struct ms_verification v;

	assert_int_equal(ms_verify(path, MS_ANY_FILE, &b->public, 1, &v, &b->err), 0);
	if (v.verdict != expected)
		fail_msg("%s: %s", ms_verdict_name(v.verdict), v.reason);
}

/* What stands in the file is the bare module and one signature by this hash and name. */
static void assert_signed(struct bench *b, const char *path, enum ms_hash hash, enum cms_sid sid)
{
	AUTO_BUF struct buf expected = { 0 };

	add_buf(&expected, &b->bare);
	append_signature(&expected, RSA_A, b->cert, sid, hash, NULL);
	assert_holds(path, &expected);
}

static void assert_alone(struct bench *b, int files)
{
	int found = 0;
	DIR *dir = opendir(b->dir);

	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));)
		found += d->d_name[0] != '.' || strlen(d->d_name) > 2;
	closedir(dir);
	assert_int_equal(found, files);
}

static void in_place(void **state)
{
	struct bench *b = *state;

	sign_with(b, (struct ms_sign_options){ 0 }, NULL);
	assert_signed(b, b->path, MS_HASH_SHA256, CMS_SID_ISSUER_SERIAL);
	assert_false(b->result.kept);
	assert_int_equal(b->result.replaced, 0);
	assert_false(b->result.mended);
	assert_int_equal(b->result.size, b->bare.len + b->result.cms_size + 40);
	assert_alone(b, 1);
}

static void options_are_heeded(void **state)
{
	struct bench *b = *state;

	for (size_t h = 0; h < N_NEW_HASHES; h++)
		for (int ski = 0; ski < 2; ski++) {
			struct ms_sign_options options = { .hash = new_hashes[h],
				.key_id = ski ? MS_KEY_ID_SKI : MS_KEY_ID_ISSUER };
			struct ms_signer *s = signer(b, options);

			assert_int_equal(ms_signer_hash(s), new_hashes[h]);
			assert_int_equal(ms_sign(s, b->path, NULL, &b->result, &b->err), 0);
			assert_signed(b, b->path, new_hashes[h],
				ski ? CMS_SID_KEY_ID : CMS_SID_ISSUER_SERIAL);
			ms_signer_free(s);
		}
}

static void elsewhere(void **state)
{
	struct bench *b = *state;
	const char *dest = in_dir(&b->dir, "out.ko");

	sign_with(b, (struct ms_sign_options){ 0 }, dest);
	assert_holds(b->path, &b->bare);
	assert_signed(b, dest, MS_HASH_SHA256, CMS_SID_ISSUER_SERIAL);
	assert_alone(b, 2);
}

static void signatures_are_replaced_or_stacked(void **state)
{
	struct bench *b = *state;
	AUTO_BUF struct buf once = { 0 }, twice = { 0 };

	sign_with(b, (struct ms_sign_options){ 0 }, NULL);
	assert_int_equal(file_read(b->path, 1 << 20, &once, NULL), 0);
	sign_with(b, (struct ms_sign_options){ .stack = true }, NULL);
	assert_int_equal(b->result.replaced, 0);
	add_buf(&twice, &once);
	append_signature(&twice, RSA_A, b->cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL);
	assert_holds(b->path, &twice);
	sign_with(b, (struct ms_sign_options){ 0 }, NULL);
	assert_int_equal(b->result.replaced, 2);
	assert_holds(b->path, &once);
}

static void keep_existing(void **state)
{
	struct bench *b = *state;
	AUTO_X509 X509 *other = self_signed(RSA_B);
	AUTO_BUF struct buf file = { 0 };
	struct ms_sign_options keep = { .keep_existing = true, .hash = MS_HASH_SHA512 };
	const char *dest = in_dir(&b->dir, "out.ko");

	sign_with(b, keep, NULL); /* had none */
	assert_false(b->result.kept);
	assert_signed(b, b->path, MS_HASH_SHA512, CMS_SID_ISSUER_SERIAL);
	b->soft.calls = 0;
	keep.hash = MS_HASH_SHA256;
	sign_with(b, keep, NULL);
	assert_true(b->result.kept);
	assert_int_equal(b->soft.calls, 0);
	assert_signed(b, b->path, MS_HASH_SHA512, CMS_SID_ISSUER_SERIAL);
	sign_with(b, keep, dest);
	assert_true(b->result.kept);
	assert_signed(b, dest, MS_HASH_SHA512, CMS_SID_ISSUER_SERIAL);

	add_buf(&file, &b->bare);
	append_signature(&file, RSA_B, other, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL);
	write_buf(b->path, &file);
	sign_with(b, keep, NULL); /* had another key's */
	assert_false(b->result.kept);
	assert_int_equal(b->result.replaced, 1);
	assert_signed(b, b->path, MS_HASH_SHA256, CMS_SID_ISSUER_SERIAL);
}

static void dry_run(void **state)
{
	struct bench *b = *state;
	struct ms_sign_options dry = { .dry_run = true };
	AUTO_BUF struct buf file = { 0 };

	sign_with(b, dry, NULL);
	sign_with(b, dry, in_dir(&b->dir, "out.ko"));
	assert_holds(b->path, &b->bare);
	add_buf(&file, &b->bare);
	add_tail(&file, 60);
	write_buf(b->path, &file);
	sign_with(b, dry, NULL);
	assert_int_equal(b->result.replaced, 1);
	assert_holds(b->path, &file);
	assert_int_equal(b->soft.calls, 0);
	assert_alone(b, 1);
}

static void broken_tails_are_mended(void **state)
{
	struct bench *b = *state;
	AUTO_BUF struct buf file = { 0 };

	add_buf(&file, &b->bare);
	add_tail(&file, 60);
	file.len -= 3; /* interrupted */
	for (int stack = 0; stack < 2; stack++) {
		write_buf(b->path, &file);
		sign_with(b, (struct ms_sign_options){ .stack = stack }, NULL);
		assert_true(b->result.mended);
		assert_signed(b, b->path, MS_HASH_SHA256, CMS_SID_ISSUER_SERIAL);
	}
	file.len += 3;
	file.data[file.len - 28 - 1] ^= 1; /* malformed */
	write_buf(b->path, &file);
	sign_with(b, (struct ms_sign_options){ 0 }, NULL);
	assert_true(b->result.mended);
	assert_signed(b, b->path, MS_HASH_SHA256, CMS_SID_ISSUER_SERIAL);
}

static void any_file(void **state)
{
	struct bench *b = *state;
	struct ms_signer *s = signer(b, (struct ms_sign_options){ 0 });

	buf_free(&b->bare);
	assert_int_equal(buf_add(&b->bare, "an image", 8), 0);
	write_buf(b->path, &b->bare);
	assert_int_equal(ms_sign(s, b->path, NULL, &b->result, &b->err), MS_ERR_MODULE);
	assert_contains(b->err.message, b->path);
	assert_holds(b->path, &b->bare);
	ms_signer_free(s);
	sign_with(b, (struct ms_sign_options){ .flags = MS_ANY_FILE }, NULL);
	assert_signed(b, b->path, MS_HASH_SHA256, CMS_SID_ISSUER_SERIAL);
}

static void a_key_that_wants_the_message(void **state)
{
	struct bench *b = *state;

	b->soft.input = KEY_INPUT_MESSAGE;
	sign_with(b, (struct ms_sign_options){ .hash = MS_HASH_SHA512 }, NULL);
	assert_signed(b, b->path, MS_HASH_SHA512, CMS_SID_ISSUER_SERIAL);
}

static void a_chain_travels_along(void **state)
{
	struct bench *b = *state;
	AUTO_X509 X509 *ca =
		make_cert(&(struct test_cert){ .name = "ca", .key = test_key(EC_384) });
	AUTO_X509 X509 *leaf = make_cert(&(struct test_cert){ .name = "leaf",
		.key = test_key(RSA_A),
		.issuer = ca,
		.issuer_key = test_key(EC_384) });
	struct ms_cert *public = public_cert(leaf), *root = public_cert(ca);
	struct ms_cert *chain[] = { public };
	struct ms_sign_options options = { .chain = chain, .n_chain = 1 };
	struct ms_verification v;
	struct ms_signer *s = NULL;

	assert_int_equal(ms_signer_new(b->key, public, &options, &s, &b->err), 0);
	ms_cert_free(public); /* they were copied */
	assert_int_equal(ms_sign(s, b->path, NULL, &b->result, &b->err), 0);
	assert_int_equal(ms_verify(b->path, 0, &root, 1, &v, &b->err), 0);
	assert_int_equal(v.verdict, MS_VALID);
	ms_signer_free(s);
	ms_cert_free(root);
}

/* What a device may do wrong: the module is as it was, and nothing lies beside it. */
static void a_key_that_fails(void **state)
{
	static const struct {
		struct soft_key soft;
		int code;
	} ways[] = {
		{ { .flip = true }, MS_ERR_TOKEN },
		{ { .cut = true }, MS_ERR_TOKEN },
		{ { .empty = true }, MS_ERR_TOKEN },
		{ { .error = MS_ERR_PIN }, MS_ERR_PIN },
		{ { .error = MS_ERR_TIMEOUT }, MS_ERR_TIMEOUT },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct soft_key soft = ways[i].soft;
		struct ms_key *key = soft_key(RSA_A, &soft);
		struct ms_sign_options options = { 0 };
		struct ms_signer *s = NULL;

		assert_int_equal(ms_signer_new(key, b->public, &options, &s, &b->err), 0);
		assert_int_equal(ms_sign(s, b->path, NULL, &b->result, &b->err), ways[i].code);
		assert_int_equal(b->err.code, ways[i].code);
		assert_contains(b->err.message, "the test's token");
		assert_int_equal(
			ms_sign(s, b->path, in_dir(&b->dir, "out.ko"), &b->result, &b->err),
			ways[i].code);
		assert_int_equal(ms_sign_detached(s, b->path, in_dir(&b->dir, "out.p7s"), &b->err),
			ways[i].code);
		ms_signer_free(s);
		ms_key_free(key);
		assert_holds(b->path, &b->bare);
		assert_alone(b, 1);
	}
}

static void no_signer(
	struct bench *b, X509 *cert, struct ms_sign_options options, int code, const char *part)
{
	struct ms_cert *public = public_cert(cert);
	struct ms_signer *s = NULL;

	memset(&b->err, 0, sizeof(b->err));
	assert_int_equal(ms_signer_new(b->key, public, &options, &s, &b->err), code);
	assert_null(s);
	assert_int_equal(b->err.code, code);
	assert_contains(b->err.message, part);
	ms_cert_free(public);
}

/* All that can be known beforehand is refused beforehand. */
static void what_no_signer_is_made_of(void **state)
{
	struct bench *b = *state;
	AUTO_X509 X509 *other = self_signed(RSA_B);
	AUTO_X509 X509 *no_ski = make_cert(&(struct test_cert){
		.name = "plain", .key = test_key(RSA_A), .no_ski = true, .no_aki = true });

	no_signer(b, other, (struct ms_sign_options){ 0 }, MS_ERR_CERT,
		"the certificate \"CN=key 1\" is not of the key test:key");
	no_signer(
		b, b->cert, (struct ms_sign_options){ .hash = MS_HASH_SHA1 }, MS_ERR_USAGE, "sha1");
	no_signer(b, b->cert, (struct ms_sign_options){ .hash = MS_HASH_SHA224 }, MS_ERR_USAGE,
		"sha224");
	no_signer(b, no_ski, (struct ms_sign_options){ .key_id = MS_KEY_ID_SKI }, MS_ERR_CERT,
		"no subject key identifier");
	b->soft.only = MS_HASH_SHA512;
	no_signer(b, b->cert, (struct ms_sign_options){ 0 }, MS_ERR_KEY, "cannot sign with sha256");
	assert_int_equal(b->soft.calls, 0);
	sign_with(b, (struct ms_sign_options){ .hash = MS_HASH_SHA512 }, NULL);
}

static void a_type_that_kernels_do_not_check(void **state)
{
	struct bench *b = *state;
	AUTO_X509 X509 *cert = self_signed(ED25519);

	ms_key_free(b->key);
	memset(&b->soft, 0, sizeof(b->soft));
	b->key = soft_key(ED25519, &b->soft);
	no_signer(b, cert, (struct ms_sign_options){ 0 }, MS_ERR_UNSUPPORTED, "");
}

static void detached(void **state)
{
	struct bench *b = *state;
	struct ms_signer *s = signer(b, (struct ms_sign_options){ .hash = MS_HASH_SHA384 });
	const char *p7s = in_dir(&b->dir, "m.ko.p7s");
	AUTO_BUF struct buf cms = { 0 };

	make_signature(&b->bare, RSA_A, b->cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA384, NULL, &cms);
	assert_int_equal(ms_sign_detached(s, b->path, p7s, &b->err), 0);
	assert_holds(p7s, &cms);
	assert_holds(b->path, &b->bare);
	assert_int_equal(ms_sign_detached(s, b->path, b->dir, &b->err), MS_ERR_IO);
	assert_int_equal(ms_sign_detached(s, in_dir(&b->dir, "gone.ko"), p7s, &b->err), MS_ERR_IO);
	assert_holds(p7s, &cms);
	assert_alone(b, 2);
	ms_signer_free(s);
}

static void what_cannot_be_read_or_written(void **state)
{
	struct bench *b = *state;
	struct ms_signer *s = signer(b, (struct ms_sign_options){ 0 });
	const char *gone = in_dir(&b->dir, "gone.ko");

	assert_int_equal(ms_sign(s, gone, NULL, &b->result, &b->err), MS_ERR_IO);
	assert_contains(b->err.message, gone);
	assert_int_equal(ms_sign(s, gone, NULL, &b->result, NULL), MS_ERR_IO);
	assert_int_equal(
		ms_sign(s, b->path, in_dir(&b->dir, "no/dir.ko"), &b->result, &b->err), MS_ERR_IO);
	assert_int_equal(ms_sign(s, b->path, b->dir, &b->result, &b->err), MS_ERR_IO);
	assert_holds(b->path, &b->bare);
	assert_alone(b, 1);
	ms_signer_free(s);
}

/* One signer in several threads, each with modules of its own. */

struct worker {
	struct ms_signer *signer;
	void *dir;
	int number, failures;
};

#define WORKERS 4
#define MODULES 8

static void worker_path(const struct worker *w, int module, char *path, size_t size)
{
	snprintf(path, size, "%s/%d-%d.ko", (char *)w->dir, w->number, module);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct ms_sign_result result;
	char path[512];

	for (int i = 0; i < MODULES; i++) {
		worker_path(w, i, path, sizeof(path));
		w->failures += ms_sign(w->signer, path, NULL, &result, NULL) != 0;
	}
	return NULL;
}

static void many_threads(void **state)
{
	struct bench *b = *state;
	struct ms_signer *s = signer(b, (struct ms_sign_options){ 0 });
	struct worker workers[WORKERS];
	pthread_t threads[WORKERS];
	char path[512];

	for (int w = 0; w < WORKERS; w++) {
		workers[w] = (struct worker){ s, b->dir, w, 0 };
		for (int i = 0; i < MODULES; i++) {
			worker_path(&workers[w], i, path, sizeof(path));
			write_buf(path, &b->bare);
		}
	}
	for (int w = 0; w < WORKERS; w++)
		assert_int_equal(pthread_create(&threads[w], NULL, work, &workers[w]), 0);
	for (int w = 0; w < WORKERS; w++) {
		assert_int_equal(pthread_join(threads[w], NULL), 0);
		assert_int_equal(workers[w].failures, 0);
	}
	for (int w = 0; w < WORKERS; w++)
		for (int i = 0; i < MODULES; i++) {
			worker_path(&workers[w], i, path, sizeof(path));
			assert_verdict(b, path, MS_VALID);
		}
	assert_int_equal(b->soft.calls, WORKERS * MODULES);
	ms_signer_free(s);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(in_place),
		test(options_are_heeded),
		test(elsewhere),
		test(signatures_are_replaced_or_stacked),
		test(keep_existing),
		test(dry_run),
		test(broken_tails_are_mended),
		test(any_file),
		test(a_key_that_wants_the_message),
		test(a_chain_travels_along),
		test(a_key_that_fails),
		test(what_no_signer_is_made_of),
		test(a_type_that_kernels_do_not_check),
		test(detached),
		test(what_cannot_be_read_or_written),
		test(many_threads),
	};

	return cmocka_run_group_tests_name("sign/module", tests, NULL, NULL);
}
