/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cli.h"
#include "src/cli/trust.h"

static const struct command *const commands[] = {
	&command_trust_list,
	&command_trust_check,
	&command_trust_enrol,
	&command_trust_db,
	&command_trust_record,
	NULL,
};

const struct command command_trust = {
	.name = "trust",
	.summary = "Say what firmware and kernel trust, and have them trust more.",
	.commands = commands,
};
