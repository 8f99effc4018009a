/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers put on the modules that they are for. Modules are found by walking, and looked up among
 * the answers by name: so no name that came from elsewhere is ever opened.
 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/farm/answers.h"
#include "src/farm/names.h"
#include "src/sign/pending.h"
#include "src/sign/signer.h"

#include <string.h>

#define WAITING_MAX 128 /* modules that share a syncfs */

DEFINE_CLEANUP(struct module, module_close, cleanup_module);
DEFINE_CLEANUP(struct ms_walk, ms_walk_close, cleanup_walk);

struct run {
	struct ms_answers *answers;
	const struct ms_answers_attach_options *options;
	const struct ms_answers_callbacks *callbacks;
	struct synced synced;
	struct pending pending;
	bool directories; /* among the operands */
	char *swept; /* the directory of the output that was swept last */
};

static void report(const struct run *run, const char *path, const char *dest,
	const struct ms_error *err)
{
	if (run->callbacks->done)
		run->callbacks->done(run->callbacks->user, path, dest, err);
}

static void pending_done(void *user, struct pending_entry *entry, const struct ms_error *err)
{
	report(user, entry->item.path, err->code ? NULL : entry->item.dest, err);
	free(entry->item.path);
	free(entry->item.dest);
}

/* Says so if it is because the module is another one now. */
static void explain(struct module *m, uint64_t keep, const struct ms_answers *answers,
	const struct farm_entry *entry, struct ms_error *err)
{
	const struct farm_list *list = &answers->list;
	uint8_t digest[MS_HASH_MAX_SIZE];

	if (list->format != MS_FARM_LINES) {
		err_prefix(err, "%s: the signature of %s", list->file, entry->name);
		return;
	}
	if (module_digest(m, keep, entry->hash, digest, NULL) == 0 &&
		memcmp(digest, entry->digest, ms_hash_size(entry->hash)) != 0) {
		list_fault(list, entry->place, err, "%s is not what the digest was made of",
			m->path);
		err->code = MS_ERR_SIGNATURE;
		err_hint(err, "It was changed since, or the digest was made with --stack and this "
			      "is without, or the other way round. Nothing was attached.");
		return;
	}
	err_prefix(err, "%s:%lu: the signature", list->file, entry->place);
}

static int check(const struct run *run, const struct farm_entry *entry, struct module *m,
	uint64_t keep, struct buf *cms, struct ms_error *err)
{
	struct ms_attach_options options = run->options->attach;
	const struct farm_list *list = &run->answers->list;
	const struct buf *signature = options.raw ? &entry->raw : &entry->cms;
	int r;

	if (!signature->len)
		return list_fault(list, entry->place, err, "there is no \"%s\" for %s",
			options.raw ? "signature" : "cms", entry->name);
	options.hash = entry->hash;
	r = signature_check(m, keep, signature, &options, cms, err);
	if (r == MS_ERR_SIGNATURE && err)
		explain(m, keep, run->answers, entry, err);
	return r;
}

/* Where a run that was killed may have left temporary files. Those of one directory come in a row. */
static void sweep_beside(struct run *run, const char *dest)
{
	size_t len = (size_t)(strrchr(dest, '/') - dest);
	unsigned swept;

	if (run->swept && strlen(run->swept) == len && !memcmp(run->swept, dest, len))
		return;
	free(run->swept);
	run->swept = strndup(dest, len);
	if (run->swept)
		(void)ms_sweep(run->swept, &swept, NULL);
}

static int destination(struct run *run, const char *relative, char **dest,
	struct ms_error *err)
{
	const char *fault = name_fault(relative);
	int r;

	if (!run->options->output)
		return 0;
	if (fault)
		return err_set(err, MS_ERR_MODULE, "the name '%s' is refused: %s", relative, fault);
	if (asprintf(dest, "%s/%s", run->options->output, relative) < 0) {
		*dest = NULL;
		return err_nomem(err);
	}
	r = beneath_make_parents(run->options->output, relative, err);
	if (r == 0)
		sweep_beside(run, *dest);
	return r;
}

/* Stages the module with its signature; entry->item is filled as far as it goes. */
static int stage(struct run *run, struct farm_entry *entry, const char *relative,
	struct pending_entry *p, struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	AUTO_BUF struct buf cms = { 0 }, tail = { 0 };
	uint64_t keep;
	int r = module_open(p->item.path, run->options->attach.flags, &m, err);

	if (r < 0)
		return r;
	keep = signer_keep_len(m, run->options->attach.stack);
	r = check(run, entry, m, keep, &cms, err);
	if (r == 0)
		r = destination(run, relative, &p->item.dest, err);
	if (r == 0)
		r = module_tail_build(cms.data, cms.len, &tail, err);
	if (r == 0)
		r = module_stage(m, keep, tail.data, tail.len, p->item.dest, &p->staged, err);
	return r;
}

