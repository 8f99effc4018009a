/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of module_write(). Private to this room. */
#ifndef MODSEAL_MODULE_WRITE_H
#define MODSEAL_MODULE_WRITE_H

#include "src/module/module.h"

/* The hidden name says what left it, should the machine or the process die half way; no module
 * ends in it, so that nothing takes it for one. */
#define TEMP_SUFFIX ".modseal-XXXXXX"

/* Locks a temporary file that was just made; false if a sweep was faster and removed it. */
bool temp_lock(int fd);
/* Whether a file name is that of a temporary file. */
bool temp_is_name(const char *name);

/* Where the new file goes. */
struct place {
	char *path;   /* of the file that appears or is replaced, after symbolic links */
	char *dir;    /* its directory */
	char *temp;   /* the file being written: DIR/.NAME.modseal-XXXXXX; NULL once it is gone */
	int fd;       /* of temp; holds a lock while temp is there (see sweep.c) */
	bool in_place; /* path is the module itself */
};

/* Removes the temporary file, if it is there. */
void place_free(struct place *p);
/* Fills path with where dest really is: a new name (*st is zero then), or the regular file that it
 * leads to. */
int place_resolve(const char *dest, struct place *p, struct stat *st, struct ms_error *err);
/* Fills dir and temp, with the six X still in it. */
int place_temp_path(struct place *p, struct ms_error *err);

/* MS_ERR_MODULE: "PATH was changed by something else while it was being signed". */
int place_changed(const char *path, struct ms_error *err);
/* Whether the file is still the one that was opened, digested and copied. */
bool place_same(const struct stat *now, const struct stat *then);

/* Puts the first len bytes of an uncompressed module into the empty file `to` and leaves `to`
 * positioned behind them. Shares blocks with the module where the file system can. */
int content_copy(struct module *m, uint64_t len, const struct place *to, struct ms_error *err);

/*
 * Gives the finished file what the module's file has: owner (as far as allowed), extended
 * attributes, mode, time of last access.
 */
int meta_copy(const struct module *m, const struct place *to, struct ms_error *err);

/* MS_ERR_IO: "PATH cannot be written", with errno and the directory of the temporary file. */
int place_failed(const struct place *to, int errnum, struct ms_error *err);

#endif
