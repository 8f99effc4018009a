/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a machine below a directory: "/" for this one. Symbolic links stay below it, too, so that
 * an image says nothing of the machine that it is mounted on (openat2(2), RESOLVE_IN_ROOT).
 */
#ifndef MODSEAL_TRUST_ROOT_H
#define MODSEAL_TRUST_ROOT_H

#include "src/base/buf.h"

#include <dirent.h>
#include <modseal/error.h>
#include <stdbool.h>

#define ROOT_FILE_MAX ((size_t)64 << 20) /* bytes; modules.alias has 1 MB */

struct root {
	int fd;    /* the directory */
	bool live; /* it is "/" */
};

/* MS_ERR_IO when `dir` (NULL: "/") is no directory. */
int root_open(const char *dir, struct root *root, struct ms_error *err);
void root_close(struct root *root);

/* A path's slashes at its start do not matter. All return 0 (or a descriptor), or -errno. */
int root_open_file(const struct root *root, const char *path);
bool root_exists(const struct root *root, const char *path);
int root_read(const struct root *root, const char *path, struct buf *out);
/* The file as a string, without white space at its end; free() it. */
int root_text(const struct root *root, const char *path, char **text);
/* Where a path leads, links followed below the root: the path that it has there without links, with a
 * slash in front; free() it. */
int root_resolve(const struct root *root, const char *path, char **resolved);
/* Whether a path of this machine, below the root's directory, is the file that it is in the root:
 * that no link on its way leads out. */
bool root_is_same(const struct root *root, const char *path, const char *outside);
/* For readdir(3); NULL with errno. */
DIR *root_dir(const struct root *root, const char *path);

#endif
