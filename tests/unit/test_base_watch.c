/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/watch.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A machine that stands still for a while is late: once in so many tries it is not. */
#define TRIES 5

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void sleep_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

struct slow_log {
	_Atomic int count;
	char call[32], on[32];
};

static void note_slow(void *user, const char *call, const char *on)
{
	struct slow_log *log = user;

	strncpy(log->call, call, sizeof(log->call) - 1);
	strncpy(log->on, on, sizeof(log->on) - 1);
	log->count++;
}

static int add_one(void *arg)
{
	int *n = arg;

	watch_enter("C_Add", NULL);
	watch_leave();
	return ++*n;
}

static void test_gives_back_what_was_returned(void **state)
{
	struct watch *w = watch_new(60, NULL, NULL);
	int n = 41, ret = 0;

	assert_int_equal(watch_run(w, add_one, &n, &ret), 0);
	assert_int_equal(ret, 42);
	assert_int_equal(n, 42);
	assert_false(watch_stuck(w));
	assert_null(watch_stuck_call(w));
	watch_free(w);
}

static int other_thread(void *arg)
{
	return !pthread_equal(*(pthread_t *)arg, pthread_self());
}

static void test_runs_on_a_thread_of_its_own(void **state)
{
	struct watch *w = watch_new(60, NULL, NULL);
	pthread_t me = pthread_self();
	int ret = 0;

	assert_int_equal(watch_run(w, other_thread, &me, &ret), 0);
	assert_int_equal(ret, 1);
	watch_free(w);
}

/* Must not end while the test runs; its memory is the test's to leak. */
static int never_returns(void *arg)
{
	watch_enter("C_Never", "token 'x'");
	for (;;)
		pause();
	return 0;
}

static void test_time_out_names_the_call_and_then_answers_at_once(void **state)
{
	struct watch *w = NULL;
	double start, took = 2;
	int n = 0, ret = -77;

	for (int i = 0; i < TRIES && took >= 1.9; i++) {
		w = watch_new(1, NULL, NULL);
		start = now();
		assert_int_equal(watch_run(w, never_returns, NULL, &ret), MS_ERR_TIMEOUT);
		took = now() - start;
		assert_true(took >= 0.99);
	}
	assert_true(took < 1.9);
	assert_int_equal(ret, -77);
	assert_true(watch_stuck(w));
	assert_string_equal(watch_stuck_call(w), "C_Never");
	assert_string_equal(watch_stuck_on(w), "token 'x'");

	for (int i = 0; i < TRIES && took >= 0.1; i++) {
		start = now();
		assert_int_equal(watch_run(w, add_one, &n, &ret), MS_ERR_TIMEOUT);
		took = now() - start;
	}
	assert_true(took < 0.1);
	assert_int_equal(n, 0);
	watch_free(w);
}

static _Atomic int too_late, came_back_too_far;

static int returns_late(void *arg)
{
	watch_enter("C_Late", "token");
	while (!too_late)
		sleep_ms(10);
	watch_leave();
	came_back_too_far = 1;
	return 0;
}

static void test_a_call_that_comes_back_too_late_touches_nothing(void **state)
{
	struct watch *w = watch_new(1, NULL, NULL);
	int ret;

	assert_int_equal(watch_run(w, returns_late, NULL, &ret), MS_ERR_TIMEOUT);
	too_late = 1;
	sleep_ms(600);
	assert_int_equal(came_back_too_far, 0);
}

/* Longer than two seconds, in calls that have much less. */
static int many_short_calls(void *arg)
{
	for (int i = 0; i < 5; i++) {
		watch_enter("C_Short", "token");
		sleep_ms(500);
		watch_leave();
	}
	return 5;
}

static void test_time_out_counts_each_call_anew(void **state)
{
	struct slow_log log = { 0 };
	struct watch *w = watch_new(2, note_slow, &log);
	int ret = 0;

	assert_int_equal(watch_run(w, many_short_calls, NULL, &ret), 0);
	assert_int_equal(ret, 5);
	assert_int_equal(log.count, 0);
	watch_free(w);
}

static int own_work(void *arg)
{
	sleep_ms(1500);
	return 3;
}

static void test_what_is_no_foreign_call_is_not_timed(void **state)
{
	struct watch *w = watch_new(1, NULL, NULL);
	int ret = 0;

	assert_int_equal(watch_run(w, own_work, NULL, &ret), 0);
	assert_int_equal(ret, 3);
	watch_free(w);
}

/* Until it is told, and as long again. */
static int slow_call(void *arg)
{
	const struct slow_log *log = arg;
	double start = now(), told;

	watch_enter("C_Sign", "token 'slow'");
	while (!log->count && now() - start < 60)
		sleep_ms(10);
	told = now() - start;
	sleep_ms((long)(told * 1000));
	watch_leave();
	return told < WATCH_SLOW_SECONDS;
}

