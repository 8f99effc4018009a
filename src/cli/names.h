/* SPDX-License-Identifier: Apache-2.0 */
/* Names relative to an operand, under which a file speaks of modules: each may stand for one module
 * only, though two operands may hold the same. */
#ifndef MODSEAL_CLI_NAMES_H
#define MODSEAL_CLI_NAMES_H

#include <modseal/error.h>

/* Takes the name for the module at `path`, in a tree that is NULL at first. MS_ERR_USAGE if another
 * has it; `hint` says what to do then. */
int names_claim(void **names, const char *name, const char *path, const char *hint,
	struct ms_error *err);
void names_forget(void *names);

#endif
