/* SPDX-License-Identifier: Apache-2.0 */
/* Names that came from somebody else, and the files that they name beneath a directory. */
#ifndef MODSEAL_FARM_NAMES_H
#define MODSEAL_FARM_NAMES_H

#include <modseal/error.h>
#include <stddef.h>
#include <sys/stat.h>

/* Why a name is not one of a file beneath a directory ("it is absolute"), NULL if it is. Looks at
 * the name only. */
const char *name_fault(const char *name);

/* Both follow no symbolic link on the way from dir to the file; one that stands there is
 * MS_ERR_MODULE. */

/* The regular file `name` beneath `dir`; MS_ERR_MODULE if it is something else, MS_ERR_IO if it
 * is not there. */
int beneath_stat(const char *dir, const char *name, struct stat *st, struct ms_error *err);
/* Makes the directories above `name` beneath `dir`, where it is to be written; `dir` itself, too.
 * Nor may a link stand in its own place. */
int beneath_make_parents(const char *dir, const char *name, struct ms_error *err);
/* Puts bytes into `name` beneath `dir`, by a new file and rename; makes directories as above. They
 * are on the disk once the caller syncs the file system. */
int beneath_write(const char *dir, const char *name, const void *data, size_t len,
	struct ms_error *err);
/* syncfs(2) of the file system that `dir` is on. */
int beneath_sync(const char *dir, struct ms_error *err);

#endif
