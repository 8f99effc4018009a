/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cli.h"
#include "src/cli/trust.h"

#include <modseal/machine.h>

static void notice(void *user, const char *text)
{
	(void)user;
	fprintf(stderr, "modseal: %s\n", text);
}

static int run(int argc, char **argv)
{
	struct ms_error err = { 0 };
	int r = ms_machine_record(argv[0], notice, NULL, &err);

	(void)argc;
	if (r < 0)
		print_error(&err);
	else
		printf("this machine is recorded below %s\n", argv[0]);
	return exit_status_of(r);
}

const struct command command_trust_record = {
	.name = "trust record",
	.operands = "DIR",
	.summary = "Record what decides about modules here, for --root elsewhere.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
