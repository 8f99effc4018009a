/* SPDX-License-Identifier: Apache-2.0 */
/* Password hashes in MokManager's form: what mokutil 0.6.0 made of the same, and spoilt ones. */
#include "src/trust/mokauth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "secret", by openssl passwd. */
static const char sha512[] =
	"$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrV"
	"ACtLtip/cZ/1GM/O6IND4WQhG.";
static const char sha256[] = "$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.";
static const char bcrypt[] = "$2y$10$abcdefghijklmnopqrstuuS5VfOJZzI6P3CbQ7QpvFTTO0bZqz0VO";

/* The bytes of a request as far as they are not zero. */
static const char sha512_auth[] =
	"0400881300000000000008006162636465666768000000000000000000000000000000000000000000000000"
	"b2629284ee8e1dd93b79392f1019765fb9196808c8fe1cc917f3d0201a99266c1e9e58db930768163d86718c"
	"c5fa30ba31899666acaddce1878c5b0c1295b512";
static const char sha256_auth[] =
	"0300881300000000000008006162636465666768000000000000000000000000000000000000000000000000"
	"3b93b07dc78ad60ebc54adb5e1c69fc702321d80ec84f635749cdaac0dfe2106";
static const char bcrypt_auth[] =
	"050000000000000000001e00243279243130246162636465666768696a6b6c6d6e6f70717273747575000000"
	"533556664f4a5a7a493650334362513751707646"
	"54544f30625a717a30564f";

static void becomes(const char *crypted, const char *hex)
{
	uint8_t auth[MOKAUTH_SIZE], expected[MOKAUTH_SIZE] = { 0 };
	struct ms_error err = { 0 };

	for (size_t i = 0; hex[2 * i]; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1] };

		expected[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	if (mokauth_parse(crypted, auth, &err) < 0)
		fail_msg("%s: %s", crypted, err.message);
	assert_memory_equal(auth, expected, MOKAUTH_SIZE);
}

static void as_mokutil(void **state)
{
	becomes(sha512, sha512_auth);
	becomes(sha256, sha256_auth);
	becomes(bcrypt, bcrypt_auth);
}

static void rounds_and_salts(void **state)
{
	uint8_t auth[MOKAUTH_SIZE];
	struct ms_error err = { 0 };
	char crypted[256];

	snprintf(crypted, sizeof(crypted), "$6$rounds=1000$%s", strrchr(sha512, '$'));
	assert_int_equal(mokauth_parse(crypted, auth, &err), 0);
	assert_int_equal(auth[2] | auth[3] << 8, 1000);
	assert_int_equal(auth[10], 0); /* an empty salt is a salt */
	assert_int_equal(auth[12], 0);
	snprintf(crypted, sizeof(crypted), "$6$rounds=999999999$0123456789abcdef%s",
		strrchr(sha512, '$'));
	assert_int_equal(mokauth_parse(crypted, auth, &err), 0);
	assert_int_equal(auth[10], 16);
	assert_memory_equal(auth + 12, "0123456789abcdef", 16);
}

/* Cut anywhere, a character more, a character that is none of theirs: refused, and nothing is read
 * behind the end (ASan looks). */
static void spoilt(void **state)
{
	static const char *const good[] = { sha512, sha256, bcrypt };
	uint8_t auth[MOKAUTH_SIZE];
	struct ms_error err = { 0 };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t len = strlen(good[i]);
		char *text = test_malloc(len + 2);

		for (size_t n = 0; n < len; n++) {
			char *cut = test_malloc(n + 1);

			memcpy(cut, good[i], n);
			cut[n] = '\0';
			assert_int_equal(mokauth_parse(cut, auth, &err), MS_ERR_PIN);
			test_free(cut);
		}
		strcpy(text, good[i]);
		strcat(text, "a");
		assert_int_equal(mokauth_parse(text, auth, &err), MS_ERR_PIN);
		for (size_t n = len - 20; n < len; n++) {
			strcpy(text, good[i]);
			text[n] = (char)0xc3;
			assert_int_equal(mokauth_parse(text, auth, &err), MS_ERR_PIN);
		}
		test_free(text);
	}
}

static void other_kinds(void **state)
{
	static const char *const texts[] = { "", "secret", "$1$abcdefgh$JQzZsL5m7dZzk0zGkF6Lr/",
		"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
		"$2b$10$abcdefghijklmnopqrstuuS5VfOJZzI6P3CbQ7QpvFTTO0bZqz0VO", "!", "*0", "$6",
		"$" };
	uint8_t auth[MOKAUTH_SIZE];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ms_error err = { 0 };

		assert_int_equal(mokauth_parse(texts[i], auth, &err), MS_ERR_PIN);
		assert_non_null(strstr(err.message, "of a kind"));
		assert_true(err.hint[0]);
	}
}

static void passwords(void **state)
{
	struct ms_mok_password *one = NULL, *two = NULL;
	struct ms_error err = { 0 };

	assert_int_equal(ms_mok_password_new("secret", &one, &err), 0);
	assert_int_equal(ms_mok_password_new("secret", &two, &err), 0);
	assert_int_equal(one->auth[0], 4);
	assert_int_equal(one->auth[10], 16);
	/* Salts differ, and so hashes. */
	assert_memory_not_equal(one->auth + 12, two->auth + 12, 16);
	assert_memory_not_equal(one->auth + 44, two->auth + 44, 64);
	ms_mok_password_free(one);
	ms_mok_password_free(two);
	assert_int_equal(ms_mok_password_new("", &one, &err), MS_ERR_PIN);
	assert_null(one);
	assert_int_equal(ms_mok_password_new("\xc3\xa4", &one, &err), MS_ERR_PIN);
	assert_int_equal(ms_mok_password_new("a\x7f", &one, &err), MS_ERR_PIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_mokutil),
		cmocka_unit_test(rounds_and_salts),
		cmocka_unit_test(spoilt),
		cmocka_unit_test(other_kinds),
		cmocka_unit_test(passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
