/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/lookup.h"

#include "src/base/cleanup.h"
#include "src/trust/depmod.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Of the end of a path's last component. */
static const char *suffix_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strstr(slash ? slash : path, ".ko");

	while (dot && dot[3] && dot[3] != '.')
		dot = strstr(dot + 1, ".ko");
	return dot;
}

bool is_module_file(const char *path)
{
	static const char *const suffixes[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };
	const char *suffix = suffix_of(path);

	for (size_t i = 0; suffix && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (!strcmp(suffix, suffixes[i]))
			return true;
	return false;
}

static const char *underscored(struct doctor *d, const char *text, size_t len)
{
	const char *name = kept(d, "%.*s", (int)len, text);

	for (char *c = (char *)name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

const char *name_of_file(struct doctor *d, const char *path)
{
	const char *slash = strrchr(path, '/'), *start = slash ? slash + 1 : path,
		   *suffix = suffix_of(start);

	return underscored(d, start, suffix ? (size_t)(suffix - start) : strlen(start));
}

static const char *tree_file(struct doctor *d, const char *release, const char *file)
{
	const char *text =
		release ? file_text(d, kept(d, "lib/modules/%s/%s", release, file)) : NULL;

	return text ? text : "";
}

/* The line about the module of that name. */
static const char *line_of(struct doctor *d, const char *text, const char *name)
{
	size_t name_len = strlen(name);

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (depmod_is_of(text, name, name_len))
			return kept(d, "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
	return NULL;
}

/* '_' for '-' outside of brackets, as kmod compares aliases. */
static void normalize(char *pattern)
{
	bool inside = false;

	for (; *pattern; pattern++) {
		inside = *pattern == '[' || (inside && *pattern != ']');
		if (*pattern == '-' && !inside)
			*pattern = '_';
	}
}

/* "alias PATTERN MODULE" of modules.alias; NULL if none fits. */
static const char *alias_of(struct doctor *d, const char *name)
{
	AUTO_FREE char *text = strdup(tree_file(d, d->release, "modules.alias"));
	char *next = text;

	d->nomem |= !text;
	while (next) {
		char *rest, *line = strsep(&next, "\n"), *verb = strtok_r(line, " ", &rest),
			    *pattern = verb ? strtok_r(NULL, " ", &rest) : NULL;

		if (!pattern || strcmp(verb, "alias") != 0)
			continue;
		normalize(pattern);
		if (fnmatch(pattern, name, 0) == 0)
			return underscored(d, rest, strcspn(rest, " "));
	}
	return NULL;
}

const char *modules_dep_line(struct doctor *d, const char **name)
{
	const char *deps = tree_file(d, d->release, "modules.dep"), *line = line_of(d, deps, *name),
		   *other;

	if (line)
		return line;
	other = alias_of(d, *name);
	line = other ? line_of(d, deps, other) : NULL;
	if (line)
		*name = other;
	return line;
}

const char *path_in_tree(struct doctor *d, const char *path)
{
	size_t len = strcspn(path, ": ");

	return *path == '/' ? kept(d, "%.*s", (int)len, path)
			    : kept(d, "/lib/modules/%s/%.*s", d->release, (int)len, path);
}

static const char *below_root(struct doctor *d, const char *path)
{
	const char *root = d->machine->root;
	size_t len = strlen(root);

	while (len && root[len - 1] == '/')
		len--;
	return kept(d, "%.*s%s", (int)len, root, path);
}

const char *path_to_open(struct doctor *d, const char *path)
{
	const char *whole = below_root(d, path);
	AUTO_FREE char *resolved = NULL, *outside = NULL;

	if (d->root.live || root_is_same(&d->root, path, whole))
		return whole;
	if (root_resolve(&d->root, path, &resolved) == 0)
		return below_root(d, resolved);
	/* Nothing there; where a link leads on this machine is not it. */
	outside = realpath(whole, NULL);
	return outside ? below_root(d, outside) : whole;
}

bool is_built_in(struct doctor *d, const char *name)
{
	return line_of(d, tree_file(d, d->release, "modules.builtin"), name);
}

const char *other_releases_with(struct doctor *d, const char *name)
{
	DIR *dir = root_dir(&d->root, "lib/modules");
	const char *names = "";
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || (d->release && !strcmp(entry->d_name, d->release)))
			continue;
		if (line_of(d, tree_file(d, entry->d_name, "modules.dep"), name))
			names = kept(d, "%s%s%s", names, *names ? ", " : "", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return names;
}
