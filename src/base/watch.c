/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/watch.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000) /* nanoseconds */

/*
 * What a worker is at, in one word, so that the one who waits can give up exactly the call that
 * it looked at: the count of calls, and whether one is under way.
 */
enum {
	CALL_RUNS = 1,  /* between watch_enter() and watch_leave() */
	CALL_LOST = 2,  /* given up: watch_leave() does not return any more */
	CALL_HELD = 4,  /* the one who waits looks at it: watch_leave() lets him finish */
	CALL_COUNT = 8, /* from this bit on */
};

struct worker {
	struct worker *next; /* while parked */
	struct worker *all;  /* every worker of the watch */
	pthread_t thread;
	sem_t go, done;
	int (*fn)(void *arg); /* NULL with `go` posted: end */
	void *arg;
	_Atomic int ret; /* atomic for ThreadSanitizer, which does not know sem_clockwait() */

	struct watch *watch; /* whose time-out counts: that of the innermost watch_run() */
	_Atomic uint64_t state;
	_Atomic int64_t since;            /* of the call under way, ns of CLOCK_MONOTONIC */
	_Atomic(const char *) call, on;
	_Atomic(struct watch *) call_watch;
};

struct watch {
	_Atomic int64_t timeout; /* ns, 0 = for ever */
	watch_slow_fn *slow;
	void *user;
	pthread_mutex_t slow_lock;

	pthread_mutex_t lock; /* of the two lists */
	struct worker *parked, *workers;

	_Atomic bool stuck; /* set last; then the two names stay as they are */
	const char *stuck_call, *stuck_on;
};

static _Thread_local struct worker *self;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

struct watch *watch_new(unsigned timeout, watch_slow_fn *slow, void *user)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->timeout = timeout * SECOND;
	w->slow = slow;
	w->user = user;
	pthread_mutex_init(&w->lock, NULL);
	pthread_mutex_init(&w->slow_lock, NULL);
	return w;
}

void watch_set_timeout(struct watch *w, unsigned timeout)
{
	w->timeout = timeout * SECOND;
}

static void sem_wait_whole(sem_t *sem)
{
	while (sem_wait(sem) < 0)
		;
}

static void *worker_main(void *arg)
{
	struct worker *k = arg;

	self = k;
	for (;;) {
		sem_wait_whole(&k->go);
		if (!k->fn)
			return NULL;
		k->ret = k->fn(k->arg);
		sem_post(&k->done);
	}
}

/* The thread takes no signals: a handler of the program's would run inside foreign code. */
static int start_thread(struct worker *k)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&k->thread, NULL, worker_main, k);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

static int worker_new(struct watch *w, struct worker **out)
{
	struct worker *k = calloc(1, sizeof(*k));

	if (!k)
		return MS_ERR_NOMEM;
	sem_init(&k->go, 0, 0);
	sem_init(&k->done, 0, 0);
	if (start_thread(k) != 0) {
		sem_destroy(&k->go);
		sem_destroy(&k->done);
		free(k);
		return MS_ERR_INTERNAL;
	}
	pthread_mutex_lock(&w->lock);
	k->all = w->workers;
	w->workers = k;
	pthread_mutex_unlock(&w->lock);
	*out = k;
	return 0;
}

static int worker_get(struct watch *w, struct worker **out)
{
	struct worker *k;

	pthread_mutex_lock(&w->lock);
	k = w->parked;
	if (k)
		w->parked = k->next;
	pthread_mutex_unlock(&w->lock);
	if (!k)
		return worker_new(w, out);
	*out = k;
	return 0;
}

static void worker_park(struct watch *w, struct worker *k)
{
	pthread_mutex_lock(&w->lock);
	k->next = w->parked;
	w->parked = k;
	pthread_mutex_unlock(&w->lock);
}

void watch_free(struct watch *w)
{
	if (!w || watch_stuck(w))
		return;
	for (struct worker *k = w->workers, *next; k; k = next) {
		next = k->all;
		k->fn = NULL;
		sem_post(&k->go);
		pthread_join(k->thread, NULL);
		sem_destroy(&k->go);
		sem_destroy(&k->done);
		free(k);
	}
	pthread_mutex_destroy(&w->lock);
	pthread_mutex_destroy(&w->slow_lock);
	free(w);
}

static void set_stuck(struct watch *w, const char *call, const char *on)
{
	pthread_mutex_lock(&w->lock);
	if (!w->stuck) {
		w->stuck_call = call;
		w->stuck_on = on;
		atomic_store(&w->stuck, true);
	}
	pthread_mutex_unlock(&w->lock);
}

