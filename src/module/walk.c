/* SPDX-License-Identifier: Apache-2.0 */
/* Modules under a directory. */
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <modseal/module.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* One directory that is being read. */
struct level {
	struct dirent **entries; /* sorted; those already given out are NULL */
	int n, next;
	size_t path_len; /* of the walk's path, up to this directory */
};

struct ms_walk {
	char *root;     /* the directory with links resolved; NULL if a file was given */
	char *path;     /* of the current entry; PATH_MAX bytes */
	size_t root_len; /* of the part of path that was given */
	struct level *levels;
	size_t depth;
	unsigned flags; /* enum ms_walk_flags */
	bool file_given;
	bool is_file; /* the current entry is a regular file */
};

static bool has_module_name(const char *name)
{
	static const char *const endings[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && !strcmp(name + len - n, endings[i]))
			return true;
	}
	return false;
}

static int wanted(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* What cannot be swept does no harm: the walk itself tells of a directory that cannot be read. */
static void sweep(const struct ms_walk *walk, const char *dir)
{
	unsigned swept;

	if (walk->flags & MS_WALK_SWEEP)
		(void)ms_sweep(dir, &swept, NULL);
}

/* Of a link: where the file lies. */
static void sweep_beside(const struct ms_walk *walk)
{
	AUTO_FREE char *real = walk->flags & MS_WALK_SWEEP ? realpath(walk->path, NULL) : NULL;
	char *slash = real ? strrchr(real, '/') : NULL;

	if (!slash)
		return;
	slash[slash == real] = '\0';
	sweep(walk, real);
}

static int push(struct ms_walk *walk, struct ms_error *err)
{
	struct level *levels = reallocarray(walk->levels, walk->depth + 1, sizeof(*levels));
	struct level *level;

	if (!levels)
		return err_nomem(err);
	walk->levels = levels;
	level = &levels[walk->depth];
	*level = (struct level){ .path_len = strlen(walk->path) };
	sweep(walk, walk->path);
	level->n = scandir(walk->path, &level->entries, wanted, by_name);
	if (level->n < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "directory %s cannot be read",
			walk->path);
	walk->depth++;
	return 0;
}

static void pop(struct ms_walk *walk)
{
	struct level *level = &walk->levels[--walk->depth];

	for (int i = 0; i < level->n; i++)
		free(level->entries[i]);
	free(level->entries);
}

MS_API int ms_walk_open(const char *path, unsigned flags, struct ms_walk **out,
	struct ms_error *err)
{
	struct ms_walk *walk;
	struct stat st;
	int r = 0;

	if (stat(path, &st) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s", path);
	if (strlen(path) >= PATH_MAX)
		return err_set_errno(err, MS_ERR_IO, ENAMETOOLONG, "%s", path);
	walk = calloc(1, sizeof(*walk));
	if (!walk || !(walk->path = malloc(PATH_MAX))) {
		free(walk);
		return err_nomem(err);
	}
	strcpy(walk->path, path);
	walk->flags = flags;
	walk->file_given = !S_ISDIR(st.st_mode);
	if (walk->file_given) {
		sweep_beside(walk);
	} else {
		walk->root_len = strlen(walk->path);
		while (walk->root_len > 1 && walk->path[walk->root_len - 1] == '/')
			walk->path[--walk->root_len] = '\0';
		walk->root = realpath(path, NULL);
		if (!walk->root)
			r = err_set_errno(err, MS_ERR_IO, errno, "%s", path);
		else
			r = push(walk, err);
	}
	if (r < 0) {
		ms_walk_close(walk);
		return r;
	}
	*out = walk;
	return 0;
}

/* A link in a tree counts when it leads to a module beneath the tree that the walk would not
 * find by itself: kernel trees hold links to build directories and elsewhere. */
static bool link_counts(const struct ms_walk *walk)
{
	AUTO_FREE char *target = realpath(walk->path, NULL);
	size_t len = strlen(walk->root);
	struct stat st;

	if (!target || strncmp(target, walk->root, len) != 0 ||
		(len > 1 && target[len] != '/') || has_module_name(target))
		return false;
	return stat(target, &st) == 0 && S_ISREG(st.st_mode);
}

/* Looks at the entry whose name has just been put behind the path: 1 if it is a module, 0 if
 * not (a directory is entered). */
static int look(struct ms_walk *walk, const struct dirent *entry, struct ms_error *err)
{
	const char *name = entry->d_name;
	struct stat st;

	walk->is_file = entry->d_type == DT_REG;
	if (walk->is_file)
		return has_module_name(name);
	if (lstat(walk->path, &st) < 0)
		return errno == ENOENT
			? 0
			: err_set_errno(err, MS_ERR_IO, errno, "%s", walk->path);
	if (S_ISDIR(st.st_mode))
		return push(walk, err);
	if (!has_module_name(name))
		return 0;
	return S_ISREG(st.st_mode) || (S_ISLNK(st.st_mode) && link_counts(walk));
}

static int append_name(struct ms_walk *walk, const struct level *level, const char *name,
	struct ms_error *err)
{
	bool slash = level->path_len && walk->path[level->path_len - 1] != '/';

	if (level->path_len + slash + strlen(name) >= PATH_MAX) {
		walk->path[level->path_len] = '\0';
		return err_set_errno(err, MS_ERR_IO, ENAMETOOLONG, "%s/%s", walk->path, name);
	}
	sprintf(walk->path + level->path_len, "%s%s", slash ? "/" : "", name);
	return 0;
}

MS_API int ms_walk_next(struct ms_walk *walk, const char **path, const char **relative,
	struct ms_error *err)
{
	if (walk->file_given) {
		const char *slash = strrchr(walk->path, '/');

		walk->file_given = false;
		*path = walk->path;
		*relative = slash ? slash + 1 : walk->path;
		return 1;
	}
	while (walk->depth) {
		struct level *level = &walk->levels[walk->depth - 1];
		const struct dirent *entry;
		int r;

		if (level->next == level->n) {
			pop(walk);
			continue;
		}
		entry = level->entries[level->next++];
		r = append_name(walk, level, entry->d_name, err);
		if (r == 0)
			r = look(walk, entry, err);
		if (r < 0)
			return r;
		if (r > 0) {
			*path = walk->path;
			*relative = walk->path + walk->root_len;
			while (**relative == '/')
				(*relative)++;
			return 1;
		}
	}
	return 0;
}

MS_API bool ms_walk_is_file(const struct ms_walk *walk)
{
	return walk->is_file;
}

MS_API void ms_walk_close(struct ms_walk *walk)
{
	if (!walk)
		return;
	while (walk->depth)
		pop(walk);
	free(walk->levels);
	free(walk->root);
	free(walk->path);
	free(walk);
}
