/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/digest.h"

#include <openssl/objects.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Of "abc": FIPS 180-4 and FIPS 202, examples. */
static const struct {
	enum ms_hash hash;
	const char *name;
	size_t size;
	const char *abc;
} known[] = {
	{ MS_HASH_SHA1, "sha1", 20, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ MS_HASH_SHA224, "sha224", 28,
		"23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
	{ MS_HASH_SHA256, "sha256", 32,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ MS_HASH_SHA384, "sha384", 48,
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		"8086072ba1e7cc2358baeca134c825a7" },
	{ MS_HASH_SHA512, "sha512", 64,
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ MS_HASH_SHA3_256, "sha3-256", 32,
		"3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
	{ MS_HASH_SHA3_384, "sha3-384", 48,
		"ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
		"98d88cea927ac7f539f1edf228376d25" },
	{ MS_HASH_SHA3_512, "sha3-512", 64,
		"b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
		"10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0" },
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

static void assert_hex(const uint8_t *data, size_t len, const char *hex)
{
	char text[2 * MS_HASH_MAX_SIZE + 1] = "";

	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	assert_string_equal(text, hex);
}

static void names_and_sizes(void **state)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		assert_string_equal(ms_hash_name(known[i].hash), known[i].name);
		assert_int_equal(ms_hash_size(known[i].hash), known[i].size);
		assert_int_equal(ms_hash_by_name(known[i].name), known[i].hash);
	}
	assert_int_equal(ms_hash_by_name("SHA512"), MS_HASH_SHA512);
	assert_int_equal(ms_hash_by_name("Sha3-256"), MS_HASH_SHA3_256);
	assert_string_equal(ms_hash_name(MS_HASH_NONE), "none");
	assert_int_equal(ms_hash_size(MS_HASH_NONE), 0);
}

static void names_that_are_none(void **state)
{
	static const char *const names[] = { "", "none", "md5", "sha", "sha25", "sha2567",
		"sha-256", "sha3", " sha256" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(ms_hash_by_name(names[i]), MS_HASH_NONE);
}

static void old_ones_sign_nothing_new(void **state)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		assert_int_equal(!!ms_hash_can_sign(known[i].hash),
			known[i].hash != MS_HASH_SHA1 && known[i].hash != MS_HASH_SHA224);
	assert_false(ms_hash_can_sign(MS_HASH_NONE));
}

static void identifiers(void **state)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		assert_int_equal(digest_by_nid(digest_nid(known[i].hash)), known[i].hash);
		assert_non_null(digest_md(known[i].hash));
		assert_int_equal(
			EVP_MD_get_type(digest_md(known[i].hash)), digest_nid(known[i].hash));
	}
	assert_int_equal(digest_by_nid(NID_md5), MS_HASH_NONE);
	assert_int_equal(digest_by_nid(NID_undef), MS_HASH_NONE);
	assert_null(digest_md(MS_HASH_NONE));
}

static void known_answers(void **state)
{
	uint8_t out[MS_HASH_MAX_SIZE];

	for (size_t i = 0; i < N_KNOWN; i++) {
		assert_int_equal(digest_of(known[i].hash, "abc", 3, out, NULL), 0);
		assert_hex(out, known[i].size, known[i].abc);
	}
}

static void in_pieces(void **state)
{
	uint8_t out[MS_HASH_MAX_SIZE];
	struct digest d;

	for (size_t i = 0; i < N_KNOWN; i++) {
		assert_int_equal(digest_begin(&d, known[i].hash, NULL), 0);
		assert_int_equal(digest_add(&d, "a", 1, NULL), 0);
		assert_int_equal(digest_add(&d, "", 0, NULL), 0);
		assert_int_equal(digest_add(&d, "bc", 2, NULL), 0);
		assert_int_equal(digest_end(&d, out, NULL), 0);
		assert_hex(out, known[i].size, known[i].abc);
		digest_free(&d); /* harmless afterwards */
	}
}

static void given_up_half_way(void **state)
{
	struct digest d;

	assert_int_equal(digest_begin(&d, MS_HASH_SHA256, NULL), 0);
	assert_int_equal(digest_add(&d, "abc", 3, NULL), 0);
	digest_free(&d);
	digest_free(&d);
}

static void none_is_refused(void **state)
{
	struct ms_error err = { 0 };
	uint8_t out[MS_HASH_MAX_SIZE];
	struct digest d;

	assert_int_equal(digest_begin(&d, MS_HASH_NONE, &err), MS_ERR_UNSUPPORTED);
	assert_int_equal(err.code, MS_ERR_UNSUPPORTED);
	assert_int_equal(digest_of(MS_HASH_NONE, "abc", 3, out, &err), MS_ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_sizes),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(old_ones_sign_nothing_new),
		cmocka_unit_test(identifiers),
		cmocka_unit_test(known_answers),
		cmocka_unit_test(in_pieces),
		cmocka_unit_test(given_up_half_way),
		cmocka_unit_test(none_is_refused),
	};

	return cmocka_run_group_tests_name("crypto/digest", tests, NULL, NULL);
}
