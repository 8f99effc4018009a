/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/batch.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/moduleopts.h"
#include "src/cli/output.h"

#include <modseal/verify.h>
#include <stdlib.h>
#include <string.h>

static struct {
	struct option_list certs;
} opt;

static const struct option_def table[] = {
	{ "cert", 'c', "CERT", OPT_LIST, &opt.certs, NULL,
		"A certificate to trust: a file (PEM, all of it; or DER) or a PKCS#11 URI. May be "
		"given several times; needed." },
	{ "quiet", 'q', NULL, OPT_FLAG, &moduleopts.quiet, NULL, "Print no line for a valid module." },
	{ 0 },
};

static struct {
	struct ms_cert **certs;
	size_t n;
} trusted;

static void print_verdict(const char *path, const struct ms_verification *v)
{
	if (moduleopts.quiet && v->verdict == MS_VALID)
		return;
	printf("%s: %s", path, ms_verdict_name(v->verdict));
	if (v->verdict == MS_VALID)
		printf(" (%s, %s)", v->signer, v->hash);
	else if (v->signer[0])
		printf(": %s (signer: %s)", v->reason, v->signer);
	else
		printf(": %s", v->reason);
	if (v->note[0])
		printf("; %s", v->note);
	printf("\n");
}

static int verify_one(const char *path, const char *dest, struct json_object *json,
	struct ms_error *err)
{
	struct ms_verification v;
	int r = ms_verify(path, moduleopts_flags(), trusted.certs, trusted.n, &v, err);

	if (r < 0)
		return r;
	if (json) {
		json_add_text(json, "verdict", ms_verdict_name(v.verdict));
		json_add_text(json, "reason", v.reason);
		json_add_text(json, "signer", v.signer[0] ? v.signer : NULL);
		json_add_text(json, "hash", v.hash[0] ? v.hash : NULL);
		json_add_text(json, "note", v.note[0] ? v.note : NULL);
	} else {
		print_verdict(path, &v);
	}
	return v.verdict == MS_VALID ? OUTCOME_DONE : OUTCOME_NO;
}

static int trust(const char *ref, struct ms_error *err)
{
	struct ms_cert **more = NULL, **all;
	size_t n = 0;
	int r;

	if (!strncmp(ref, "pkcs11:", 7)) {
		more = calloc(1, sizeof(*more));
		r = more ? ms_cert_open(keyopts_context(), ref, more, err) : MS_ERR_NOMEM;
		n = 1;
	} else {
		r = ms_cert_open_all(ref, &more, &n, err);
	}
	if (r < 0) {
		free(more);
		return r;
	}
	all = reallocarray(trusted.certs, trusted.n + n, sizeof(*all));
	if (!all) {
		ms_cert_list_free(more, n);
		return MS_ERR_NOMEM;
	}
	memcpy(all + trusted.n, more, n * sizeof(*all));
	free(more);
	trusted.certs = all;
	trusted.n += n;
	return 0;
}

static int run(int argc, char **argv)
{
	struct batch batch = {
		.source = { .argc = argc, .argv = argv },
		.tally = { .done = "valid", .no = "not valid", .json = moduleopts.json, .quiet = moduleopts.quiet },
		.one = verify_one,
	};
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	int r = keyopts_context() ? 0 : MS_ERR_NOMEM;

	if (!opt.certs.n) {
		fprintf(stderr, "modseal verify: against which certificates? Name them with -c.\n");
		return EXIT_STATUS_USAGE;
	}
	for (size_t i = 0; r == 0 && i < opt.certs.n; i++)
		r = trust(opt.certs.items[i], &err);
	if (r < 0) {
		print_error(&err);
		r = exit_status_of(r);
	} else {
		r = batch_run(&batch);
	}
	ms_cert_list_free(trusted.certs, trusted.n);
	free(opt.certs.items);
	return r;
}

const struct command command_verify = {
	.name = "verify",
	.operands = "MODULE|DIR...",
	.summary = "Tell whether kernels that trust given certificates accept modules.",
	.options = { table, moduleopts_read, keyopts_table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
