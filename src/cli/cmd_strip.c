/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/batch.h"
#include "src/cli/cli.h"
#include "src/cli/moduleopts.h"
#include "src/cli/output.h"

#include <modseal/sign.h>

static void print(const char *path, enum ms_module_state was, unsigned removed)
{
	if (!removed)
		printf("%s: kept, it has no signature\n", path);
	else if (was == MS_MODULE_SIGNED)
		printf("%s: stripped, %u signature%s removed\n", path, removed, removed == 1 ? "" : "s");
	else
		printf("%s: stripped, the %s cut off\n", path, ms_module_state_name(was));
}

static int strip_one(const struct source_item *item, struct json_object *json,
	struct ms_error *err)
{
	const char *path = item->path, *dest = item->dest;
	enum ms_module_state was;
	unsigned removed = 0;
	int r = ms_strip(path, dest, moduleopts_flags(), &removed, &was, err);

	if (r < 0)
		return r;
	if (json) {
		json_add_text(json, "result", removed ? "stripped" : "kept");
		json_add_text(json, "was", ms_module_state_name(was));
		json_add_number(json, "removed", removed);
		json_add_text(json, "written", dest ? dest : removed ? path : NULL);
	} else if (!moduleopts.quiet) {
		print(path, was, removed);
	}
	return removed ? OUTCOME_DONE : OUTCOME_KEPT;
}

static int run(int argc, char **argv)
{
	struct batch batch = {
		.source = { .argc = argc, .argv = argv, .output = moduleopts.output, .sweep = true },
		.tally = { .done = "stripped", .json = moduleopts.json, .quiet = moduleopts.quiet },
		.one = strip_one,
	};

	return batch_run(&batch);
}

const struct command command_strip = {
	.name = "strip",
	.operands = "MODULE|DIR...",
	.summary = "Take all signatures off modules.",
	.options = { moduleopts_write },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
