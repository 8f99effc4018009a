/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, as they are put where they are wanted. */
#ifndef MODSEAL_FARM_WRITE_H
#define MODSEAL_FARM_WRITE_H

#include "src/farm/list.h"

struct answer_writer {
	enum ms_farm_format format;
	const char *output; /* a file, or a directory (MS_FARM_DEBIAN); NULL: standard output */
	struct buf out;     /* what is not written yet */
	size_t n;           /* answers so far */
};

/* Lines go out one by one to standard output; a file is written whole by answers_end(). */
int answers_add(struct answer_writer *w, const struct farm_entry *entry, struct ms_error *err);
/* Writes what is left and brings it to the disk. No answers: no file. */
int answers_end(struct answer_writer *w, struct ms_error *err);

#endif
