/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/moduleopts.h"

#include <modseal/module.h>

struct moduleopts moduleopts;

#define ANY_FILE                                                            \
	{ "any-file", 0, NULL, OPT_FLAG, &moduleopts.any_file, NULL,        \
		"Take files that are no ELF modules, too (kexec images, IMA modsig)." }
#define JSON                                                                \
	{ "json", 0, NULL, OPT_FLAG, &moduleopts.json, NULL,                \
		"Print one JSON object a line: one for each module, then a summary." }

const struct option_def moduleopts_read[] = { ANY_FILE, JSON, { 0 } };

const struct option_def moduleopts_write[] = {
	{ "output", 'o', "FILE|DIR", OPT_STRING, &moduleopts.output, NULL,
		"Write there: to a file for one module, below a directory (which keeps the tree's "
		"layout) for several." },
	ANY_FILE,
	{ "quiet", 'q', NULL, OPT_FLAG, &moduleopts.quiet, NULL,
		"Print no line for a module that went well." },
	JSON,
	{ 0 },
};

unsigned moduleopts_flags(void)
{
	return moduleopts.any_file ? MS_ANY_FILE : 0;
}
