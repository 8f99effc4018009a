/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/cli/batch.h"
#include "src/cli/cli.h"
#include "src/cli/output.h"

#include <modseal/sign.h>
#include <string.h>

static struct {
	const char *output;
	bool any_file, json, quiet;
} opt;

static const struct option_def table[] = {
	{ "output", 'o', "FILE|DIR", OPT_STRING, &opt.output, NULL,
		"Write the signature to FILE, or those of several modules below DIR. By default it "
		"lies beside the module, as MODULE.p7s." },
	{ "any-file", 0, NULL, OPT_FLAG, &opt.any_file, NULL,
		"Take files that are no ELF modules, too." },
	{ "quiet", 'q', NULL, OPT_FLAG, &opt.quiet, NULL,
		"Print no line for a module that went well." },
	{ "json", 0, NULL, OPT_FLAG, &opt.json, NULL,
		"Print one JSON object a line: one for each module, then a summary." },
	{ 0 },
};

/* In a directory the signature is named after its module; a file of -o is taken as it is. */
static bool named_after_module;

static int detach_one(const char *path, const char *dest, struct json_object *json,
	struct ms_error *err)
{
	AUTO_FREE char *p7s = NULL;
	int r;

	if (asprintf(&p7s, "%s%s", dest ? dest : path, named_after_module ? ".p7s" : "") < 0) {
		p7s = NULL;
		return err_nomem(err);
	}
	r = ms_detach(path, p7s, opt.any_file ? MS_ANY_FILE : 0, err);
	if (r < 0)
		return r;
	if (json) {
		json_add_text(json, "result", "detached");
		json_add_text(json, "written", p7s);
	} else if (!opt.quiet) {
		printf("%s: signature written to %s\n", path, p7s);
	}
	return OUTCOME_DONE;
}

static int run(int argc, char **argv)
{
	struct batch batch = {
		.source = { .argc = argc, .argv = argv, .output = opt.output },
		.tally = { .done = "detached", .json = opt.json, .quiet = opt.quiet },
		.one = detach_one,
	};

	named_after_module = !opt.output || source_output_is_dir(&batch.source);
	return batch_run(&batch);
}

const struct command command_detach = {
	.name = "detach",
	.operands = "MODULE|DIR...",
	.summary = "Write signatures to .p7s files; the modules stay as they are.",
	.options = { table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
