/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/cli/batch.h"
#include "src/cli/cli.h"
#include "src/cli/moduleopts.h"
#include "src/cli/output.h"

#include <modseal/sign.h>
#include <string.h>

/* In a directory the signature is named after its module; a file of -o is taken as it is. */
static bool named_after_module;

static int detach_one(const struct source_item *item, struct json_object *json,
	struct ms_error *err)
{
	const char *path = item->path, *dest = item->dest;
	AUTO_FREE char *p7s = NULL;
	int r;

	if (asprintf(&p7s, "%s%s", dest ? dest : path, named_after_module ? ".p7s" : "") < 0) {
		p7s = NULL;
		return err_nomem(err);
	}
	r = ms_detach(path, p7s, moduleopts_flags(), err);
	if (r < 0)
		return r;
	if (json) {
		json_add_text(json, "result", "detached");
		json_add_text(json, "written", p7s);
	} else if (!moduleopts.quiet) {
		printf("%s: signature written to %s\n", path, p7s);
	}
	return OUTCOME_DONE;
}

static int run(int argc, char **argv)
{
	struct batch batch = {
		.source = { .argc = argc, .argv = argv, .output = moduleopts.output },
		.tally = { .done = "detached", .json = moduleopts.json, .quiet = moduleopts.quiet },
		.one = detach_one,
	};

	named_after_module = !moduleopts.output || source_output_is_dir(&batch.source);
	return batch_run(&batch);
}

const struct command command_detach = {
	.name = "detach",
	.operands = "MODULE|DIR...",
	.summary = "Write signatures to .p7s files; the modules stay as they are.",
	.options = { moduleopts_write },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
