/* SPDX-License-Identifier: Apache-2.0 */
/* A file (or standard input) whose first bytes tell how the rest is to be read. */
#ifndef MODSEAL_FARM_INPUT_H
#define MODSEAL_FARM_INPUT_H

#include "src/base/buf.h"

#include <modseal/error.h>
#include <sys/types.h>

#define INPUT_START 6 /* bytes: the magic of a cpio archive */

struct input {
	const char *name; /* for messages */
	int fd;           /* -1: not open */
	char start[INPUT_START];
	size_t n_start; /* bytes in it */
	size_t used;    /* of them */
};

/* "-" is standard input; `path` is to outlive it. */
int input_open(struct input *in, const char *path, struct ms_error *err);
/* As read(2), from the beginning; -1 with errno. */
ssize_t input_read(struct input *in, void *data, size_t len);
/* All that is left; MS_ERR_IO beyond `max` bytes. */
int input_read_all(struct input *in, size_t max, struct buf *out, struct ms_error *err);
void input_close(struct input *in);

#endif
