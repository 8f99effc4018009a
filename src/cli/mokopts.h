/* SPDX-License-Identifier: Apache-2.0 */
/* The password of a request to MokManager: asked for twice, or from a file. */
#ifndef MODSEAL_CLI_MOKOPTS_H
#define MODSEAL_CLI_MOKOPTS_H

#include "src/cli/options.h"

#include <modseal/mok.h>

/* --password-file, --hash-file */
extern const struct option_def mokopts_table[];

/* The caller frees *password by ms_mok_password_free(). */
int mokopts_password(struct ms_mok_password **password, struct ms_error *err);

#endif
