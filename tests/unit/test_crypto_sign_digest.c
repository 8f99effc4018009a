/* SPDX-License-Identifier: Apache-2.0 */
/* Signing with a key: what comes back is verified before it is given out. */
#include "src/crypto/sign_digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/crypto_fixture.h"

static const char message[] = "what is signed";
static const enum test_key kinds[] = { RSA_A, EC_256, EC_384, EC_521 };
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct made {
	uint8_t digest[MS_HASH_MAX_SIZE], sig[KEY_SIG_MAX];
	size_t len, sig_len;
};

static int sign(enum test_key which, struct soft_key *soft, enum ms_hash hash, struct made *m,
	struct ms_error *err)
{
	struct ms_key *key = soft_key(which, soft);
	bool whole = soft->input == KEY_INPUT_MESSAGE;
	int r;

	assert_int_equal(digest_of(hash, message, sizeof(message), m->digest, NULL), 0);
	m->len = ms_hash_size(hash);
	r = crypto_key_sign(key, soft->input, hash, whole ? (const uint8_t *)message : m->digest,
		whole ? sizeof(message) : m->len, m->sig, &m->sig_len, err);
	ms_key_free(key);
	return r;
}

static int verify(enum test_key which, enum key_input input, enum ms_hash hash, const void *data,
	size_t len, const uint8_t *sig, size_t sig_len)
{
	struct ms_error err = { 0 };
	int r = crypto_verify(test_key(which), input, hash, data, len, sig, sig_len, &err);

	assert_int_equal(err.code, r);
	return r;
}

static void all_keys_and_hashes(void **state)
{
	for (size_t k = 0; k < N_KINDS; k++)
		for (size_t h = 0; h < N_NEW_HASHES; h++) {
			struct soft_key soft = { 0 };
			struct made m;

			assert_int_equal(sign(kinds[k], &soft, new_hashes[h], &m, NULL), 0);
			assert_int_equal(soft.calls, 1);
			assert_int_equal(verify(kinds[k], KEY_INPUT_DIGEST, new_hashes[h], m.digest,
						 m.len, m.sig, m.sig_len),
				0);
			assert_int_equal(verify(kinds[k], KEY_INPUT_MESSAGE, new_hashes[h], message,
						 sizeof(message), m.sig, m.sig_len),
				0);
		}
}

static void a_key_that_wants_the_message(void **state)
{
	struct soft_key soft = { .input = KEY_INPUT_MESSAGE };
	struct made m;

	assert_int_equal(sign(RSA_A, &soft, MS_HASH_SHA384, &m, NULL), 0);
	assert_int_equal(
		verify(RSA_A, KEY_INPUT_DIGEST, MS_HASH_SHA384, m.digest, m.len, m.sig, m.sig_len),
		0);
}

/* Each way in which a device's signature can be wrong. */
static void a_wrong_signature_is_not_given_out(void **state)
{
	const struct soft_key ways[] = {
		{ .flip = true },
		{ .cut = true },
		{ .empty = true },
		{ .private = test_key(RSA_B) },
	};

	for (size_t k = 0; k < N_KINDS; k++)
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			struct soft_key soft = ways[i];
			struct ms_error err = { 0 };
			struct made m;

			assert_int_equal(
				sign(kinds[k], &soft, MS_HASH_SHA256, &m, &err), MS_ERR_TOKEN);
			assert_int_equal(err.code, MS_ERR_TOKEN);
			assert_non_null(strstr(err.message, "the test's token"));
			assert_non_null(strstr(err.message, "does not fit its own public key"));
			assert_true(err.hint[0]);
			assert_int_equal(soft.calls, 1); /* it is not asked again */
		}
}

static void a_failure_of_the_key_comes_through(void **state)
{
	struct soft_key soft = { .error = MS_ERR_TIMEOUT };
	struct ms_error err = { 0 };
	struct made m;

	assert_int_equal(sign(RSA_A, &soft, MS_HASH_SHA256, &m, &err), MS_ERR_TIMEOUT);
	assert_string_equal(err.message, "the test's token gave up");
}

static void verify_says_no(void **state)
{
	for (size_t k = 0; k < N_KINDS; k++) {
		struct soft_key soft = { 0 };
		struct made m, bad;

		assert_int_equal(sign(kinds[k], &soft, MS_HASH_SHA256, &m, NULL), 0);
		bad = m;
		bad.digest[0] ^= 1;
		assert_int_equal(verify(kinds[k], KEY_INPUT_DIGEST, MS_HASH_SHA256, bad.digest,
					 m.len, m.sig, m.sig_len),
			MS_ERR_SIGNATURE);
		assert_int_equal(verify(kinds[k], KEY_INPUT_DIGEST, MS_HASH_SHA256, m.digest, m.len,
					 m.sig, m.sig_len - 1),
			MS_ERR_SIGNATURE);
		assert_int_equal(verify(kinds[k], KEY_INPUT_DIGEST, MS_HASH_SHA256, m.digest, m.len,
					 m.sig, 0),
			MS_ERR_SIGNATURE);
		assert_int_equal(verify(kinds[k], KEY_INPUT_MESSAGE, MS_HASH_SHA256, message,
					 sizeof(message) - 1, m.sig, m.sig_len),
			MS_ERR_SIGNATURE);
		for (size_t i = 0; i < m.sig_len; i++) {
			bad = m;
			bad.sig[i] ^= 0x10;
			assert_int_equal(verify(kinds[k], KEY_INPUT_DIGEST, MS_HASH_SHA256,
						 m.digest, m.len, bad.sig, m.sig_len),
				MS_ERR_SIGNATURE);
		}
	}
}

/* The hash is part of an RSA signature; a longer one of the same digest length is another. */
static void verify_minds_the_hash(void **state)
{
	struct soft_key soft = { 0 };
	struct made m;

	assert_int_equal(sign(RSA_A, &soft, MS_HASH_SHA256, &m, NULL), 0);
	assert_int_equal(verify(RSA_A, KEY_INPUT_DIGEST, MS_HASH_SHA3_256, m.digest, m.len, m.sig,
				 m.sig_len),
		MS_ERR_SIGNATURE);
	assert_int_equal(
		verify(RSA_B, KEY_INPUT_DIGEST, MS_HASH_SHA256, m.digest, m.len, m.sig, m.sig_len),
		MS_ERR_SIGNATURE);
}

static void a_key_that_verifies_no_digest(void **state)
{
	uint8_t digest[32] = { 0 }, sig[64] = { 0 };

	assert_int_equal(verify(ED25519, KEY_INPUT_DIGEST, MS_HASH_SHA256, digest, sizeof(digest),
				 sig, sizeof(sig)),
		MS_ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_keys_and_hashes),
		cmocka_unit_test(a_key_that_wants_the_message),
		cmocka_unit_test(a_wrong_signature_is_not_given_out),
		cmocka_unit_test(a_failure_of_the_key_comes_through),
		cmocka_unit_test(verify_says_no),
		cmocka_unit_test(verify_minds_the_hash),
		cmocka_unit_test(a_key_that_verifies_no_digest),
	};

	return cmocka_run_group_tests_name("crypto/sign_digest", tests, NULL, NULL);
}
