/* SPDX-License-Identifier: Apache-2.0 */
/* Requests signed, many at once, and answered in their order. */
#include "src/base/cleanup.h"
#include "src/base/cpus.h"
#include "src/base/error.h"
#include "src/farm/names.h"
#include "src/farm/power.h"
#include "src/farm/requests.h"
#include "src/farm/write.h"
#include "src/module/memory.h"
#include "src/sign/signer.h"
#include "src/sign/workers.h"

struct run {
	struct ms_requests *requests;
	struct ms_signer *signer;
	const struct ms_requests_sign_options *options;
	const struct ms_requests_callbacks *callbacks;
	struct module_memory memory;
	pthread_mutex_t lock; /* around all that is below, and the callbacks */
	size_t next;          /* to be begun */
	size_t reported;      /* those before it are answered and reported */
	bool ended;           /* nothing more is to be begun */
	struct ms_error failure; /* why the run ended early; code 0 if it did not */
	struct ms_error loss;    /* why answers that were made could not be written; as above */
	struct answer_writer writer;
};

/* What a worker has in hand, for the one that goes on with it if the worker is lost in a call to a
 * token. */
struct hand {
	struct run *run;
	struct farm_entry *entry; /* NULL: nothing */
	struct module *m;         /* NULL for a digest */
	struct pool_hold hold;
	struct cpu_home home;
};

/* The lock is held. */
static void end_run(struct run *run, const struct ms_error *why)
{
	run->ended = true;
	if (!run->failure.code)
		run->failure = *why;
}

/* The lock is held. */
static void end_run_at_loss(struct run *run, const struct ms_error *why)
{
	run->ended = true;
	if (!run->loss.code)
		run->loss = *why;
}

/* Signatures that are lost weigh more than a mere stop, and are told whatever ended the run. */
static void add_loss(struct run *run)
{
	if (!run->loss.code)
		return;
	if (!run->failure.code || run->failure.code == MS_ERR_STOPPED)
		run->failure = run->loss;
	else
		err_append(&run->failure, "\n  and %s", run->loss.message);
}

static struct farm_entry *take(struct run *run)
{
	struct farm_list *list = &run->requests->list;
	struct farm_entry *entry = NULL;

	pthread_mutex_lock(&run->lock);
	if (!run->ended && run->callbacks->stop && run->callbacks->stop(run->callbacks->user)) {
		struct ms_error why;

		err_set(&why, MS_ERR_STOPPED, "stopped");
		end_run(run, &why);
	}
	if (!run->ended && run->next < list->n)
		entry = &list->entries[run->next++];
	pthread_mutex_unlock(&run->lock);
	return entry;
}

/* A module that is named rather than digested, as the kernel's sign-file would sign it: whatever it
 * carries already is content, for that is what the answer is put behind. */
