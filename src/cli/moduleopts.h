/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the commands that take modules: which files, where to, how to report. */
#ifndef MODSEAL_CLI_MODULEOPTS_H
#define MODSEAL_CLI_MODULEOPTS_H

#include "src/cli/options.h"

struct moduleopts {
	const char *output; /* -o, NULL: in place */
	bool any_file, json, quiet;
};
extern struct moduleopts moduleopts;

/* --any-file and --json: for commands that look at modules. */
extern const struct option_def moduleopts_read[];
/* These and --output and --quiet: for commands that write modules. */
extern const struct option_def moduleopts_write[];

/* The enum ms_module_flags that they say. */
unsigned moduleopts_flags(void);

#endif
