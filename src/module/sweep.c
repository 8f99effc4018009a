/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary files of runs that were killed. A run holds a lock on each of its own for as long as
 * it is there (temp_lock()), so what can be locked belongs to nobody any more.
 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/module/write.h"

#include <modseal/module.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

static void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

bool temp_lock(int fd)
{
	struct stat st;

	/* A sweep may have found it before it was locked: then it has no name any more. */
	return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0;
}

bool temp_is_name(const char *name)
{
	size_t len = strlen(name), n = strlen(TEMP_SUFFIX);

	/* The last six characters are random. */
	return name[0] == '.' && len > n + 1 &&
		!strncmp(name + len - n, TEMP_SUFFIX, n - 6);
}

static unsigned sweep_one(int dir, const char *name)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	return unlinkat(dir, name, 0) == 0;
}

MS_API int ms_sweep(const char *path, unsigned *swept, struct ms_error *err)
{
	CLEANUP(cleanup_dir) DIR *dir = opendir(path);
	struct dirent *d;

	*swept = 0;
	if (!dir)
		return err_set_errno(err, MS_ERR_IO, errno, "directory %s cannot be read", path);
	while ((d = readdir(dir)))
		if (temp_is_name(d->d_name))
			*swept += sweep_one(dirfd(dir), d->d_name);
	return 0;
}
