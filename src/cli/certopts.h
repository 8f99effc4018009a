/* SPDX-License-Identifier: Apache-2.0 */
/* The options that say what a certificate is to hold. */
#ifndef MODSEAL_CLI_CERTOPTS_H
#define MODSEAL_CLI_CERTOPTS_H

#include "src/cli/options.h"

#include <modseal/life.h>

/* --subject, --profile, --config, --days, --hash */
extern const struct option_def certopts_table[];

/* Prints those that were given, as one would type them, each behind a blank. */
void certopts_print(FILE *out);
/* What they say; no issuer. */
void certopts_fill(struct ms_cert_request *request);

#endif
