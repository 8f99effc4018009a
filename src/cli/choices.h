/* SPDX-License-Identifier: Apache-2.0 */
/* Words that several commands' options take. */
#ifndef MODSEAL_CLI_CHOICES_H
#define MODSEAL_CLI_CHOICES_H

#include "src/cli/options.h"

extern const struct option_choice choices_hash[];   /* enum ms_hash */
extern const struct option_choice choices_key_id[]; /* enum ms_key_id */
extern const struct option_choice choices_farm_format[]; /* enum ms_farm_format */

#endif
