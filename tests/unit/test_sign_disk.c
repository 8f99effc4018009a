/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that waits for the disk. */
#include "src/sign/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What was run, and by whom. */
struct log {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool gate_open, at_gate;
	unsigned n, order[2 * DISK_JOBS];
	pthread_t by[2 * DISK_JOBS];
};

struct job {
	struct log *log;
	unsigned number;
};

static void note(void *arg)
{
	const struct job *job = arg;
	struct log *log = job->log;

	pthread_mutex_lock(&log->lock);
	log->by[log->n] = pthread_self();
	log->order[log->n++] = job->number;
	pthread_mutex_unlock(&log->lock);
}

/* A disk that takes its time. */
static void wait_at_gate(void *arg)
{
	struct log *log = arg;

	pthread_mutex_lock(&log->lock);
	log->at_gate = true;
	pthread_cond_broadcast(&log->changed);
	while (!log->gate_open)
		pthread_cond_wait(&log->changed, &log->lock);
	pthread_mutex_unlock(&log->lock);
}

static void open_gate(struct log *log)
{
	pthread_mutex_lock(&log->lock);
	log->gate_open = true;
	pthread_cond_broadcast(&log->changed);
	pthread_mutex_unlock(&log->lock);
}

static void until_at_gate(struct log *log)
{
	pthread_mutex_lock(&log->lock);
	while (!log->at_gate)
		pthread_cond_wait(&log->changed, &log->lock);
	pthread_mutex_unlock(&log->lock);
}

#define LOG { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

static void runs_all_in_their_order(void **state)
{
	struct log log = LOG;
	struct job jobs[DISK_JOBS];
	struct disk disk;

	(void)state;
	disk_start(&disk);
	disk_run(&disk, wait_at_gate, &log);
	until_at_gate(&log);
	for (unsigned i = 0; i < DISK_JOBS; i++) {
		jobs[i] = (struct job){ &log, i };
		disk_run(&disk, note, &jobs[i]);
	}
	assert_int_equal(log.n, 0); /* nobody waited */
	open_gate(&log);
	disk_end(&disk);
	assert_int_equal(log.n, DISK_JOBS);
	for (unsigned i = 0; i < DISK_JOBS; i++) {
		assert_int_equal(log.order[i], i);
		assert_false(pthread_equal(log.by[i], pthread_self()));
	}
}

static void one_too_many_is_run_by_who_asks(void **state)
{
	struct log log = LOG;
	struct job jobs[DISK_JOBS + 1];
	struct disk disk;

	(void)state;
	disk_start(&disk);
	disk_run(&disk, wait_at_gate, &log);
	until_at_gate(&log);
	for (unsigned i = 0; i <= DISK_JOBS; i++) {
		jobs[i] = (struct job){ &log, i };
		disk_run(&disk, note, &jobs[i]);
	}
	assert_int_equal(log.n, 1);
	assert_int_equal(log.order[0], DISK_JOBS);
	assert_true(pthread_equal(log.by[0], pthread_self()));
	open_gate(&log);
	disk_end(&disk);
	assert_int_equal(log.n, DISK_JOBS + 1);
}

static void without_a_thread_too(void **state)
{
	struct log log = LOG;
	struct job job = { &log, 7 };

	(void)state;
	disk_run(NULL, note, &job);
	assert_int_equal(log.n, 1);
	assert_true(pthread_equal(log.by[0], pthread_self()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_all_in_their_order),
		cmocka_unit_test(one_too_many_is_run_by_who_asks),
		cmocka_unit_test(without_a_thread_too),
	};

	return cmocka_run_group_tests_name("sign/disk", tests, NULL, NULL);
}
