/* SPDX-License-Identifier: Apache-2.0 */
/* What a key that is put into a TPM is bound to. */
#ifndef MODSEAL_CLI_SEALOPTS_H
#define MODSEAL_CLI_SEALOPTS_H

#include "src/cli/options.h"

#include <modseal/life.h>

/* --parent, --auth, --pcr, --policy-key, --recovery-auth. */
extern const struct option_def sealopts_table[];

/* Fills it; opens the policy key, which the caller frees when the key is there. */
int sealopts_fill(struct ms_context *ctx, struct ms_seal *seal, struct ms_error *err);

#endif
