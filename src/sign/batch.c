/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many modules at once. A worker takes a module all the way: read, digest, sign, write; one more
 * thread waits for the disk. There are as many workers as there are processors, and where more
 * signatures may be under way than that, more workers than signatures: while the key works the next
 * digests are ready and the last modules are being written.
 */
#include "src/base/cleanup.h"
#include "src/base/cpus.h"
#include "src/base/error.h"
#include "src/module/memory.h"
#include "src/sign/links.h"
#include "src/sign/pending.h"
#include "src/sign/signer.h"
#include "src/sign/synced.h"
#include "src/sign/workers.h"

#include <modseal/batch.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

struct batch {
	struct ms_signer *signer;
	const struct ms_batch_options *options;
	const struct ms_batch_callbacks *callbacks;
	pthread_mutex_t source; /* around next() and stop() */
	pthread_mutex_t report; /* around done(), and what is below */
	bool ended;             /* nothing more is to be begun */
	struct ms_error failure; /* why the run ended early; code 0 if it did not */
	struct module_memory memory;
	struct links links;
	struct disk disk;
	struct pending pending;
	struct synced synced;
};

/* What a worker has in hand. All of it is here and not on its stack for the one that goes on with it
 * if the worker is lost in a call to a token. */
struct hand {
	struct batch *b;
	struct ms_batch_item item;
	struct link_group *group;
	bool begun; /* the item is to be signed, and was not reported yet */
	struct cpu_home home;
	struct signing signing;
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

/* An item that was begun is at its end. `changed`: there is a new file. The file's other names come
 * after it, in what is reported as well; the report frees the item. */
static void finish(struct batch *b, struct ms_batch_item *item, struct link_group *group,
	bool changed, const struct ms_sign_result *result, const struct ms_error *err)
{
	char *written = group && changed ? strdup(item->dest ? item->dest : item->path) : NULL;
	struct ms_error of_group = *err;

	if (group && changed && !written && !err->code)
		err_nomem(&of_group);
	report(b, item, result, err);
	if (group)
		links_finish(&b->links, group, written, result, &of_group);
}

static void pending_done(void *user, struct pending_entry *entry, const struct ms_error *err)
{
	finish(user, &entry->item, entry->group, true, &entry->result, err);
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

static int digest_file(const struct batch *b, int fd, const char *path, unsigned char *sha256,
	struct ms_error *err)
{
	if (!b->options->file_digests || b->signer->options.dry_run)
		return 0;
	return module_fd_digest(fd, path, MS_HASH_SHA256, sha256, err);
}

/* Of a plain module without reading it again. */
static int digest_before(const struct batch *b, struct module *m, unsigned char *sha256,
	struct ms_error *err)
{
	if (b->options->file_digests && m->compression == MODULE_PLAIN)
		return module_digest(m, m->size, MS_HASH_SHA256, sha256, err);
	return digest_file(b, m->fd, m->path, sha256, err);
}

/* 1: it has to be replaced. */
static int append(struct batch *b, const struct signing *s, struct ms_sign_result *result,
	struct ms_error *err)
{
	AUTO_CLOSE int fd = -1;
	int r = module_append(s->m, s->tail.data, s->tail.len, &fd, err);

	if (r == 0)
		r = digest_file(b, fd, s->m->path, result->sha256_after, err);
	if (r || b->options->durability == MS_DURABILITY_NONE)
		return r;
	if (b->options->durability == MS_DURABILITY_FILE && fsync(fd) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be written", s->m->path);
	return synced_add(&b->synced, fd, s->m->path, true, err);
}

/* 1: the item was handed to `pending`, which reports it. *changed: there is a new file. */
static int one(struct hand *h, struct ms_sign_result *result, bool *changed, struct ms_error *err)
{
	struct batch *b = h->b;
	struct pending_entry entry = { .item = h->item, .group = h->group };
	const char *dest = h->item.dest;
	struct signing *s = &h->signing;
	int r = signing_begin(b->signer, dest, s, result, err);

	if (r < 0 || digest_before(b, s->m, result->sha256_before, err) < 0)
		return err->code;
	*changed = r > 0;
	memcpy(result->sha256_after, result->sha256_before, sizeof(result->sha256_after));
	if (r > 0 && b->options->append && !dest && s->keep == s->m->size &&
		module_can_append(s->m))
		r = append(b, s, result, err);
	if (r <= 0)
		return r;
	r = module_stage(s->m, s->keep, s->tail.data, s->tail.len, dest, &entry.staged, err);
	if (r == 0)
		r = digest_file(b, staged_fd(entry.staged), s->m->path, result->sha256_after, err);
	if (r < 0) {
		staged_free(entry.staged);
		return r;
	}
	entry.result = *result;
	pending_add(&b->pending, &entry);
	return 1;
}

/* The item in hand is not one of the pending. */
static void conclude(struct hand *h, bool changed, const struct ms_sign_result *result,
	const struct ms_error *err)
{
	if (pool_is_key_failure(err->code))
		end_run(h->b, err);
	finish(h->b, &h->item, h->group, changed, result, err);
}

/* The module may be open already. */
static void sign(struct hand *h)
{
	struct ms_sign_result result = { 0 };
	struct ms_error err = { 0 };
	bool changed = false;
	int r = 0;

	h->begun = true;
	if (!h->signing.m)
		r = signing_open(h->b->signer, h->item.path, &h->signing, &err);
	if (r == 0)
		r = one(h, &result, &changed, &err);
	signing_end(&h->signing);
	h->begun = false;
	if (r <= 0)
		conclude(h, changed, &result, &err);
}

/* A name of a file that was signed by another name. */
static void follow(struct hand *h, const struct link_group *group)
{
	struct ms_batch_item *item = &h->item;
	struct ms_sign_result result = group->result;
	struct ms_error err = group->err;

	if (err.code == 0 && group->written) {
		int r = module_relink(group->written, item->dest ? item->dest : item->path, item->dest ? NULL : &group->st, &err);

		if (r == MS_ERR_UNSUPPORTED) {
			h->group = NULL;
			sign(h);
			return;
		}
		result.same_as = group->path;
	}
	report(h->b, item, &result, &err);
}

static void follow_all(struct hand *h)
{
	const struct link_group *group;

	while (links_next(&h->b->links, &h->item, &group))
		follow(h, group);
}

static void begin(struct hand *h)
{
	struct ms_error err = { 0 };
	int r;

	h->group = NULL;
	r = signing_open(h->b->signer, h->item.path, &h->signing, &err);
	if (r == 0)
		r = links_enter(&h->b->links, &h->signing.m->st, &h->item, &h->group, &err);
	if (r == 0) {
		sign(h);
		return;
	}
	signing_end(&h->signing);
	if (r < 0)
		conclude(h, false, NULL, &err);
}

static int work(void *arg)
{
	struct hand *h = arg;

	if (h->begun) { /* by one that was lost */
		sign(h);
		follow_all(h);
	}
	while (take(h->b, &h->item)) {
		cpu_home_go(&h->home);
		begin(h);
		follow_all(h);
	}
	return 0;
}

static void lost(void *arg)
{
	struct hand *h = arg;

	pool_abandon(&h->b->signer->pool, &h->signing.hold);
	signing_end(&h->signing);
}

/* Descriptors that are left for modules: the library and the key have some of their own. */
static unsigned descriptors(void)
{
	const unsigned spare = 64;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > 4096)
		return 4096;
	return limit.rlim_cur > spare + 4 ? (unsigned)limit.rlim_cur - spare : 4;
}

/* A worker needs three descriptors: for the module, the file that is to take its place, and another that
 * it helps to give its name. A module that waits for its name is staged in one; half for each where they
 * are scarce. */
static int set_up(struct batch *b, unsigned workers, struct ms_error *err)
{
	int r;

	b->pending.durability = b->options->durability;
	b->pending.disk = &b->disk;
	b->pending.synced = &b->synced;
	b->pending.done = pending_done;
	b->pending.user = b;
	r = pending_init(&b->pending, (descriptors() - 3 * workers) / 2, err);
	if (r == 0) {
		memory_init(&b->memory, cpus_usable());
		links_init(&b->links);
		disk_start(&b->disk);
		synced_init(&b->synced, &b->disk);
	}
	return r;
}

/* Names that waited for modules which in turn waited for the disk, and modules signed for them. */
static void wind_up(struct batch *b)
{
	struct hand hand = { .b = b, .signing.memory = &b->memory };
	struct ms_error err = { 0 };

	pending_flush(&b->pending);
	follow_all(&hand);
	pending_flush(&b->pending);
	disk_end(&b->disk);
	pending_destroy(&b->pending);
	links_free(&b->links);
	memory_destroy(&b->memory);
	if (synced_finish(&b->synced, &err) < 0 && !b->failure.code)
		b->failure = err;
}

static int run_workers(struct batch *b, unsigned n, struct ms_error *err)
{
	AUTO_FREE struct hand *hands = calloc(n, sizeof(*hands));
	const struct workers workers = { n, hands, sizeof(*hands), work, lost };

	if (!hands)
		return err_nomem(err);
	for (unsigned i = 0; i < n; i++) {
		hands[i].b = b;
		hands[i].signing.memory = &b->memory;
		cpu_home_choose(&hands[i].home, i, n);
	}
	return workers_run(&workers, err);
}

MS_API int ms_batch_sign(struct ms_signer *signer, const struct ms_batch_options *options,
	const struct ms_batch_callbacks *callbacks, struct ms_error *err)
{
	unsigned jobs = pool_jobs(&signer->pool, options->jobs);
	unsigned wanted = workers_wanted(jobs), possible = descriptors() / 4;
	unsigned workers = wanted < possible ? wanted : possible;
	struct batch b = {
		.signer = signer,
		.options = options,
		.callbacks = callbacks,
		.source = PTHREAD_MUTEX_INITIALIZER,
		.report = PTHREAD_MUTEX_INITIALIZER,
	};
	int r = set_up(&b, workers, err);

	if (r < 0)
		return r;
	pool_limit(&signer->pool, jobs);
	r = run_workers(&b, workers, err);
	wind_up(&b);
	if (r == 0 && b.failure.code) {
		if (err)
			*err = b.failure;
		r = b.failure.code;
	}
	return r;
}
