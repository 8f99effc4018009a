/* SPDX-License-Identifier: Apache-2.0 */
/* Several keys that are one: who signs next. */
#include "src/sign/pool.h"

#include "src/base/cpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/crypto_fixture.h"

#define N 3

static struct {
	struct pool pool;
	struct soft_key soft[N];
	struct ms_key *keys[N];
	uint8_t digest[MS_HASH_MAX_SIZE];
} t;

static int setup(void **state)
{
	memset(&t, 0, sizeof(t));
	pool_init(&t.pool);
	for (int i = 0; i < N; i++) {
		t.keys[i] = soft_key(EC_256, &t.soft[i]);
		t.keys[i]->parallel = 2;
		assert_int_equal(pool_add(&t.pool, t.keys[i], NULL), 0);
	}
	return digest_of(MS_HASH_SHA256, "x", 1, t.digest, NULL);
}

static int teardown(void **state)
{
	pool_destroy(&t.pool);
	for (int i = 0; i < N; i++)
		ms_key_free(t.keys[i]);
	return 0;
}

/* Returns which of them did it, or a negative error. */
static int sign(struct pool_hold *hold)
{
	uint8_t sig[KEY_SIG_MAX];
	size_t len;
	int r = pool_sign(&t.pool, hold, KEY_INPUT_DIGEST, MS_HASH_SHA256, t.digest,
		ms_hash_size(MS_HASH_SHA256), sig, &len, NULL);

	for (int i = 0; r == 0 && i < N; i++)
		if (hold->signed_by == t.keys[i])
			return i;
	return r;
}

static void the_one_with_most_room(void **state)
{
	struct pool_hold hold = { 0 };

	t.pool.keys[0].busy = t.pool.keys[2].busy = 1;
	assert_int_equal(sign(&hold), 1);
	/* also for one that was at another last */
	t.pool.keys[0].busy = 0;
	t.pool.keys[1].busy = 1;
	assert_int_equal(sign(&hold), 0);
	assert_int_equal(t.soft[0].calls, 1);
	assert_int_equal(t.soft[1].calls, 1);
	assert_int_equal(t.soft[2].calls, 0);
}

static void each_goes_back_to_its_own(void **state)
{
	struct pool_hold holds[N] = { 0 };

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			t.pool.keys[j].busy = j != i;
		assert_int_equal(sign(&holds[i]), i);
	}
	for (int j = 0; j < N; j++)
		t.pool.keys[j].busy = 0;
	for (int i = N - 1; i >= 0; i--)
		assert_int_equal(sign(&holds[i]), i);
}

static void a_lost_one_is_nobodys(void **state)
{
	struct pool_hold hold = { 0 };

	t.pool.keys[0].busy = t.pool.keys[1].busy = 1;
	assert_int_equal(sign(&hold), 2);
	t.pool.keys[0].busy = t.pool.keys[1].busy = 0;
	t.soft[2].error = MS_ERR_TOKEN;
	assert_int_equal(sign(&hold), 0); /* which does it for the one that failed */
	assert_true(t.pool.keys[2].lost);
	t.soft[0].error = t.soft[1].error = MS_ERR_TIMEOUT;
	assert_int_equal(sign(&hold), MS_ERR_TIMEOUT);
	for (int i = 0; i < N; i++)
		assert_int_equal(t.pool.keys[i].busy, 0);
}

static void how_many_at_once(void **state)
{
	unsigned cpus = cpus_usable();

	assert_int_equal(pool_jobs(&t.pool, 7), 7);
	for (int i = 0; i < N; i++)
		t.keys[i]->parallel = 1;
	assert_int_equal(pool_jobs(&t.pool, 0), N); /* one each, however few processors there are */
	t.keys[0]->parallel = 1000;
	assert_int_equal(pool_jobs(&t.pool, 0), cpus > N ? cpus : N);
	t.keys[1]->apart = true;
	t.keys[1]->parallel = 5;
	assert_int_equal(pool_jobs(&t.pool, 0), (cpus > N - 1 ? cpus : N - 1) + 5);
}

static void not_the_same_key(void **state)
{
	struct soft_key soft = { 0 };
	struct ms_key *other = soft_key(EC_384, &soft);
	struct ms_error err = { 0 };

	assert_int_equal(pool_add(&t.pool, other, &err), MS_ERR_KEY);
	assert_non_null(strstr(err.message, "is not the same key as"));
	ms_key_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_one_with_most_room, setup, teardown),
		cmocka_unit_test_setup_teardown(each_goes_back_to_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lost_one_is_nobodys, setup, teardown),
		cmocka_unit_test_setup_teardown(how_many_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(not_the_same_key, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
