/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/batch.h"
#include "src/cli/cli.h"
#include "src/cli/output.h"

#include <modseal/sign.h>

static struct {
	const char *output;
	bool any_file, json, quiet;
} opt;

static const struct option_def table[] = {
	{ "output", 'o', "FILE|DIR", OPT_STRING, &opt.output, NULL,
		"Write there instead of in place: a file for one module, a directory (which keeps "
		"the tree's layout) for several." },
	{ "any-file", 0, NULL, OPT_FLAG, &opt.any_file, NULL,
		"Take files that are no ELF modules, too." },
	{ "quiet", 'q', NULL, OPT_FLAG, &opt.quiet, NULL,
		"Print no line for a module that went well." },
	{ "json", 0, NULL, OPT_FLAG, &opt.json, NULL,
		"Print one JSON object a line: one for each module, then a summary." },
	{ 0 },
};

static int strip_one(const char *path, const char *dest, struct json_object *json,
	struct ms_error *err)
{
	unsigned removed = 0;
	int r = ms_strip(path, dest, opt.any_file ? MS_ANY_FILE : 0, &removed, err);

	if (r < 0)
		return r;
	if (json) {
		json_add_text(json, "result", removed ? "stripped" : "kept");
		json_add_number(json, "removed", removed);
		json_add_text(json, "written", dest ? dest : removed ? path : NULL);
	} else if (!opt.quiet) {
		if (removed)
			printf("%s: stripped, %u signature%s removed\n", path, removed,
				removed == 1 ? "" : "s");
		else
			printf("%s: kept, it has no signature\n", path);
	}
	return removed ? OUTCOME_DONE : OUTCOME_KEPT;
}

static int run(int argc, char **argv)
{
	struct batch batch = {
		.source = { .argc = argc, .argv = argv, .output = opt.output },
		.tally = { .done = "stripped", .json = opt.json, .quiet = opt.quiet },
		.one = strip_one,
	};

	return batch_run(&batch);
}

const struct command command_strip = {
	.name = "strip",
	.operands = "MODULE|DIR...",
	.summary = "Take all signatures off modules.",
	.options = { table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
