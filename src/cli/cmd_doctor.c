/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cli.h"
#include "src/cli/doctor.h"

static struct {
	struct ms_doctor_request request;
	bool json, all;
} opt;

static const struct option_def table[] = {
	{ "root", 0, "DIR", OPT_STRING, &opt.request.root, NULL,
		"Examine the machine whose files lie below DIR: a mounted image, or what 'modseal "
		"trust record' wrote." },
	{ "log", 0, "FILE", OPT_STRING, &opt.request.log, NULL,
		"Read the kernel's log, and what modprobe or insmod printed, from FILE instead of "
		"from the machine; - is standard input." },
	{ "verbose", 'v', NULL, OPT_FLAG, &opt.all, NULL,
		"Explain notes, too, and show the facts that findings rest on." },
	{ "json", 0, NULL, OPT_FLAG, &opt.json, NULL, "Print one JSON object." },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct ms_diagnosis *diagnosis = NULL;
	struct ms_error err = { 0 };
	int r;

	opt.request.module = argc ? argv[0] : NULL;
	r = ms_doctor(&opt.request, &diagnosis, &err);
	if (r < 0) {
		print_error(&err);
		return exit_status_of(r);
	}
	if (opt.json)
		doctor_json(diagnosis);
	else
		doctor_page(diagnosis, opt.all);
	r = diagnosis->healthy == MS_YES ? EXIT_STATUS_OK
		: diagnosis->healthy == MS_NO ? EXIT_STATUS_NO
					      : EXIT_STATUS_UNKNOWN;
	ms_diagnosis_free(diagnosis);
	return r;
}

const struct command command_doctor = {
	.name = "doctor",
	.operands = "[MODULE|NAME]",
	.summary = "Explain why modules, or one of them, do not load, and what to do.",
	.options = { table },
	.max_operands = 1,
	.run = run,
};
