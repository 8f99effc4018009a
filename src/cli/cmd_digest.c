/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/buf.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/cli/choices.h"
#include "src/cli/cli.h"
#include "src/cli/names.h"
#include "src/cli/tally.h"

#include <modseal/farm.h>
#include <string.h>

static struct {
	const char *output, *root;
	int hash;
	bool stack, any_file, strict;
} opt;

static const struct option_def table[] = {
	{ "hash", 0, "NAME", OPT_CHOICE, &opt.hash, choices_hash,
		"The digest: sha256, sha384, sha512, sha3-256, sha3-384 or sha3-512. By default what the "
		"kernel that a module is for is signed with itself, if its configuration is found, else "
		"sha256." },
	{ "root", 0, "DIR", OPT_STRING, &opt.root, NULL,
		"Look for those configurations below DIR (DIR/lib/modules, DIR/boot) instead of on this "
		"machine." },
	{ "strict", 0, NULL, OPT_FLAG, &opt.strict, NULL,
		"Fail for a module whose kernel is known to be unable to check signatures with the digest. "
		"By default a warning says so." },
	{ "stack", 0, NULL, OPT_FLAG, &opt.stack, NULL,
		"Digest modules with the signatures that they have, for one to be added above "
		"them; give it to 'modseal attach', too. By default they are left out." },
	{ "any-file", 0, NULL, OPT_FLAG, &opt.any_file, NULL,
		"Take files that are no ELF modules, too." },
	{ "output", 'o', "FILE", OPT_STRING, &opt.output, NULL,
		"Write to FILE instead of standard output." },
	{ 0 },
};

static struct ms_targets *targets;

struct run {
	struct tally tally;
	bool warned;
	struct buf out; /* for -o */
	void *names;    /* tree of the names so far */
};

static int print(struct run *run, const char *line, struct ms_error *err)
{
	if (!opt.output) {
		puts(line);
		return 0;
	}
	if (buf_add(&run->out, line, strlen(line)) < 0 || buf_add(&run->out, "\n", 1) < 0)
		return err_nomem(err);
	return 0;
}

/* The digest is not one that the module's kernel can check. */
static int unfit(struct run *run, const char *path, const struct ms_digest *digest,
	struct ms_error *err)
{
	if (opt.strict)
		return err_set(err, MS_ERR_UNSUPPORTED,
			"%s: its kernel cannot check signatures with %s: %s", path,
			ms_hash_name(digest->hash), digest->unfit);
	if (!run->warned)
		print_notice("WARNING: the kernel of %s cannot check signatures with %s: %s", path,
			ms_hash_name(digest->hash), digest->unfit);
	run->warned = true;
	return 0;
}

static int digest_one(struct run *run, const char *path, const char *name, struct ms_error *err)
{
	struct ms_digest_options options = {
		.hash = (enum ms_hash)opt.hash,
		.targets = targets,
		.flags = opt.any_file ? MS_ANY_FILE : 0,
		.stack = opt.stack,
	};
	AUTO_FREE char *line = NULL;
	struct ms_digest digest;
	int r = names_claim(&run->names, name, path, "Digest each directory in a run of its own.",
		err);

	if (r == 0)
		r = ms_digest(path, &options, &digest, err);
	if (r == 0 && digest.unfit[0])
		r = unfit(run, path, &digest, err);
	if (r < 0)
		return r;
	if (digest.was == MS_MODULE_MALFORMED || digest.was == MS_MODULE_INTERRUPTED)
		print_notice("%s: the %s at its end is left out", path, ms_module_state_name(digest.was));
	line = ms_digest_line(name, &digest);
	return line ? print(run, line, err) : err_nomem(err);
}

static void digest_below(struct run *run, const char *operand)
{
	struct ms_walk *walk = NULL;
	const char *path, *name;
	struct ms_error err = { 0 };
	unsigned long found = 0;
	int r = ms_walk_open(operand, 0, &walk, &err);

	if (r < 0) {
		tally_fail(&run->tally, operand, &err);
		return;
	}
	while ((r = ms_walk_next(walk, &path, &name, &err)) != 0) {
		if (r > 0)
			r = digest_one(run, path, name, &err);
		else
			path = operand;
		if (r < 0)
			tally_fail(&run->tally, path, &err);
		else
			tally_count(&run->tally, OUTCOME_DONE);
		found++;
	}
	ms_walk_close(walk);
	if (found)
		return;
	err_set(&err, MS_ERR_MODULE, "%s holds no kernel module", operand);
	tally_fail(&run->tally, operand, &err);
}

static int run(int argc, char **argv)
{
	struct run run = { .tally = { .done = "digested", .quiet = true } };
	struct ms_error err = { 0 };
	int r = ms_targets_new(opt.root, &targets, &err);

	for (int i = 0; r == 0 && i < argc; i++)
		digest_below(&run, argv[i]);
	if (r == 0 && run.out.len)
		r = file_replace(opt.output, run.out.data, run.out.len, 0666, &err);
	if (r < 0)
		print_error(&err);
	buf_free(&run.out);
	names_forget(run.names);
	ms_targets_free(targets);
	return r < 0 ? exit_status_of(r) : tally_status(&run.tally);
}

const struct command command_digest = {
	.name = "digest",
	.operands = "MODULE|DIR...",
	.summary = "Print digests of modules, to be signed elsewhere.",
	.options = { table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