static int find(struct run *run, const char *path, const char *relative, struct farm_entry **entry,
	struct ms_error *err)
{
	*entry = list_find(&run->answers->list, relative);
	if (!*entry)
		return err_set(err, MS_ERR_MODULE, "%s has no signature for %s",
			run->answers->list.file, path);
	if ((*entry)->state == FARM_REPORTED && run->options->output)
		return err_set(err, MS_ERR_USAGE, "%s is the second that would be written to %s/%s",
			path, run->options->output, relative);
	(*entry)->state = FARM_REPORTED;
	return 0;
}

static void one(struct run *run, const char *path, const char *relative)
{
	struct pending_entry p = { .item.path = strdup(path) };
	struct farm_entry *entry = NULL;
	struct ms_error err = { 0 };
	int r = p.item.path ? find(run, path, relative, &entry, &err) : err_nomem(&err);

	if (r == 0)
		r = stage(run, entry, relative, &p, &err);
	if (r == 0) {
		pending_add(&run->pending, &p);
		return;
	}
	report(run, path, NULL, &err);
	free(p.item.path);
	free(p.item.dest);
}

static bool stopped(const struct run *run)
{
	return run->callbacks->stop && run->callbacks->stop(run->callbacks->user);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* false: stopped. */
static bool operand(struct run *run, const char *path)
{
	CLEANUP(cleanup_walk) struct ms_walk *walk = NULL;
	const char *module, *relative;
	struct ms_error err = { 0 };
	int r = ms_walk_open(path, run->options->output ? 0 : MS_WALK_SWEEP, &walk, &err);

	run->directories |= is_directory(path);
	if (r < 0) {
		walk = NULL;
		report(run, path, NULL, &err);
		return true;
	}
	while ((r = ms_walk_next(walk, &module, &relative, &err)) != 0) {
		if (stopped(run))
			return false;
		if (r < 0)
			report(run, path, NULL, &err);
		else
			one(run, module, relative);
		err = (struct ms_error){ 0 };
	}
	return true;
}

static bool has_module_name(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *ending = strstr(slash ? slash : name, ".ko");

	return ending && (!ending[3] || ending[3] == '.');
}

/* An answer that no module was found for: why. */
static void leftover(struct run *run, const struct farm_entry *entry, const char *const *operands,
	size_t n)
{
	const struct farm_list *list = &run->answers->list;
	struct ms_error err = { 0 };
	struct stat st;

	if (list->format == MS_FARM_CPIO && !has_module_name(entry->name)) {
		if (run->callbacks->skipped)
			run->callbacks->skipped(run->callbacks->user, entry->name,
				"not named like a module");
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (is_directory(operands[i]) &&
			beneath_stat(operands[i], entry->name, &st, &err) == MS_ERR_MODULE) {
			err_prefix(&err, "%s:%lu", list->file, entry->place);
			report(run, entry->name, NULL, &err);
			return;
		}
	list_fault(list, entry->place, &err, "there is no module %s", entry->name);
	report(run, entry->name, NULL, &err);
}

static void leftovers(struct run *run, const char *const *operands, size_t n)
{
	const struct farm_list *list = &run->answers->list;

	for (size_t i = 0; i < list->n; i++)
		if (list->entries[i].state == FARM_WAITING)
			leftover(run, &list->entries[i], operands, n);
}

static int attach_all(struct run *run, const char *const *operands, size_t n, struct ms_error *err)
{
	size_t i = 0;

	while (i < n && operand(run, operands[i]))
		i++;
	pending_flush(&run->pending);
	if (i < n)
		return err_set(err, MS_ERR_STOPPED, "stopped");
	/* Who names single modules does not mean the others. */
	if (run->directories)
		leftovers(run, operands, n);
	return 0;
}

MS_API int ms_answers_attach(struct ms_answers *answers, const char *const *operands, size_t n,
	const struct ms_answers_attach_options *options,
	const struct ms_answers_callbacks *callbacks, struct ms_error *err)
{
	struct run run = {
		.answers = answers,
		.options = options,
		.callbacks = callbacks,
		.pending = { .durability = options->durability, .done = pending_done },
	};
	struct ms_error failure = { 0 };
	int r;

	if (!options->attach.cert)
		return err_set(err, MS_ERR_USAGE,
			"a signature cannot be verified without its certificate");
	run.pending.user = &run;
	run.pending.synced = &run.synced;
	r = pending_init(&run.pending, WAITING_MAX, err);
	if (r < 0)
		return r;
	synced_init(&run.synced, NULL);
	r = attach_all(&run, operands, n, err);
	pending_destroy(&run.pending);
	free(run.swept);
	if (synced_finish(&run.synced, &failure) < 0 && r == 0) {
		r = failure.code;
		if (err)
			*err = failure;
	}
	return r;
}
