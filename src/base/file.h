/* SPDX-License-Identifier: Apache-2.0 */
/* Small files read and written whole. */
#ifndef MODSEAL_BASE_FILE_H
#define MODSEAL_BASE_FILE_H

#include "src/base/buf.h"

#include <modseal/error.h>
#include <sys/types.h>

/* Reads a whole file into an empty buffer; a file of more than `max` bytes is MS_ERR_IO. */
int file_read(const char *path, size_t max, struct buf *out, struct ms_error *err);
/* Reads exactly len bytes at an offset: 0, or -1 with errno (EIO when the file is shorter). */
int file_pread(int fd, void *data, size_t len, off_t offset);
/* Writes all bytes: 0, or -1 with errno. */
int file_write_all(int fd, const void *data, size_t len);
/* Puts bytes into `path` so that it holds either what it held or all of them: a new file in the
 * same directory, then rename. A link is followed; what is there and is no regular file is
 * MS_ERR_IO. `mode` is subject to the umask. */
int file_replace(const char *path, const void *data, size_t len, mode_t mode,
	struct ms_error *err);
/* The same for a file that is not to be there yet: 1, and nothing is changed or told, when something
 * has that name by the time the new file is whole; a link is something. */
int file_create(const char *path, const void *data, size_t len, mode_t mode, struct ms_error *err);

#endif
