/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many modules at once. A worker takes a module all the way: read, digest, sign, write. There are
 * more workers than signatures can be under way, so that while the key works the next digests are
 * ready and the last modules are being written: the key never waits for us.
 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/sign/pending.h"
#include "src/sign/signer.h"
#include "src/sign/synced.h"

#include <modseal/batch.h>
#include <errno.h>
#include <string.h>

#define MAX_WORKERS 256

struct batch {
	struct ms_signer *signer;
	const struct ms_batch_options *options;
	const struct ms_batch_callbacks *callbacks;
	pthread_mutex_t source; /* around next() and stop() */
	pthread_mutex_t report; /* around done(), and what is below */
	bool ended;             /* nothing more is to be begun */
	struct ms_error failure; /* why the run ended early; code 0 if it did not */
	struct pending pending;
	struct synced synced;
};

static void end_run(struct batch *b, const struct ms_error *why)
{
	pthread_mutex_lock(&b->report);
	b->ended = true;
	if (why && !b->failure.code)
		b->failure = *why;
	pthread_mutex_unlock(&b->report);
}

static void report(struct batch *b, struct ms_batch_item *item,
	const struct ms_sign_result *result, const struct ms_error *err)
{
	pthread_mutex_lock(&b->report);
	b->callbacks->done(b->callbacks->user, item, result, err);
	if (err->code && b->options->fail_fast) {
		b->ended = true;
		if (!b->failure.code)
			err_set(&b->failure, MS_ERR_STOPPED, "stopped at the first failure");
	}
	pthread_mutex_unlock(&b->report);
}

static void pending_done(void *user, struct pending_entry *entry, const struct ms_error *err)
{
	report(user, &entry->item, &entry->result, err);
}

static bool stop_asked(struct batch *b)
{
	struct ms_error why = { 0 };

	if (!b->callbacks->stop || !b->callbacks->stop(b->callbacks->user))
		return false;
	err_set(&why, MS_ERR_STOPPED, "stopped");
	end_run(b, &why);
	return true;
}

/* 1 and the next item, 0 when there is nothing more to begin. */
static int take(struct batch *b, struct ms_batch_item *item)
{
	struct ms_error err;
	int r;

	pthread_mutex_lock(&b->source);
	do {
		bool ended;

		memset(item, 0, sizeof(*item));
		err = (struct ms_error){ 0 };
		pthread_mutex_lock(&b->report);
		ended = b->ended;
		pthread_mutex_unlock(&b->report);
		r = ended || stop_asked(b) ? 0 : b->callbacks->next(b->callbacks->user, item, &err);
		if (r < 0) {
			if (pool_is_key_failure(r)) /* out of memory, say: it would never end */
				end_run(b, &err);
			report(b, item, NULL, &err);
		}
	} while (r < 0);
	if (r == 0)
		end_run(b, NULL); /* the source need not be asked again */
	pthread_mutex_unlock(&b->source);
	return r;
}

static int append(struct batch *b, struct signing *s, struct ms_error *err)
{
	int fd = -1;
	int r = module_append(s->m, s->tail.data, s->tail.len, &fd, err);

	if (r < 0)
		return r;
	if (b->options->durability == MS_DURABILITY_NONE) {
		close(fd);
		return 0;
	}
	if (b->options->durability == MS_DURABILITY_FILE && fsync(fd) < 0) {
		r = err_set_errno(err, MS_ERR_IO, errno, "%s cannot be written", s->m->path);
		close(fd);
		return r;
	}
	pthread_mutex_lock(&b->report);
	r = synced_add(&b->synced, fd, err);
	pthread_mutex_unlock(&b->report);
	return r;
}

/* 1: the item was handed to `pending`, which reports it. */
static int one(struct batch *b, struct ms_batch_item *item, struct ms_sign_result *result,
	struct ms_error *err)
{
	struct pending_entry entry = { .item = *item };
	CLEANUP(signing_end) struct signing s;
	int r = signing_begin(b->signer, item->path, item->dest, &s, result, err);

	if (r <= 0)
		return r;
	if (b->options->append && !item->dest && s.keep == s.m->size &&
		module_can_append(s.m))
		return append(b, &s, err);
	r = module_stage(s.m, s.keep, s.tail.data, s.tail.len, item->dest, &entry.staged, err);
	if (r < 0)
		return r;
	entry.result = *result;
	pending_add(&b->pending, &entry);
	return 1;
}

static void *work(void *arg)
{
	struct batch *b = arg;
	struct ms_batch_item item;

	while (take(b, &item)) {
		struct ms_sign_result result = { 0 };
		struct ms_error err = { 0 };
		int r = one(b, &item, &result, &err);

		if (r > 0)
			continue;
		if (r < 0 && pool_is_key_failure(r))
			end_run(b, &err);
		report(b, &item, &result, &err);
	}
	return NULL;
}

static unsigned cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

/* Signatures at once: a key that computes on this machine gains nothing from more than its CPUs,
 * and one that is far away is given more by the user (jobs), who knows its distance. */
static unsigned default_jobs(const struct ms_signer *signer)
{
	unsigned parallel = pool_parallel(&signer->pool);

	return parallel < cpus() ? parallel : cpus();
}

static int run_workers(struct batch *b, unsigned n, struct ms_error *err)
{
	AUTO_FREE pthread_t *threads = calloc(n, sizeof(*threads));
	unsigned started = 0;

	if (!threads)
		return err_nomem(err);
	while (started < n && pthread_create(&threads[started], NULL, work, b) == 0)
		started++;
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	if (!started)
		return err_set(err, MS_ERR_NOMEM, "no thread can be started");
	return 0;
}

MS_API int ms_batch_sign(struct ms_signer *signer, const struct ms_batch_options *options,
	const struct ms_batch_callbacks *callbacks, struct ms_error *err)
{
	unsigned jobs = options->jobs ? options->jobs : default_jobs(signer);
	unsigned workers = jobs + cpus();
	struct batch b = {
		.signer = signer,
		.options = options,
		.callbacks = callbacks,
		.source = PTHREAD_MUTEX_INITIALIZER,
		.report = PTHREAD_MUTEX_INITIALIZER,
		.pending = { .durability = options->durability, .done = pending_done },
	};
	struct ms_error sync_error;
	int r;

	b.pending.user = &b;
	r = pending_init(&b.pending, err);
	if (r < 0)
		return r;
	pool_limit(&signer->pool, jobs);
	r = run_workers(&b, workers < MAX_WORKERS ? workers : MAX_WORKERS, err);
	pending_flush(&b.pending);
	pending_destroy(&b.pending);
	if (synced_finish(&b.synced, &sync_error) < 0 && !b.failure.code)
		b.failure = sync_error;
	if (r == 0 && b.failure.code) {
		if (err)
			*err = b.failure;
		r = b.failure.code;
	}
	return r;
}
