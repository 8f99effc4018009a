/* SPDX-License-Identifier: Apache-2.0 */
/* Where -o puts what. */
#ifndef MODSEAL_CLI_OUTPATH_H
#define MODSEAL_CLI_OUTPATH_H

#include <modseal/error.h>
#include <stdbool.h>

/* Whether -o names a directory: it ends in '/', is one, or has to hold a tree or several. */
bool outpath_is_dir(const char *output, int n_operands, char **operands);
/* The path of `relative` beneath the directory `output`; free() it. */
int outpath_join(const char *output, const char *relative, char **path, struct ms_error *err);
/* Makes the directories above `path`. */
int outpath_make_parents(char *path, struct ms_error *err);
/* Remembers a destination in a tree (NULL at first): MS_ERR_USAGE when it was given before (two
 * inputs, one output). */
int outpath_claim(void **claims, const char *path, const char *source, struct ms_error *err);
void outpath_forget(void *claims);

#endif
