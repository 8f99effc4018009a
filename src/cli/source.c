/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/source.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/cli/outpath.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file that was given out: where it lies, and by which path it was reached. Hard links are told
 * by ms_batch_sign(), which has more to do about them. */
struct seen {
	char *target, *path;
};

static int compare_seen(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->target, ((const struct seen *)b)->target);
}

static void free_seen(void *p)
{
	struct seen *seen = p;

	free(seen->target);
	free(seen->path);
	free(seen);
}

bool source_output_is_dir(const struct source *s)
{
	return s->output && outpath_is_dir(s->output, s->argc, s->argv);
}

/* realpath() of the directory that a path ends in; of a row of files it is the same. NULL with errno. */
static const char *real_directory(struct source *s, const char *path, size_t len)
{
	if (s->directory && strlen(s->directory) == len && !memcmp(s->directory, path, len))
		return s->real_directory;
	free(s->directory);
	free(s->real_directory);
	s->directory = strndup(path, len);
	s->real_directory = s->directory ? realpath(len ? s->directory : ".", NULL) : NULL;
	return s->real_directory;
}

/* realpath() of a file. */
static char *real_path(struct source *s, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *directory;
	struct stat st;
	char *real;

	if (!ms_walk_is_file(s->walk)) {
		if (lstat(path, &st) < 0)
			return NULL;
		if (!S_ISREG(st.st_mode))
			return realpath(path, NULL);
	}
	directory = real_directory(s, path, (size_t)(name - path));
	if (!directory)
		return NULL;
	return asprintf(&real, "%s/%s", directory[1] ? directory : "", name) >= 0 ? real : NULL;
}

/* A file that cannot be looked at is no duplicate: whoever opens it will say what is wrong. */
static int look_for_same(struct source *s, struct source_item *item, struct ms_error *err)
{
	AUTO_FREE char *target = real_path(s, item->path);
	struct seen *seen, **found;

	if (!target)
		return 0;
	seen = calloc(1, sizeof(*seen));
	if (!seen)
		return err_nomem(err);
	seen->target = STEAL(target);
	seen->path = strdup(item->path);
	found = seen->path ? tsearch(seen, &s->seen, compare_seen) : NULL;
	if (!found) {
		free_seen(seen);
		return err_nomem(err);
	}
	if (*found == seen)
		return 0;
	free_seen(seen);
	item->same_as = strdup((*found)->path);
	return item->same_as ? 0 : err_nomem(err);
}

/* Whether the directory of `path` was swept just now: files of one directory often come in a row. */
static bool new_directory(struct source *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, (size_t)(slash - path + 1)) : strdup("");
	bool new = !dir || !s->swept || strcmp(dir, s->swept) != 0;

	free(s->swept);
	s->swept = dir;
	return new;
}

static int destination(struct source *s, const char *relative, struct source_item *item,
	struct ms_error *err)
{
	if (!s->output)
		return 0;
	if (s->output_is_dir) {
		int r = outpath_join(s->output, relative, &item->dest, err);

		if (r == 0 && !s->dry_run)
			r = outpath_make_parents(item->dest, err);
		if (r < 0)
			return r;
	} else {
		item->dest = strdup(s->output);
		if (!item->dest)
			return err_nomem(err);
	}
	if (s->sweep && new_directory(s, item->dest)) {
		unsigned swept;

		(void)ms_sweep(s->swept && *s->swept ? s->swept : ".", &swept, NULL);
	}
	return outpath_claim(&s->claims, item->dest, item->path, err);
}

/* A directory is one that was not swept yet, and a link may lead to one. */
static bool sweeps(struct source *s, const char *operand)
{
	struct stat st;

	return s->sweep && !s->output &&
		(lstat(operand, &st) < 0 || !S_ISREG(st.st_mode) || new_directory(s, operand));
}

static int open_next(struct source *s, struct source_item *item, struct ms_error *err)
{
	const char *operand = s->argv[s->next++];
	int r = ms_walk_open(operand, sweeps(s, operand) ? MS_WALK_SWEEP : 0, &s->walk, err);

	s->found = 0;
	if (r == 0)
		return 0;
	s->walk = NULL;
	item->path = strdup(operand);
	return item->path ? r : err_nomem(err);
}

/* The walk of the current operand is over. */
static int close_walk(struct source *s, struct source_item *item, struct ms_error *err)
{
	const char *operand = s->argv[s->next - 1];

	ms_walk_close(s->walk);
	s->walk = NULL;
	if (s->found)
		return 0;
	item->path = strdup(operand);
	if (!item->path)
		return err_nomem(err);
	err_set(err, MS_ERR_MODULE, "%s holds no kernel module", operand);
	err_hint(err, "Files named *.ko, *.ko.gz, *.ko.xz and *.ko.zst are looked for.");
	return MS_ERR_MODULE;
}

int source_next(struct source *s, struct source_item *item, struct ms_error *err)
{
	const char *path, *relative;
	int r;

	*item = (struct source_item){ .place = s->given++ };
	if (!s->started) {
		s->output_is_dir = source_output_is_dir(s);
		s->started = true;
	}
	for (;;) {
		if (!s->walk) {
			if (s->next == s->argc)
				return 0;
			r = open_next(s, item, err);
			if (r < 0)
				return r;
		}
		r = ms_walk_next(s->walk, &path, &relative, err);
		if (r != 0)
			break;
		r = close_walk(s, item, err);
		if (r < 0)
			return r;
	}
	s->found++;
	item->path = strdup(r > 0 ? path : s->argv[s->next - 1]);
	if (r > 0)
		item->name = strdup(relative);
	if (!item->path || (r > 0 && !item->name))
		return err_nomem(err);
	if (r > 0)
		r = destination(s, relative, item, err);
	/* With -o each path has a destination of its own. */
	if (r == 0 && !s->output)
		r = look_for_same(s, item, err);
	return r < 0 ? r : 1;
}

void source_item_release(struct source_item *item)
{
	free(item->path);
	free(item->name);
	free(item->dest);
	free(item->same_as);
	*item = (struct source_item){ 0 };
}

void source_close(struct source *s)
{
	if (s->walk)
		ms_walk_close(s->walk);
	tdestroy(s->seen, free_seen);
	outpath_forget(s->claims);
	free(s->swept);
	free(s->directory);
	free(s->real_directory);
	s->swept = s->directory = s->real_directory = NULL;
	s->walk = NULL;
	s->seen = s->claims = NULL;
}
