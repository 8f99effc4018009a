/* SPDX-License-Identifier: Apache-2.0 */
/* The context that keys are opened in, and a key's frame. */
#include "src/key/context.h"
#include "src/key/key.h"

#include "src/base/error.h"

#include <openssl/ec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/crypto_fixture.h"

static void a_new_context(void **state)
{
	struct ms_context *ctx = ms_context_new();

	assert_non_null(ctx);
	assert_int_equal(ctx->timeout, 60);
	assert_null(ctx->module);
	assert_false(ms_context_wedged(ctx));
	ctx->wedged = true;
	assert_true(ms_context_wedged(ctx));
	ms_context_free(ctx);
	ms_context_free(NULL);
}

static void what_is_set(void **state)
{
	struct ms_context *ctx = ms_context_new();
	char path[] = "/lib/module.so";

	assert_int_equal(ms_context_set_module(ctx, path), 0);
	path[0] = 'x'; /* it was copied */
	assert_string_equal(ctx->module, "/lib/module.so");
	assert_int_equal(ms_context_set_module(ctx, "/other.so"), 0);
	assert_string_equal(ctx->module, "/other.so");
	assert_int_equal(ms_context_set_module(ctx, NULL), 0);
	assert_null(ctx->module);
	ms_context_set_token_timeout(ctx, 0);
	assert_int_equal(ctx->timeout, 0);
	ms_context_set_token_timeout(ctx, 5);
	assert_int_equal(ctx->timeout, 5);
	ms_context_free(ctx);
}

static void count_free(void *state)
{
	++*(int *)state;
}

static void what_engines_keep(void **state)
{
	struct ms_context *ctx = ms_context_new();
	const size_t n = sizeof(ctx->slots) / sizeof(ctx->slots[0]);
	int freed[8] = { 0 }, owners[8];

	assert_true(n < 8);
	for (size_t i = 0; i < n; i++) {
		assert_null(context_get(ctx, &owners[i]));
		assert_int_equal(context_put(ctx, &owners[i], &freed[i], count_free), 0);
	}
	assert_int_equal(context_put(ctx, &owners[n], &freed[n], count_free), MS_ERR_INTERNAL);
	assert_null(context_get(ctx, &owners[n]));
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(context_get(ctx, &owners[i]), &freed[i]);
	ms_context_free(ctx);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(freed[i], i < n);
}

static void hear(void *user, const char *text)
{
	snprintf(user, 64, "%s", text);
}

static void notices(void **state)
{
	struct ms_context *ctx = ms_context_new();
	char heard[64] = "", large[4096];

	context_notice(ctx, "nobody hears %s", "this");
	ms_context_set_notice(ctx, hear, heard);
	context_notice(ctx, "token '%s', %d", "a", 7);
	assert_string_equal(heard, "token 'a', 7");
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	context_notice(ctx, "%s", large);
	assert_int_equal(heard[0], 'x');
	ms_context_set_notice(ctx, NULL, NULL);
	context_notice(ctx, "nobody again");
	ms_context_free(ctx);
}

static void type_is(EVP_PKEY *pkey, const char *expected)
{
	char name[32];

	key_type_name(pkey, name, sizeof(name));
	assert_string_equal(name, expected);
}

static void types_have_names(void **state)
{
	EVP_PKEY *small = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "RSA", (size_t)1024);
	EVP_PKEY *koblitz = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "EC", "secp256k1");

	type_is(test_key(RSA_A), "RSA-2048");
	type_is(small, "RSA-1024");
	type_is(test_key(EC_256), "P-256");
	type_is(test_key(EC_384), "P-384");
	type_is(test_key(EC_521), "P-521");
	type_is(koblitz, "secp256k1");
	type_is(test_key(ED25519), "ED25519");
	EVP_PKEY_free(small);
	EVP_PKEY_free(koblitz);
}

static void a_keys_frame(void **state)
{
	bool freed = false;
	struct soft_key soft = { .freed = &freed };
	struct ms_key *key = soft_key(EC_384, &soft);

	assert_string_equal(ms_key_uri(key), "test:key");
	assert_string_equal(ms_key_type(key), "P-384");
	assert_false(ms_key_in_hardware(key));
	key->hardware = true;
	assert_true(ms_key_in_hardware(key));
	ms_key_free(key);
	assert_true(freed);
	ms_key_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_context),
		cmocka_unit_test(what_is_set),
		cmocka_unit_test(what_engines_keep),
		cmocka_unit_test(notices),
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(a_keys_frame),
	};

	return cmocka_run_group_tests_name("key/context", tests, NULL, NULL);
}
