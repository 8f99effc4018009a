/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines a file gets: one for each of its names, once it is done. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/cli/manifest.h"
#include "src/cli/names.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct name {
	struct name *next;
	char text[];
};

struct file {
	char *path, *name; /* by which it is signed, and what the manifest calls that */
	struct name *others;
	bool done;	   /* the rest is known */
	const char *first; /* name of the first line; this file's or that of one linked to it */
	const char *outcome, *key_type;
	struct ms_sign_result result;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static void file_free(void *p)
{
	struct file *file = p;
	struct name *next;

	for (struct name *n = file->others; n; n = next) {
		next = n->next;
		free(n);
	}
	free(file->path);
	free(file->name);
	free(file);
}

static struct file *find(const struct manifest *m, const char *path)
{
	const struct file key = { .path = (char *)path };
	struct file **found = path ? tfind(&key, &m->files, compare) : NULL;

	return found ? *found : NULL;
}

static int claim(struct manifest *m, const char *path, const char *name, struct ms_error *err)
{
	return names_claim(&m->names, name, path,
		"Sign each directory in a run of its own, with a manifest of its own.", err);
}

int manifest_claim(struct manifest *m, const char *path, const char *name, struct ms_error *err)
{
	struct file *file, **found;
	int r = claim(m, path, name, err);

	if (r < 0)
		return r;
	file = calloc(1, sizeof(*file));
	if (!file)
		return err_nomem(err);
	file->path = strdup(path);
	file->name = strdup(name);
	found = file->path && file->name ? tsearch(file, &m->files, compare) : NULL;
	if (!found || *found != file) /* with -o a path may come twice */
		file_free(file);
	return found ? 0 : err_nomem(err);
}

static bool has_name(const struct file *file, const char *name)
{
	const struct name *n = file->others;

	while (n && strcmp(n->text, name) != 0)
		n = n->next;
	return n || !strcmp(file->name, name);
}

/* Where a line cannot be written that is in m->err. */
static void add_other(struct manifest *m, const struct file *file, const char *name)
{
	if (!m->err.code)
		manifest_write_line(
			m, name, file->first, file->outcome, file->key_type, &file->result);
}

int manifest_claim_same(struct manifest *m, const char *same_as, const char *path, const char *name,
	struct ms_error *err)
{
	struct file *file = find(m, same_as);
	struct name *other;
	int r;

	if (!file || has_name(file, name))
		return 0;
	r = claim(m, path, name, err);
	if (r < 0)
		return r;
	other = malloc(sizeof(*other) + strlen(name) + 1);
	if (!other)
		return err_nomem(err);
	strcpy(other->text, name);
	other->next = file->others;
	file->others = other;
	if (file->done)
		add_other(m, file, name);
	return 0;
}

void manifest_add(struct manifest *m, const char *path, const char *name, const char *outcome,
	const char *key_type, const struct ms_sign_result *result)
{
	struct file *file = find(m, path);
	const struct file *same = find(m, result->same_as);

	if (m->err.code)
		return;
	manifest_write_line(m, name, same ? same->first : NULL, outcome, key_type, result);
	if (!file)
		return;
	file->done = true;
	file->first = same ? same->first : file->name;
	file->outcome = outcome;
	file->key_type = key_type;
	file->result = *result;
	file->result.same_as = NULL; /* it will be gone */
	for (const struct name *n = file->others; n; n = n->next)
		add_other(m, file, n->text);
}

void manifest_forget(struct manifest *m)
{
	tdestroy(m->files, file_free);
	names_forget(m->names);
	m->files = m->names = NULL;
}
