/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/certopts.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"

static struct {
	const char *key, *out;
} opt;

static const struct option_def table[] = {
	{ "key", 'k', "URI", OPT_STRING, &opt.key, NULL,
		"The key to be certified: a PKCS#11 URI, a TPM key or a key file. Needed." },
	{ "out", 'o', "FILE", OPT_STRING, &opt.out, NULL,
		"Write the request there: PEM if the name ends in .pem, .csr or .req, else DER. Needed." },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct ms_context *ctx = keyopts_context();
	struct ms_cert_request request;
	struct ms_key *key = NULL;
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	int r = ctx ? 0 : MS_ERR_NOMEM;

	certopts_fill(&request);
	if (!opt.key || !opt.out || (!request.subject && !request.config)) {
		fprintf(stderr, "modseal csr: -k, --out and --subject (or --config) are needed\n");
		return EXIT_STATUS_USAGE;
	}
	if (r == 0)
		r = ms_key_open(ctx, opt.key, &key, &err);
	if (r == 0)
		r = ms_csr_write(key, &request, opt.out, &err);
	if (r < 0)
		print_error(&err);
	else
		printf("request written to %s\n", opt.out);
	ms_key_free(key);
	return exit_status_of(r);
}

const struct command command_csr = {
	.name = "csr",
	.operands = "",
	.summary = "Make a certificate signing request for a key.",
	.options = { table, certopts_table, keyopts_table },
	.min_operands = 0,
	.max_operands = 0,
	.run = run,
};
