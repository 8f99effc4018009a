/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/workers.h"

#include "src/base/cleanup.h"
#include "src/base/cpus.h"
#include "src/base/error.h"
#include "src/base/watch.h"

#include <pthread.h>

#define MAX_WORKERS 256

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned workers_wanted(unsigned jobs)
{
	unsigned cpus = cpus_usable(), n = jobs > cpus ? least(jobs, MAX_WORKERS) + cpus : cpus;

	return n < 2 ? 2 : least(n, MAX_WORKERS);
}

/* A thread that waits for the worker. */
struct warden {
	pthread_t thread;
	const struct workers *workers;
	void *hand;
};

/* MS_ERR_TIMEOUT if the worker was lost. */
static int run_watched(const struct workers *w, void *hand)
{
	struct watch *watch = watch_new(0, NULL, NULL);
	int ret, r = watch ? watch_run(watch, w->work, hand, &ret) : MS_ERR_NOMEM;

	watch_free(watch);
	return r;
}

static void *warden_main(void *arg)
{
	const struct warden *warden = arg;
	const struct workers *w = warden->workers;
	int r;

	while ((r = run_watched(w, warden->hand)) == MS_ERR_TIMEOUT)
		w->lost(warden->hand);
	if (r < 0) /* no more threads: then this one does it */
		w->work(warden->hand);
	return NULL;
}

int workers_run(const struct workers *w, struct ms_error *err)
{
	AUTO_FREE struct warden *wardens = calloc(w->n, sizeof(*wardens));
	unsigned started = 0;

	if (!wardens)
		return err_nomem(err);
	for (; started < w->n; started++) {
		struct warden *one = &wardens[started];

		one->workers = w;
		one->hand = (char *)w->hands + started * w->hand_size;
		if (pthread_create(&one->thread, NULL, warden_main, one) != 0)
			break;
	}
	for (unsigned i = 0; i < started; i++)
		pthread_join(wardens[i].thread, NULL);
	if (!started)
		return err_set(err, MS_ERR_NOMEM, "no thread can be started");
	return 0;
}
