/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/file.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int file_read(const char *path, size_t max, struct buf *out, struct ms_error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be opened", path);
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, MS_ERR_IO, "%s is a directory", path);
	for (;;) {
		ssize_t n;

		if (buf_reserve(out, 65536) < 0)
			return err_nomem(err);
		n = read(fd, out->data + out->len, out->size - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be read", path);
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		if (out->len > max)
			return err_set(err, MS_ERR_IO, "%s is larger than %zu bytes", path, max);
	}
}

int file_pread(int fd, void *data, size_t len, off_t offset)
{
	uint8_t *p = data;

	while (len) {
		ssize_t n = pread(fd, p, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			return -1;
		}
		p += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

int file_write_all(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Where a file is that may not be there yet: links are followed, and what is no file is left alone
 * (rename(2) would put a file in the place of a device). */
static int place_of(const char *path, char **place, struct ms_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0 && errno == ENOENT) {
		*place = strdup(path);
		return *place ? 0 : err_nomem(err);
	}
	*place = realpath(path, NULL);
	if (!*place || stat(*place, &st) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be written", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, MS_ERR_IO, "%s is a directory", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, MS_ERR_IO, "%s is not a regular file", path);
	return 0;
}

typedef int put_fn(const char *tmp, const char *place);

/* For file systems that know no RENAME_NOREPLACE (NFS), link(2); for those that know no hard links
 * (FAT) the other. */
static int put_new(const char *tmp, const char *place)
{
	if (renameat2(AT_FDCWD, tmp, AT_FDCWD, place, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link(tmp, place) < 0)
		return -1;
	unlink(tmp);
	return 0;
}

#define TEMP_TRIES 1000

/* A file of its own first, which then gets the name. */
static int write_beside(const char *path, const char *place, const void *data, size_t len,
	mode_t mode, put_fn *put, struct ms_error *err)
{
	AUTO_FREE char *tmp = NULL;
	AUTO_CLOSE int fd = -1;
	int e;

	/* In a container that starts anew, process numbers come again: one that was killed may have left
	 * its file. */
	for (unsigned i = 0; fd < 0 && i < TEMP_TRIES; i++) {
		free(STEAL(tmp));
		if (asprintf(&tmp, "%s.%ld-%u.tmp", place, (long)getpid(), i) < 0) {
			tmp = NULL;
			return err_nomem(err);
		}
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be written", path);
	if (file_write_all(fd, data, len) == 0 && fsync(fd) == 0 && put(tmp, place) == 0)
		return 0;
	e = errno;
	unlink(tmp);
	if (e == EEXIST && put == put_new)
		return 1;
	return err_set_errno(err, MS_ERR_IO, e, "%s cannot be written", path);
}

int file_replace(const char *path, const void *data, size_t len, mode_t mode,
	struct ms_error *err)
{
	AUTO_FREE char *place = NULL;
	int r = place_of(path, &place, err);

	return r == 0 ? write_beside(path, place, data, len, mode, rename, err) : r;
}

int file_create(const char *path, const void *data, size_t len, mode_t mode, struct ms_error *err)
{
	return write_beside(path, path, data, len, mode, put_new, err);
}
