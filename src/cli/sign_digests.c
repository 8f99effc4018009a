/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/sign_digests.h"

#include "src/cli/choices.h"
#include "src/cli/cli.h"
#include "src/cli/stop.h"
#include "src/cli/tally.h"

static struct {
	const char *digests, *root;
	int format;
	bool allow_digests;
} opt;

const struct option_def sign_digests_table[] = {
	{ "digests", 0, "FILE", OPT_STRING, &opt.digests, NULL,
		"Sign what FILE (- is standard input) holds or names instead of modules: the "
		"output of 'modseal digest', Debian's files.json, or an archive NAME.cpio.rsasign "
		"of the Open Build Service. The answers go to standard output or to -o." },
	{ "format", 0, "KIND", OPT_CHOICE, &opt.format, choices_farm_format,
		"What FILE is: lines, debian or cpio. By default its content tells." },
	{ "root", 0, "DIR", OPT_STRING, &opt.root, NULL,
		"For files.json: the directory in which each package lies unpacked, as "
		"DIR/PACKAGE. For modules: where the configurations of their kernels are looked for "
		"(DIR/lib/modules, DIR/boot) instead of on this machine." },
	{ "allow-digests", 0, NULL, OPT_FLAG, &opt.allow_digests, NULL,
		"Sign digests although the certificate is not for modules only, so that whoever "
		"made them could have an EFI program signed." },
	{ 0 },
};

static struct ms_requests *requests;
static unsigned long skipped;

bool sign_digests_asked(void)
{
	return opt.digests != NULL;
}

const char *sign_digests_root(void)
{
	return opt.root;
}

static void on_skipped(void *user, const char *name, const char *why)
{
	print_notice("%s: not signed: %s", name, why);
	skipped++;
}

int sign_digests_open(int *hash, bool any_file)
{
	struct ms_requests_options options = {
		.format = (enum ms_farm_format)opt.format,
		.hash = (enum ms_hash)*hash,
		.root = opt.root,
		.flags = any_file ? MS_ANY_FILE : 0,
		.skipped = on_skipped,
	};
	struct ms_error err = { 0 };
	int r = ms_requests_open(opt.digests, &options, &requests, &err);

	if (r < 0) {
		print_error(&err);
		return exit_status_of(r);
	}
	*hash = (int)ms_requests_hash(requests);
	return 0;
}

void sign_digests_close(void)
{
	ms_requests_free(requests);
	requests = NULL;
}

static void done(void *user, const char *name, const struct ms_error *err)
{
	struct tally *tally = user;

	/* What befell the key ends the run, which says so once for all that were in hand. */
	if (err->code && !tally_is_fatal(err->code))
		tally_fail(tally, name, err);
	else if (!err->code)
		tally_count(tally, OUTCOME_DONE);
	progress_step(name);
}

static bool stop(void *user)
{
	return stop_asked();
}

static void key_lost(void *user, const struct ms_key *key, const struct ms_error *err)
{
	print_notice("%s dropped out: %s", ms_key_uri(key), err->message);
}

static void warn(void)
{
	size_t blind = ms_requests_blind(requests);

	if (blind)
		fprintf(stderr,
			"modseal: signing %zu bare digest%s: what they are of cannot be seen here, "
			"so whoever makes them has the power of this key\n",
			blind, blind == 1 ? "" : "s");
}

static void summary(const struct tally *tally, const char *what)
{
	fprintf(stderr, "modseal: %lu of %zu %s", tally->n_done, ms_requests_count(requests),
		what);
	if (tally->n_failed)
		fprintf(stderr, ", %lu failed", tally->n_failed);
	if (skipped)
		fprintf(stderr, ", %lu skipped", skipped);
	fprintf(stderr, "%s\n", tally->stopped.code ? "; stopped before the end" : "");
}

static int sign_all(struct tally *tally, struct ms_signer *signer,
	const struct sign_digests_options *options,
	const struct ms_requests_sign_options *sign_options)
{
	struct ms_requests_callbacks callbacks = { done, stop, tally };
	struct ms_error err = { 0 };
	int r;

	progress_begin(options->progress, ms_requests_count(requests));
	ms_signer_set_key_lost(signer, key_lost, NULL);
	stop_on_signals();
	r = ms_requests_sign(requests, signer, sign_options, &callbacks, &err);
	progress_end();
	if (r < 0) {
		print_error(&err);
		tally->stopped.code = r;
	}
	summary(tally, options->dry_run ? "would be signed" : "signed");
	return r < 0 && r != MS_ERR_STOPPED ? exit_status_of(r) : tally_status(tally);
}

int sign_digests_run(struct ms_signer *signer, const struct sign_digests_options *options)
{
	struct ms_requests_sign_options sign_options = {
		.output = options->output,
		.jobs = options->jobs,
		.fail_fast = options->fail_fast,
		.allow_digests = opt.allow_digests,
	};
	struct tally tally = { .quiet = true };
	struct ms_error err = { 0 };
	int r = ms_requests_check(requests, signer, &sign_options, &err);

	if (r < 0) {
		print_error(&err);
		return exit_status_of(r);
	}
	if (!options->dry_run)
		warn();
	return sign_all(&tally, signer, options, &sign_options);
}