static void tell_slow(struct watch *w, const char *call, const char *on)
{
	if (!w->slow)
		return;
	pthread_mutex_lock(&w->slow_lock);
	w->slow(w->user, call, on);
	pthread_mutex_unlock(&w->slow_lock);
}

/*
 * Looks at the call that the worker is in; tells it or gives it up when its time has come. Returns
 * when to look again; -1: it was given up. `told` is the last call that was told to be slow. The
 * call is held meanwhile: once it is over, its watch and its names may be freed.
 */
static int64_t look(struct watch *outer, struct worker *k, uint64_t *told)
{
	uint64_t state = atomic_load(&k->state);
	int64_t now = now_ns(), timeout, slow_at, end;
	const char *call, *on;
	struct watch *w;

	if (!(state & CALL_RUNS))
		return now + SECOND;
	if (!atomic_compare_exchange_strong(&k->state, &state, state | CALL_HELD))
		return now;
	w = atomic_load(&k->call_watch);
	call = atomic_load(&k->call);
	on = atomic_load(&k->on);
	timeout = w->timeout;
	end = timeout ? k->since + timeout : INT64_MAX;
	slow_at = *told == state ? INT64_MAX : k->since + WATCH_SLOW_SECONDS * SECOND;
	if (now >= end) {
		atomic_store(&k->state, state | CALL_LOST);
		set_stuck(w, call, on);
		set_stuck(outer, call, on);
		return -1;
	}
	if (now >= slow_at) {
		tell_slow(w, call, on);
		*told = state;
		slow_at = INT64_MAX;
	}
	atomic_store(&k->state, state);
	if (slow_at < end)
		end = slow_at;
	return end < now + SECOND ? end : now + SECOND;
}

static bool done_before(struct worker *k, int64_t when)
{
	struct timespec ts = { .tv_sec = when / SECOND, .tv_nsec = when % SECOND };
	int r;

	do
		r = sem_clockwait(&k->done, CLOCK_MONOTONIC, &ts);
	while (r < 0 && errno == EINTR);
	return r == 0;
}

static int run_here(struct watch *w, int (*fn)(void *arg), void *arg, int *ret)
{
	struct watch *outer = self->watch;

	self->watch = w;
	*ret = fn(arg);
	self->watch = outer;
	return 0;
}

int watch_run(struct watch *w, int (*fn)(void *arg), void *arg, int *ret)
{
	uint64_t told = 0;
	struct worker *k;
	int64_t when;
	int r;

	if (watch_stuck(w))
		return MS_ERR_TIMEOUT;
	if (self)
		return run_here(w, fn, arg, ret);
	r = worker_get(w, &k);
	if (r < 0)
		return r;
	k->fn = fn;
	k->arg = arg;
	k->watch = w;
	sem_post(&k->go);
	when = now_ns() + SECOND;
	while (!done_before(k, when)) {
		when = look(w, k, &told);
		if (when < 0)
			return MS_ERR_TIMEOUT;
	}
	*ret = k->ret;
	worker_park(w, k);
	return 0;
}

void watch_enter(const char *call, const char *on)
{
	struct worker *k = self;
	uint64_t state;

	if (!k)
		return;
	state = atomic_load_explicit(&k->state, memory_order_relaxed);
	atomic_store_explicit(&k->call, call, memory_order_relaxed);
	atomic_store_explicit(&k->on, on, memory_order_relaxed);
	atomic_store_explicit(&k->call_watch, k->watch, memory_order_relaxed);
	atomic_store_explicit(&k->since, now_ns(), memory_order_relaxed);
	atomic_store_explicit(&k->state, (state + CALL_COUNT) | CALL_RUNS, memory_order_release);
}

void watch_leave(void)
{
	const struct timespec a_moment = { .tv_nsec = SECOND / 1000 };
	struct worker *k = self;
	uint64_t state;

	if (!k)
		return;
	state = atomic_load(&k->state);
	for (;;) {
		if (state & CALL_LOST) {
			pause();
		} else if (state & CALL_HELD) {
			nanosleep(&a_moment, NULL);
			state = atomic_load(&k->state);
		} else if (atomic_compare_exchange_weak(&k->state, &state,
				   state & ~(uint64_t)CALL_RUNS)) {
			return;
		}
	}
}

bool watch_stuck(const struct watch *w)
{
	return atomic_load(&w->stuck);
}

const char *watch_stuck_call(const struct watch *w)
{
	return watch_stuck(w) ? w->stuck_call : NULL;
}

const char *watch_stuck_on(const struct watch *w)
{
	return watch_stuck(w) ? w->stuck_on : NULL;
}
