/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/serve.h"

#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WAITING, DONE, NOBODY_SERVES };

/* On the stack of the one who waits, and gone as soon as `state` has changed. */
struct tpm_job {
	int (*fn)(void *arg);
	void *arg;
	int ret;
	uint32_t state;
	struct tpm_job *next;
};

/*
 * A futex and no condition variable: who is woken then need not take the lock, and so does not hold
 * up the one who wakes it; and waking at an address where nobody waits any more does no harm.
 */
static void set_state(struct tpm_job *job, uint32_t state)
{
	__atomic_store_n(&job->state, state, __ATOMIC_RELEASE);
	syscall(SYS_futex, &job->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static uint32_t wait_for(struct tpm_job *job)
{
	uint32_t state;

	while ((state = __atomic_load_n(&job->state, __ATOMIC_ACQUIRE)) == WAITING)
		syscall(SYS_futex, &job->state, FUTEX_WAIT_PRIVATE, WAITING, NULL, NULL, 0);
	return state;
}

static void append(struct tpm *tpm, struct tpm_job *job)
{
	if (tpm->last_job)
		tpm->last_job->next = job;
	else
		tpm->jobs = job;
	tpm->last_job = job;
}

/* The next one; NULL: the end. */
static struct tpm_job *take(struct tpm *tpm)
{
	struct tpm_job *job;

	pthread_mutex_lock(&tpm->lock);
	while (!tpm->jobs && !tpm->ending)
		pthread_cond_wait(&tpm->wanted, &tpm->lock);
	job = tpm->jobs;
	if (job)
		tpm->jobs = job->next;
	if (!tpm->jobs)
		tpm->last_job = NULL;
	tpm->current = job;
	pthread_mutex_unlock(&tpm->lock);
	return job;
}

/* From then on the job is its owner's. */
static void finish(struct tpm *tpm, struct tpm_job *job)
{
	pthread_mutex_lock(&tpm->lock);
	tpm->current = NULL;
	pthread_mutex_unlock(&tpm->lock);
	set_state(job, DONE);
}

/* Runs as one long watch_run(): each call in it is timed for itself. */
static int serve_fn(void *arg)
{
	struct tpm *tpm = arg;
	struct tpm_job *job;

	while ((job = take(tpm))) {
		job->ret = job->fn(job->arg);
		finish(tpm, job);
	}
	return 0;
}

/* Its thread waits for the watch's; when that is stuck it tells all who wait. */
static void *server_main(void *arg)
{
	struct tpm *tpm = arg;
	int ret, r = watch_run(tpm->watch, serve_fn, tpm, &ret);

	pthread_mutex_lock(&tpm->lock);
	tpm->served = r < 0 ? r : MS_ERR_INTERNAL;
	if (tpm->current)
		set_state(tpm->current, NOBODY_SERVES);
	for (struct tpm_job *job = tpm->jobs, *next; job; job = next) {
		next = job->next;
		set_state(job, NOBODY_SERVES);
	}
	tpm->jobs = tpm->last_job = tpm->current = NULL;
	pthread_mutex_unlock(&tpm->lock);
	return NULL;
}

int tpm_serve_start(struct tpm *tpm)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&tpm->server, NULL, server_main, tpm);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	tpm->serving = r == 0;
	return r == 0 ? 0 : MS_ERR_INTERNAL;
}

void tpm_serve_stop(struct tpm *tpm)
{
	if (!tpm->serving)
		return;
	pthread_mutex_lock(&tpm->lock);
	tpm->ending = true;
	pthread_cond_signal(&tpm->wanted);
	pthread_mutex_unlock(&tpm->lock);
	pthread_join(tpm->server, NULL);
	tpm->serving = false;
}

int tpm_serve(struct tpm *tpm, int (*fn)(void *arg), void *arg, int *ret)
{
	struct tpm_job job = { .fn = fn, .arg = arg };
	int served;

	pthread_mutex_lock(&tpm->lock);
	served = tpm->served;
	if (served == 0)
		append(tpm, &job);
	pthread_mutex_unlock(&tpm->lock);
	if (served < 0)
		return served;
	pthread_cond_signal(&tpm->wanted);
	if (wait_for(&job) == NOBODY_SERVES)
		return tpm->served;
	*ret = job.ret;
	return 0;
}
