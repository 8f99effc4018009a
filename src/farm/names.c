/* SPDX-License-Identifier: Apache-2.0 */
#include "src/farm/names.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/base/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define SUFFIX_ROOM 64 /* bytes that a name may grow by (".sig", a temporary name) */

const char *name_fault(const char *name)
{
	if (!*name)
		return "it is empty";
	if (*name == '/')
		return "it is absolute";
	if (strlen(name) >= PATH_MAX - SUFFIX_ROOM)
		return "it is too long";
	if (text_has_control(name))
		return "it holds a control character";
	for (const char *part = name;; part++) {
		size_t len = strcspn(part, "/");

		if (!len)
			return "a part of it is empty";
		if (len == 1 && *part == '.')
			return "it holds '.'";
		if (len == 2 && !strncmp(part, "..", 2))
			return "it holds '..'";
		if (len > NAME_MAX - SUFFIX_ROOM)
			return "a part of it is too long";
		part += len;
		if (!*part)
			return NULL;
	}
}

static bool is_link(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

static int leads_away(const char *dir, const char *name, struct ms_error *err)
{
	return err_set(err, MS_ERR_MODULE, "%s in %s leads through a symbolic link, which is not "
					   "followed", name, dir);
}

/* The directory that holds `name`, opened part by part, since O_NOFOLLOW is about the last part
 * only; *leaf is the name in it. */
static int open_parent(const char *dir, const char *name, bool make, const char **leaf,
	struct ms_error *err)
{
	char part[NAME_MAX + 1];
	int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (at < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "directory %s cannot be opened", dir);
	for (*leaf = name;;) {
		size_t len = strcspn(*leaf, "/");
		int down, e;

		if (!(*leaf)[len])
			return at;
		memcpy(part, *leaf, len);
		part[len] = '\0';
		if (make && mkdirat(at, part, 0777) < 0 && errno != EEXIST)
			down = -1;
		else
			down = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		e = errno;
		if (down < 0) {
			int r = is_link(at, part)
				? leads_away(dir, name, err)
				: err_set_errno(err, MS_ERR_IO, e, "%s/%.*s", dir,
					  (int)(*leaf - name + (long)len), name);

			close(at);
			return r;
		}
		close(at);
		at = down;
		*leaf += len + 1;
	}
}

int beneath_stat(const char *dir, const char *name, struct stat *st, struct ms_error *err)
{
	const char *leaf;
	AUTO_CLOSE int at = open_parent(dir, name, false, &leaf, err);

	if (at < 0)
		return at;
	if (fstatat(at, leaf, st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s/%s", dir, name);
	if (S_ISLNK(st->st_mode))
		return leads_away(dir, name, err);
	if (!S_ISREG(st->st_mode))
		return err_set(err, MS_ERR_MODULE, "%s/%s is not a regular file", dir, name);
	return 0;
}

/* The directory itself is the user's own word: links on the way to it are followed. */
static int make_dir(const char *dir, struct ms_error *err)
{
	AUTO_FREE char *path = strdup(dir);

	if (!path)
		return err_nomem(err);
	for (char *end = path; *end;) {
		char c;

		end += strspn(end, "/");
		end += strcspn(end, "/");
		c = *end;
		*end = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return err_set_errno(err, MS_ERR_IO, errno, "directory %s cannot be made",
				path);
		*end = c;
	}
	return 0;
}

int beneath_make_parents(const char *dir, const char *name, struct ms_error *err)
{
	const char *leaf;
	int r = make_dir(dir, err);
	AUTO_CLOSE int at = r < 0 ? r : open_parent(dir, name, true, &leaf, err);

	if (at < 0)
		return at;
	return is_link(at, leaf) ? leads_away(dir, name, err) : 0;
}

/* Removed by whoever writes the same name next, should the process be killed before it has its
 * own. */
static int write_at(int at, const char *leaf, const void *data, size_t len)
{
	char temp[NAME_MAX + 1];
	AUTO_CLOSE int fd = -1;
	int e;

	snprintf(temp, sizeof(temp), ".%s.modseal", leaf);
	if (unlinkat(at, temp, 0) < 0 && errno != ENOENT)
		return -1;
	fd = openat(at, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	if (file_write_all(fd, data, len) == 0 && renameat(at, temp, at, leaf) == 0)
		return 0;
	e = errno;
	unlinkat(at, temp, 0);
	errno = e;
	return -1;
}

int beneath_write(const char *dir, const char *name, const void *data, size_t len,
	struct ms_error *err)
{
	const char *leaf;
	int r = make_dir(dir, err);
	AUTO_CLOSE int at = r < 0 ? r : open_parent(dir, name, true, &leaf, err);

	if (at < 0)
		return at;
	if (write_at(at, leaf, data, len) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s/%s cannot be written", dir, name);
	return 0;
}

int beneath_sync(const char *dir, struct ms_error *err)
{
	AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "what was written to %s", dir);
	return 0;
}
