/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/disk.h"

#include <string.h>

/* False at the end. */
static bool next(struct disk *d, struct disk_job *job)
{
	bool some;

	pthread_mutex_lock(&d->lock);
	while (!d->n && !d->ending)
		pthread_cond_wait(&d->asked, &d->lock);
	some = d->n > 0;
	if (some) {
		*job = d->jobs[0];
		memmove(d->jobs, d->jobs + 1, --d->n * sizeof(*job));
	}
	pthread_mutex_unlock(&d->lock);
	return some;
}

static void *disk_main(void *arg)
{
	struct disk *d = arg;
	struct disk_job job;

	while (next(d, &job))
		job.fn(job.arg);
	return NULL;
}

void disk_start(struct disk *d)
{
	*d = (struct disk){ 0 };
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->asked, NULL);
	d->has_thread = pthread_create(&d->thread, NULL, disk_main, d) == 0;
}

void disk_run(struct disk *d, void (*fn)(void *arg), void *arg)
{
	bool taken;

	if (!d) {
		fn(arg);
		return;
	}
	pthread_mutex_lock(&d->lock);
	taken = d->has_thread && d->n < DISK_JOBS;
	if (taken) {
		d->jobs[d->n++] = (struct disk_job){ fn, arg };
		pthread_cond_signal(&d->asked);
	}
	pthread_mutex_unlock(&d->lock);
	if (!taken)
		fn(arg);
}

void disk_end(struct disk *d)
{
	pthread_mutex_lock(&d->lock);
	d->ending = true;
	pthread_cond_signal(&d->asked);
	pthread_mutex_unlock(&d->lock);
	if (d->has_thread)
		pthread_join(d->thread, NULL);
	pthread_cond_destroy(&d->asked);
	pthread_mutex_destroy(&d->lock);
}
