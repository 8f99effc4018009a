/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a long run has come, on standard error: one line that is written over on a terminal, a
 * JSON object a second for machines, or nothing.
 */
#ifndef MODSEAL_CLI_PROGRESS_H
#define MODSEAL_CLI_PROGRESS_H

#include <stdbool.h>
#include <time.h>

enum progress_kind { PROGRESS_NONE, PROGRESS_TERMINAL, PROGRESS_JSON };

struct progress {
	enum progress_kind kind;
	unsigned long total; /* 0: not known */
	unsigned long done;
	struct timespec start, shown_at;
	bool on_screen; /* the terminal's line holds ours */
};

/* PROGRESS_TERMINAL if standard error is one, else PROGRESS_NONE. */
enum progress_kind progress_default(void);
void progress_begin(struct progress *p, enum progress_kind kind, unsigned long total);
/* One more is done; `current` is its name. Shows at most ten lines (JSON: one) a second. */
void progress_step(struct progress *p, const char *current);
/* Takes the line off the terminal, before something else is printed there. */
void progress_clear(struct progress *p);
/* The last word: a JSON object with what was reached; nothing on a terminal. */
void progress_end(struct progress *p);

#endif
