/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/pending.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int pending_init(struct pending *p, size_t max, struct ms_error *err)
{
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	p->n = 0;
	p->last = seconds();
	p->max = max && max < PENDING_MAX ? max : PENDING_MAX;
	p->entries = calloc(p->max, sizeof(*p->entries));
	p->others = calloc(p->max, sizeof(*p->others));
	if (p->entries && p->others)
		return 0;
	pending_destroy(p);
	return err_nomem(err);
}

void pending_destroy(struct pending *p)
{
	free(p->entries);
	free(p->others);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
}

/* The new name, too, has to be on the disk before the run ends; one sync there serves all. */
static void commit(struct pending *p, struct pending_entry *entry)
{
	struct ms_error err = { 0 };

	if (staged_commit(entry->staged, &err) == 0 && p->durability != MS_DURABILITY_NONE)
		synced_add(p->synced, staged_fd(entry->staged),
			entry->item.dest ? entry->item.dest : entry->item.path, false, &err);
	staged_free(entry->staged);
	p->done(p->user, entry, &err);
}

static void fail(struct pending *p, struct pending_entry *entry, const struct ms_error *err)
{
	staged_free(entry->staged);
	p->done(p->user, entry, err);
}

static dev_t device(const struct staged *staged)
{
	struct stat st;

	return fstat(staged_fd(staged), &st) < 0 ? 0 : st.st_dev;
}

/* One syncfs for each file system that they lie on, which is nearly always one. */
static int sync_all(struct pending_entry *entries, size_t n, struct ms_error *err)
{
	dev_t synced = 0;

	for (size_t i = 0; i < n; i++) {
		dev_t dev = device(entries[i].staged);

		if (i && dev == synced)
			continue;
		if (syncfs(staged_fd(entries[i].staged)) < 0)
			return err_set_errno(err, MS_ERR_IO, errno,
				"the file system of %s cannot write", entries[i].item.path);
		synced = dev;
	}
	return 0;
}

/* One of those that are synced gets its name. With the lock held, which is given up meanwhile. False
 * if there is none, or none yet. */
static bool commit_one(struct pending *p)
{
	struct pending_entry *entry;

	if (!p->others_synced || p->others_next == p->others_n)
		return false;
	entry = &p->others[p->others_next++];
	pthread_mutex_unlock(&p->lock);
	if (p->sync_error.code)
		fail(p, entry, &p->sync_error);
	else
		commit(p, entry);
	pthread_mutex_lock(&p->lock);
	if (!--p->others_left)
		pthread_cond_broadcast(&p->changed);
	return true;
}

static void sync_others(void *arg)
{
	struct pending *p = arg;
	struct ms_error err = { 0 };

	sync_all(p->others, p->others_n, &err);
	pthread_mutex_lock(&p->lock);
	p->sync_error = err;
	p->others_synced = true;
	pthread_cond_broadcast(&p->changed);
	while (commit_one(p))
		;
	pthread_mutex_unlock(&p->lock);
}

/* With the lock held. Who has to wait for names helps. */
static void wait_for_others(struct pending *p)
{
	while (p->others_left)
		if (!commit_one(p))
			pthread_cond_wait(&p->changed, &p->lock);
}

/* With the lock held, which is given up meanwhile. Those that gathered are handed over; one lot at a
 * time, else a slow disk would let any number of modules gather. */
static void flush(struct pending *p)
{
	struct pending_entry *mine;

	wait_for_others(p);
	if (!p->n)
		return;
	mine = p->entries;
	p->entries = p->others;
	p->others = mine;
	p->others_n = p->others_left = p->n;
	p->others_next = 0;
	p->others_synced = false;
	p->n = 0;
	pthread_mutex_unlock(&p->lock);
	disk_run(p->disk, sync_others, p);
	pthread_mutex_lock(&p->lock);
}

void pending_flush(struct pending *p)
{
	pthread_mutex_lock(&p->lock);
	flush(p);
	wait_for_others(p);
	pthread_mutex_unlock(&p->lock);
}

/* Nobody knows when the next one comes: if this one took long, it need not wait for that. */
static bool is_due(struct pending *p)
{
	double now = seconds(), last = p->last;

	p->last = now;
	return p->n == p->max || now - p->since >= PENDING_SECONDS || now - last >= PENDING_SECONDS;
}

static void gather(struct pending *p, const struct pending_entry *entry)
{
	pthread_mutex_lock(&p->lock);
	while (p->n == p->max)
		flush(p);
	if (!p->n)
		p->since = seconds();
	p->entries[p->n++] = *entry;
	if (is_due(p) && !p->others_left)
		flush(p);
	pthread_mutex_unlock(&p->lock);
}

void pending_add(struct pending *p, const struct pending_entry *entry)
{
	struct pending_entry own = *entry;
	struct ms_error err = { 0 };

	if (p->durability == MS_DURABILITY_BATCH)
		gather(p, entry);
	else if (p->durability == MS_DURABILITY_FILE && staged_sync(own.staged, &err) < 0)
		fail(p, &own, &err);
	else
		commit(p, &own);
}
