/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/cli/attach_signatures.h"
#include "src/cli/batch.h"
#include "src/cli/choices.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/moduleopts.h"
#include "src/cli/output.h"

#include <modseal/sign.h>

static struct {
	const char *cert, *signature;
	int hash, key_id;
	bool raw, stack;
} opt;

static const struct option_def table[] = {
	{ "cert", 'c', "CERT", OPT_STRING, &opt.cert, NULL,
		"The signer's certificate: a file or a PKCS#11 URI. Needed: a signature is attached "
		"only if it verifies with it." },
	{ "signature", 's', "FILE", OPT_STRING, &opt.signature, NULL,
		"The signature of the one module that is named. By default that of each is in "
		"MODULE.p7s, or with --raw in MODULE.sig." },
	{ "raw", 0, NULL, OPT_FLAG, &opt.raw, NULL,
		"The file is a bare signature (RSA: PKCS#1 v1.5; ECDSA: DER) of the module's digest: "
		"build the CMS around it." },
	{ "hash", 0, "NAME", OPT_CHOICE, &opt.hash, choices_hash,
		"The digest that a bare signature was made of (default sha256)." },
	{ "key-id", 0, "KIND", OPT_CHOICE, &opt.key_id, choices_key_id,
		"With --raw, how the CMS names its signer: issuer (default) or ski." },
	{ "stack", 0, NULL, OPT_FLAG, &opt.stack, NULL,
		"Add the signature above those that are there; it must have been made of them, too. "
		"By default all are replaced." },
	{ 0 },
};

static struct ms_cert *cert;

static struct ms_attach_options attach_options(void)
{
	return (struct ms_attach_options){
		.cert = cert,
		.raw = opt.raw,
		.hash = (enum ms_hash)opt.hash,
		.key_id = (enum ms_key_id)opt.key_id,
		.stack = opt.stack,
		.flags = moduleopts_flags(),
	};
}

static int attach_one(const struct source_item *item, struct json_object *json,
	struct ms_error *err)
{
	const char *path = item->path, *dest = item->dest;
	struct ms_attach_options options = attach_options();
	AUTO_FREE char *beside = NULL;
	int r;

	if (asprintf(&beside, "%s%s", path, opt.raw ? ".sig" : ".p7s") < 0) {
		beside = NULL;
		return err_nomem(err);
	}
	r = ms_attach(path, opt.signature ? opt.signature : beside, dest, &options, err);
	if (r < 0)
		return r;
	if (json) {
		json_add_text(json, "result", "attached");
		json_add_text(json, "written", dest ? dest : path);
	} else if (!moduleopts.quiet) {
		printf("%s: signature of %s attached\n", path, opt.signature ? opt.signature : beside);
	}
	return OUTCOME_DONE;
}

static int attach_all(int argc, char **argv)
{
	struct ms_attach_options options = attach_options();
	struct batch batch = {
		.source = { .argc = argc, .argv = argv, .output = moduleopts.output, .sweep = true },
		.tally = { .done = "attached", .json = moduleopts.json, .quiet = moduleopts.quiet },
		.one = attach_one,
	};

	if (attach_signatures_asked())
		return attach_signatures_run(argc, argv, &options, moduleopts.output, moduleopts.json, moduleopts.quiet);
	return batch_run(&batch);
}

static int run(int argc, char **argv)
{
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	int r;

	if (!opt.cert) {
		fprintf(stderr, "modseal attach: whose signature is it? Name the certificate with "
				"-c.\n");
		return EXIT_STATUS_USAGE;
	}
	if (opt.signature && argc > 1) {
		fprintf(stderr, "modseal attach: --signature goes with one module\n");
		return EXIT_STATUS_USAGE;
	}
	if (opt.signature && attach_signatures_asked()) {
		fprintf(stderr, "modseal attach: --signature and --signatures exclude each other\n");
		return EXIT_STATUS_USAGE;
	}
	r = keyopts_context() ? ms_cert_open(keyopts_context(), opt.cert, &cert, &err)
			      : MS_ERR_NOMEM;
	if (r < 0) {
		print_error(&err);
		return exit_status_of(r);
	}
	r = attach_all(argc, argv);
	ms_cert_free(cert);
	return r;
}

const struct command command_attach = {
	.name = "attach",
	.operands = "MODULE|DIR...",
	.summary = "Append signatures that were made elsewhere, once they verify.",
	.options = { table, moduleopts_write, attach_signatures_table, keyopts_table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
