/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"

#include <modseal/tpm.h>
#include <string.h>

static struct {
	const char *pcrs, *policy_key;
} opt;

static const struct option_def table[] = {
	{ "pcr", 0, "PCRS", OPT_STRING, &opt.pcrs, NULL,
		"The PCRs with which the key may be used from now on, too: sha256:7,11 as they are "
		"now, "
		"sha256:7=HEX with that value. Needed." },
	{ "policy-key", 0, "URI", OPT_STRING, &opt.policy_key, NULL,
		"The policy key that the key was made with, to sign the approval. Needed." },
	{ 0 },
};

static int approve(struct ms_context *ctx, const char *ref)
{
	struct ms_key *policy_key = NULL;
	struct ms_error err = { 0 };
	bool added = false;
	int r = ms_key_open(ctx, opt.policy_key, &policy_key, &err);

	if (r == 0)
		r = ms_tpm_approve(ctx, ref, opt.pcrs, policy_key, &added, &err);
	ms_key_free(policy_key);
	if (r < 0)
		print_error(&err);
	else
		printf("%s: %s\n", ref, added ? "approved" : "these values were approved before");
	return r;
}

static int usage(const char *text)
{
	fprintf(stderr, "modseal tpm: %s\n", text);
	return EXIT_STATUS_USAGE;
}

static int run(int argc, char **argv)
{
	struct ms_context *ctx;

	if (strcmp(argv[0], "approve") != 0)
		return usage("the one thing to do here is: modseal tpm approve KEYFILE");
	if (!opt.pcrs)
		return usage("approve which PCRs? --pcr sha256:7");
	if (!opt.policy_key)
		return usage("approve needs the --policy-key that the key was made with");
	ctx = keyopts_context();
	if (!ctx) {
		fprintf(stderr, "modseal: out of memory\n");
		return EXIT_STATUS_MACHINE;
	}
	return exit_status_of(approve(ctx, argv[1]));
}

const struct command command_tpm = {
	.name = "tpm",
	.operands = "approve KEYFILE|HANDLE",
	.summary = "Let a TPM key that is sealed to PCRs be used with new values.",
	.options = { table, keyopts_table },
	.min_operands = 2,
	.max_operands = 2,
	.run = run,
};
