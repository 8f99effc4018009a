/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `modseal trust`. */
#ifndef MODSEAL_CLI_TRUST_H
#define MODSEAL_CLI_TRUST_H

#include "src/cli/options.h"

extern const struct command
	command_trust_check,
	command_trust_db,
	command_trust_enrol,
	command_trust_list,
	command_trust_record;

#endif