static int sign_named(struct hand *h, struct ms_error *err)
{
	const struct ms_requests *requests = h->run->requests;
	AUTO_FREE char *path = NULL;
	struct stat st;
	int r = beneath_stat(requests->root, h->entry->name, &st, err);

	if (r < 0)
		return r;
	if (asprintf(&path, "%s/%s", requests->root, h->entry->name) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	r = module_open_within(&h->run->memory, path, requests->flags, &h->m, err);
	if (r < 0)
		return r;
	if (h->m->st.st_dev != st.st_dev || h->m->st.st_ino != st.st_ino)
		return err_set(err, MS_ERR_MODULE, "%s was replaced while it was being opened",
			path);
	if (h->m->tail == MODULE_MALFORMED || h->m->tail == MODULE_INTERRUPTED)
		return err_set(err, MS_ERR_MODULE, "%s: %s: %s", path,
			ms_module_state_name((enum ms_module_state)h->m->tail), h->m->tail_reason);
	if (h->run->signer->options.dry_run)
		return 0;
	return signer_make_cms(h->run->signer, h->m, h->m->size, h->run->signer->options.hash,
		&h->hold, &h->entry->cms, err);
}

static void put_down(struct hand *h)
{
	module_close(h->m);
	h->m = NULL;
}

static int sign_entry(struct hand *h, struct ms_error *err)
{
	struct farm_entry *entry = h->entry;
	int r;

	if (h->run->requests->list.format != MS_FARM_DEBIAN)
		return h->run->signer->options.dry_run
			? 0
			: signer_sign_digest(h->run->signer, entry->digest, ms_hash_size(entry->hash),
				  &h->hold, &entry->raw, &entry->cms, err);
	r = sign_named(h, err);
	put_down(h);
	return r;
}

/* Answers and reports one whose turn it is; the lock is held. Answers that are files can fail one
 * by one; where all go to one place, one that cannot be written is the end. */
static void report(struct run *run, struct farm_entry *entry)
{
	struct ms_error write_error = { 0 }, *err = entry->err ? entry->err : &write_error;
	bool written = entry->state != FARM_DONE || run->signer->options.dry_run ||
		answers_add(&run->writer, entry, &write_error) == 0;

	entry->state = FARM_REPORTED;
	entry_forget_signature(entry);
	if (!written && run->writer.format != MS_FARM_DEBIAN) {
		end_run_at_loss(run, &write_error);
		return;
	}
	if (err->code && run->options->fail_fast && run->next < run->requests->list.n) {
		struct ms_error why;

		err_set(&why, MS_ERR_STOPPED, "stopped at the first failure");
		end_run(run, &why);
	}
	if (run->callbacks->done)
		run->callbacks->done(run->callbacks->user, entry->name, err);
}

static void finish(struct run *run, struct farm_entry *entry, int r, const struct ms_error *err)
{
	struct farm_list *list = &run->requests->list;

	pthread_mutex_lock(&run->lock);
	if (r < 0) {
		entry->err = malloc(sizeof(*entry->err));
		if (entry->err)
			*entry->err = *err;
		if (pool_is_key_failure(r) || !entry->err)
			end_run(run, err);
	}
	entry->state = r < 0 ? FARM_FAILED : FARM_DONE;
	while (run->reported < list->n &&
		(list->entries[run->reported].state == FARM_DONE ||
			list->entries[run->reported].state == FARM_FAILED))
		report(run, &list->entries[run->reported++]);
	pthread_mutex_unlock(&run->lock);
}

static int work(void *arg)
{
	struct hand *h = arg;

	/* There is something in hand at the beginning if the one before was lost. */
	while (h->entry || (h->entry = take(h->run))) {
		struct ms_error err = { 0 };
		int r;

		cpu_home_go(&h->home);
		r = sign_entry(h, &err);
		finish(h->run, h->entry, r, &err);
		h->entry = NULL;
	}
	return 0;
}

static void lost(void *arg)
{
	struct hand *h = arg;

	pool_abandon(&h->run->signer->pool, &h->hold);
	put_down(h);
}

static int run_workers(struct run *run, struct ms_error *err)
{
	unsigned jobs = pool_jobs(&run->signer->pool, run->options->jobs);
	unsigned n = workers_wanted(jobs);
	AUTO_FREE struct hand *hands = calloc(n, sizeof(*hands));
	const struct workers workers = { n, hands, sizeof(*hands), work, lost };

	if (!hands)
		return err_nomem(err);
	for (unsigned i = 0; i < n; i++) {
		hands[i].run = run;
		cpu_home_choose(&hands[i].home, i, n);
	}
	pool_limit(&run->signer->pool, jobs);
	return workers_run(&workers, err);
}

/* Of a named module, the key can be shown all. */
static int check_input(const struct ms_requests *requests, const struct ms_signer *signer,
	struct ms_error *err)
{
	if (requests->list.format == MS_FARM_DEBIAN || !requests->list.n ||
		signer->inputs[signer->options.hash] == KEY_INPUT_DIGEST)
		return 0;
	err_set(err, MS_ERR_KEY, "%s signs what it hashes itself, no digests",
		signer->pool.keys[0].key->uri);
	err_hint(err, "Sign the modules themselves with this key.");
	return MS_ERR_KEY;
}

MS_API int ms_requests_check(const struct ms_requests *requests, const struct ms_signer *signer,
	const struct ms_requests_sign_options *options, struct ms_error *err)
{
	int r = 0;

	if (requests->blind && !options->allow_digests)
		r = power_check(signer->cert, err);
	if (r == 0)
		r = debian_check_trust(&requests->trusts, signer, err);
	if (r == 0 && requests->list.format == MS_FARM_DEBIAN && !options->output) {
		r = err_set(err, MS_ERR_USAGE,
			"the answers to %s are files: which directory do they go to?",
			requests->list.file);
		err_hint(err, "Name it with -o.");
	}
	if (r == 0 && signer->options.hash != requests->hash)
		r = err_set(err, MS_ERR_USAGE, "%s has digests by %s, the signer uses %s",
			requests->list.file, ms_hash_name(requests->hash),
			ms_hash_name(signer->options.hash));
	return r == 0 ? check_input(requests, signer, err) : r;
}

MS_API int ms_requests_sign(struct ms_requests *requests, struct ms_signer *signer,
	const struct ms_requests_sign_options *options,
	const struct ms_requests_callbacks *callbacks, struct ms_error *err)
{
	struct run run = {
		.requests = requests,
		.signer = signer,
		.options = options,
		.callbacks = callbacks,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.writer = { .format = requests->list.format, .output = options->output },
	};
	struct ms_error why = { 0 };
	int r = ms_requests_check(requests, signer, options, err);

	if (r < 0)
		return r;
	memory_init(&run.memory, cpus_usable());
	if (run_workers(&run, &why) < 0)
		end_run(&run, &why);
	memory_destroy(&run.memory);
	if (answers_end(&run.writer, &why) < 0)
		end_run_at_loss(&run, &why);
	add_loss(&run);
	if (err && run.failure.code)
		*err = run.failure;
	return run.failure.code;
}
