/* SPDX-License-Identifier: Apache-2.0 */
/* `modseal attach --signatures`: answers of `modseal sign --digests` put on their modules. */
#ifndef MODSEAL_CLI_ATTACH_SIGNATURES_H
#define MODSEAL_CLI_ATTACH_SIGNATURES_H

#include "src/cli/options.h"

#include <modseal/sign.h>

extern const struct option_def attach_signatures_table[];

/* Whether --signatures was given. */
bool attach_signatures_asked(void);
/* `hash` is --hash, MS_HASH_NONE without; `output` a directory or NULL. Returns an exit status. */
int attach_signatures_run(int argc, char **argv, const struct ms_attach_options *attach,
	const char *output, bool json, bool quiet);

#endif
