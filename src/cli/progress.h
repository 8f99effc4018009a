/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a long run has come, on standard error: one line that is written over on a terminal, a
 * JSON object a second for machines, or nothing. There is one run a process.
 */
#ifndef MODSEAL_CLI_PROGRESS_H
#define MODSEAL_CLI_PROGRESS_H

#include <stdbool.h>

enum progress_kind { PROGRESS_NONE, PROGRESS_TERMINAL, PROGRESS_JSON };

/* PROGRESS_TERMINAL if standard error is one, else PROGRESS_NONE. */
enum progress_kind progress_default(void);
/* Shows ten lines (JSON: one) a second from now on. `total`: 0 if it is not known. */
void progress_begin(enum progress_kind kind, unsigned long total);
/* One more is done; `current` is its name. */
void progress_step(const char *current);
/* The last word: a JSON object with what was reached; on a terminal the line goes away. */
void progress_end(void);

/*
 * Around whatever else is printed while a run may be going on, by any thread: takes the line off the
 * terminal and puts it there again. May be nested.
 */
void progress_aside(void);
void progress_back(void);
/* Whether results that go to standard output would meet the line. */
bool progress_shares_stdout(void);

#endif
