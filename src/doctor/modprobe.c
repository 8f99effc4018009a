/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/modprobe.h"

#include "src/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

static const char *const dirs[] = { "etc", "run", "usr/local/lib", "usr/lib", "lib" };

struct conf {
	char *name; /* "blacklist.conf" */
	size_t dir;
};

struct confs {
	struct conf *all;
	size_t n;
};

bool module_names_equal(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return !*a && !*b;
}

static void add(struct doctor *d, struct confs *confs, const char *name, size_t dir)
{
	struct conf *all;

	for (size_t i = 0; i < confs->n; i++)
		if (!strcmp(confs->all[i].name, name))
			return;
	all = reallocarray(confs->all, confs->n + 1, sizeof(*all));
	if (!all) {
		d->nomem = true;
		return;
	}
	confs->all = all;
	all[confs->n] = (struct conf){ strdup(name), dir };
	if (all[confs->n].name)
		confs->n++;
	else
		d->nomem = true;
}

static void list(struct doctor *d, struct confs *confs)
{
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		DIR *dir = root_dir(&d->root, kept(d, "%s/modprobe.d", dirs[i]));
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			size_t len = strlen(entry->d_name);

			if (len > 5 && !strcmp(entry->d_name + len - 5, ".conf"))
				add(d, confs, entry->d_name, i);
		}
		if (dir)
			closedir(dir);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct conf *)a)->name, ((const struct conf *)b)->name);
}

/* One line, without its end; changed. */
static void parse(char *line, rule_fn *fn, void *user, const char *file, unsigned number)
{
	char *rest = line, *verb, *module;

	verb = strtok_r(line, " \t", &rest);
	module = verb && *verb != '#' ? strtok_r(NULL, " \t", &rest) : NULL;
	if (!module)
		return;
	rest += strspn(rest, " \t");
	if (!strcmp(verb, "blacklist"))
		fn(user, RULE_BLACKLIST, module, "", file, number);
	else if (!strcmp(verb, "install"))
		fn(user, RULE_INSTALL, module, rest, file, number);
}

static void read_file(struct doctor *d, const struct conf *c, rule_fn *fn, void *user)
{
	const char *file = kept(d, "/%s/modprobe.d/%s", dirs[c->dir], c->name),
		   *text = file_text(d, file);
	AUTO_FREE char *copy = text ? strdup(text) : NULL;
	char *next = copy, *at;
	unsigned number = 0;

	d->nomem |= text && !copy;
	/* A line that ends in '\' goes on. */
	for (at = copy; at && (at = strstr(at, "\\\n")); at += 2)
		at[0] = at[1] = ' ';
	while (next) {
		char *line = strsep(&next, "\n");

		parse(line, fn, user, file, ++number);
	}
}

void modprobe_rules(struct doctor *d, rule_fn *fn, void *user)
{
	struct confs confs = { 0 };

	list(d, &confs);
	if (confs.n)
		qsort(confs.all, confs.n, sizeof(*confs.all), by_name);
	for (size_t i = 0; i < confs.n; i++) {
		read_file(d, &confs.all[i], fn, user);
		free(confs.all[i].name);
	}
	free(confs.all);
}
