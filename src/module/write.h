/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of module_write(). Private to this room. */
#ifndef MODSEAL_MODULE_WRITE_H
#define MODSEAL_MODULE_WRITE_H

#include "src/module/module.h"

/* Where the new file goes. */
struct place {
	char *path;   /* of the file that appears or is replaced, after symbolic links */
	char *dir;    /* its directory */
	char *temp;   /* the file being written: DIR/.NAME.modseal-XXXXXX; NULL once it is gone */
	int fd;       /* of temp */
	bool in_place; /* path is the module itself */
};

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
