/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/attach_signatures.h"

#include "src/cli/choices.h"
#include "src/cli/cli.h"
#include "src/cli/output.h"
#include "src/cli/stop.h"
#include "src/cli/tally.h"

#include <modseal/farm.h>

static struct {
	const char *signatures;
	int format;
} opt;

const struct option_def attach_signatures_table[] = {
	{ "signatures", 0, "FILE", OPT_STRING, &opt.signatures, NULL,
		"Take the signatures of all modules from FILE (- is standard input): what 'modseal "
		"sign' answered to digests, or with --raw an archive NAME.cpio.rsasign.sig of the "
		"Open Build Service. A module that it has none for, or one that has no module, is "
		"a failure." },
	{ "format", 0, "KIND", OPT_CHOICE, &opt.format, choices_farm_format,
		"What that FILE is: lines or cpio. By default its content tells." },
	{ 0 },
};

bool attach_signatures_asked(void)
{
	return opt.signatures != NULL;
}

static void done(void *user, const char *path, const char *dest, const struct ms_error *err)
{
	struct tally *tally = user;
	struct json_object *o;

	if (err->code) {
		tally_fail(tally, path, err);
		return;
	}
	tally_count(tally, OUTCOME_DONE);
	if (tally->json) {
		o = json_object_new_object();
		json_add_text(o, "module", path);
		json_add_text(o, "result", "attached");
		json_add_text(o, "written", dest ? dest : path);
		json_print(o);
	} else if (!tally->quiet) {
		printf("%s: signature attached\n", path);
	}
}

static void skipped(void *user, const char *name, const char *why)
{
	print_notice("%s: passed over: %s", name, why);
}

static bool stop(void *user)
{
	return stop_asked();
}

static int attach_all(struct ms_answers *answers, int argc, char **argv,
	const struct ms_answers_attach_options *options, struct tally *tally)
{
	struct ms_answers_callbacks callbacks = { done, skipped, stop, tally };
	struct ms_error err = { 0 };
	int r;

	stop_on_signals();
	r = ms_answers_attach(answers, (const char *const *)argv, (size_t)argc, options, &callbacks,
		&err);
	if (r < 0)
		tally_stop(tally, &err);
	return tally_finish(tally);
}

int attach_signatures_run(int argc, char **argv, const struct ms_attach_options *attach,
	const char *output, bool json, bool quiet)
{
	struct ms_answers_options open_options = { (enum ms_farm_format)opt.format, attach->hash };
	struct ms_answers_attach_options options = { .attach = *attach, .output = output };
	struct tally tally = { .done = "attached", .json = json, .quiet = quiet };
	struct ms_answers *answers = NULL;
	struct ms_error err = { 0 };
	int r = ms_answers_open(opt.signatures, &open_options, &answers, &err);

	if (r < 0) {
		print_error(&err);
		return exit_status_of(r);
	}
	if (!attach->raw && !ms_answers_have_cms(answers)) {
		fprintf(stderr, "modseal attach: %s holds bare signatures: with --raw the CMS is "
				"built around them\n", opt.signatures);
		r = EXIT_STATUS_USAGE;
	} else {
		r = attach_all(answers, argc, argv, &options, &tally);
	}
	ms_answers_free(answers);
	return r;
}