static void test_slow_call_is_told_once(void **state)
{
	struct slow_log log = { 0 };
	struct watch *w = watch_new(0, note_slow, &log);
	int ret = -1;

	assert_int_equal(watch_run(w, slow_call, &log, &ret), 0);
	assert_int_equal(ret, 0);
	assert_int_equal(log.count, 1);
	assert_string_equal(log.call, "C_Sign");
	assert_string_equal(log.on, "token 'slow'");
	watch_free(w);
}

#define THREADS 16
#define ROUNDS  500

struct crowd {
	struct watch *w;
	_Atomic int sum, failed;
};

static int add_to_sum(void *arg)
{
	struct crowd *c = arg;

	watch_enter("C_Add", NULL);
	c->sum++;
	watch_leave();
	return 0;
}

static void *crowd_member(void *arg)
{
	struct crowd *c = arg;
	int ret = -1;

	for (int i = 0; i < ROUNDS; i++)
		if (watch_run(c->w, add_to_sum, c, &ret) != 0 || ret != 0)
			c->failed++;
	return NULL;
}

static void test_many_threads_at_once(void **state)
{
	struct crowd c = { .w = watch_new(60, NULL, NULL) };
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, crowd_member, &c), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(c.failed, 0);
	assert_int_equal(c.sum, THREADS * ROUNDS);
	watch_free(c.w);
}

static void *run_never(void *arg)
{
	int ret = 0;

	return (void *)(intptr_t)watch_run(arg, never_returns, NULL, &ret);
}

static void test_others_finish_beside_a_stuck_call(void **state)
{
	struct watch *w = watch_new(2, NULL, NULL);
	pthread_t stuck;
	void *result;
	int ret = 0;

	assert_int_equal(pthread_create(&stuck, NULL, run_never, w), 0);
	assert_int_equal(watch_run(w, many_short_calls, NULL, &ret), 0);
	assert_int_equal(ret, 5);
	pthread_join(stuck, &result);
	assert_int_equal((int)(intptr_t)result, MS_ERR_TIMEOUT);
}

/* A loop that runs whole on a thread of an outer watch, as a pipeline's worker does. */
struct nest {
	struct watch *inner;
	pthread_t outer_thread;
	int inner_result, same_thread, n;
};

static int look_at_thread(void *arg)
{
	struct nest *nest = arg;

	nest->same_thread = pthread_equal(nest->outer_thread, pthread_self());
	return add_one(&nest->n);
}

static int nested(void *arg)
{
	struct nest *nest = arg;
	int ret = 0;

	nest->outer_thread = pthread_self();
	nest->inner_result = watch_run(nest->inner, look_at_thread, nest, &ret);
	return ret;
}

static void test_inside_a_watch_it_runs_on_the_same_thread(void **state)
{
	struct watch *outer = watch_new(0, NULL, NULL);
	struct nest nest = { .inner = watch_new(1, NULL, NULL) };
	int ret = 0;

	assert_int_equal(watch_run(outer, nested, &nest, &ret), 0);
	assert_int_equal(nest.inner_result, 0);
	assert_true(nest.same_thread);
	assert_int_equal(ret, 1);
	watch_free(nest.inner);
	watch_free(outer);
}

static int nested_never(void *arg)
{
	int ret = 0;

	return watch_run(arg, never_returns, NULL, &ret);
}

static void test_inner_time_out_makes_both_stuck(void **state)
{
	struct watch *outer = watch_new(0, NULL, NULL);
	struct watch *inner = watch_new(1, NULL, NULL);
	int ret = 0;

	assert_int_equal(watch_run(outer, nested_never, inner, &ret), MS_ERR_TIMEOUT);
	assert_true(watch_stuck(outer));
	assert_true(watch_stuck(inner));
	assert_string_equal(watch_stuck_call(outer), "C_Never");
	assert_string_equal(watch_stuck_call(inner), "C_Never");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gives_back_what_was_returned),
		cmocka_unit_test(test_runs_on_a_thread_of_its_own),
		cmocka_unit_test(test_time_out_names_the_call_and_then_answers_at_once),
		cmocka_unit_test(test_a_call_that_comes_back_too_late_touches_nothing),
		cmocka_unit_test(test_time_out_counts_each_call_anew),
		cmocka_unit_test(test_what_is_no_foreign_call_is_not_timed),
		cmocka_unit_test(test_slow_call_is_told_once),
		cmocka_unit_test(test_many_threads_at_once),
		cmocka_unit_test(test_others_finish_beside_a_stuck_call),
		cmocka_unit_test(test_inside_a_watch_it_runs_on_the_same_thread),
		cmocka_unit_test(test_inner_time_out_makes_both_stuck),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fflush(NULL);
	_exit(failed ? 1 : 0); /* threads of the stuck watches still run */
}
