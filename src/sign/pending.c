/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/pending.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int pending_init(struct pending *p, struct ms_error *err)
{
	pthread_mutex_init(&p->lock, NULL);
	p->n = 0;
	p->entries = calloc(PENDING_MAX, sizeof(*p->entries));
	return p->entries ? 0 : err_nomem(err);
}

void pending_destroy(struct pending *p)
{
	free(p->entries);
	pthread_mutex_destroy(&p->lock);
}

static void commit(struct pending *p, struct pending_entry *entry)
{
	struct ms_error err = { 0 };

	staged_commit(entry->staged, &err);
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

static void commit_all(struct pending *p, struct pending_entry *entries, size_t n)
{
	struct ms_error err = { 0 };
	int r = sync_all(entries, n, &err);

	for (size_t i = 0; i < n; i++) {
		if (r < 0)
			fail(p, &entries[i], &err);
		else
			commit(p, &entries[i]);
	}
}

void pending_flush(struct pending *p)
{
	AUTO_FREE struct pending_entry *mine = NULL;
	struct pending_entry *fresh = calloc(PENDING_MAX, sizeof(*fresh));
	size_t n;

	pthread_mutex_lock(&p->lock);
	n = p->n;
	if (!fresh) { /* no second array: everyone waits while this one is committed */
		commit_all(p, p->entries, n);
		p->n = 0;
		pthread_mutex_unlock(&p->lock);
		return;
	}
	mine = p->entries;
	p->entries = fresh;
	p->n = 0;
	pthread_mutex_unlock(&p->lock);
	commit_all(p, mine, n);
}

static bool is_due(const struct pending *p)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return p->n == PENDING_MAX || now.tv_sec - p->since.tv_sec > PENDING_SECONDS;
}

void pending_add(struct pending *p, const struct pending_entry *entry)
{
	struct pending_entry own = *entry;
	struct ms_error err = { 0 };
	bool due;

	if (p->durability == MS_DURABILITY_FILE && staged_sync(own.staged, &err) < 0) {
		fail(p, &own, &err);
		return;
	}
	if (p->durability != MS_DURABILITY_BATCH) {
		commit(p, &own);
		return;
	}
	pthread_mutex_lock(&p->lock);
	while (p->n == PENDING_MAX) { /* full, and whoever filled it has not emptied it yet */
		pthread_mutex_unlock(&p->lock);
		pending_flush(p);
		pthread_mutex_lock(&p->lock);
	}
	if (!p->n)
		clock_gettime(CLOCK_MONOTONIC, &p->since);
	p->entries[p->n++] = own;
	due = is_due(p);
	pthread_mutex_unlock(&p->lock);
	if (due)
		pending_flush(p);
}
