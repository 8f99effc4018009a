/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cert_show.h"
#include "src/cli/certopts.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"

#include <string.h>

static struct {
	const char *key, *csr, *out, *issuer_key, *issuer_cert;
	bool store, replace, json;
} opt;

static const struct option_def table[] = {
	{ "key", 'k', "URI", OPT_STRING, &opt.key, NULL,
		"The key to certify: a PKCS#11 URI, a TPM key or a key file. Needed without --csr." },
	{ "csr", 0, "FILE", OPT_STRING, &opt.csr, NULL,
		"Certify the key of this certificate signing request (PEM or DER) instead; its subject is "
		"taken unless --subject says another. Needs an issuer." },
	{ "out", 'o', "FILE", OPT_STRING, &opt.out, NULL,
		"Write the certificate there: PEM if the name ends in .pem or .crt, else DER, as kernels "
		"and mokutil want it." },
	{ "store", 0, NULL, OPT_FLAG, &opt.store, NULL,
		"Put it on the key's token, beside the key (same CKA_ID)." },
	{ "replace", 0, NULL, OPT_FLAG, &opt.replace, NULL,
		"With --store: put it in the place of the certificate that the key has there." },
	{ "json", 0, NULL, OPT_FLAG, &opt.json, NULL,
		"With show: print one JSON object a line, a certificate each." },
	{ "issuer-key", 0, "URI", OPT_STRING, &opt.issuer_key, NULL,
		"Who signs it: a CA's key. By default the key itself." },
	{ "issuer-cert", 0, "CERT", OPT_STRING, &opt.issuer_cert, NULL,
		"The CA's certificate; by default the one that lies beside its key." },
	{ 0 },
};

static int usage(const char *text)
{
	fprintf(stderr, "modseal cert: %s\n", text);
	return EXIT_STATUS_USAGE;
}

static int open_issuer(struct ms_context *ctx, struct ms_key **key, struct ms_cert **cert,
	struct ms_error *err)
{
	int r = ms_key_open(ctx, opt.issuer_key, key, err);

	if (r < 0)
		return r;
	return opt.issuer_cert ? ms_cert_open(ctx, opt.issuer_cert, cert, err)
			       : ms_key_cert(*key, cert, err);
}

static int make(struct ms_context *ctx, struct ms_cert_request *request, struct ms_key **key,
	struct ms_cert **cert, struct ms_error *err)
{
	int r;

	if (opt.csr)
		return ms_cert_from_csr(opt.csr, request, cert, err);
	r = ms_key_open(ctx, opt.key, key, err);
	if (r < 0)
		return r;
	return ms_cert_make(*key, request, cert, err);
}

static int deliver(struct ms_context *ctx, struct ms_key *key, const struct ms_cert *cert,
	struct ms_error *err)
{
	int r = 0;

	if (opt.store) {
		r = ms_key_store_cert(ctx, key, cert, opt.replace, err);
		if (r == 0)
			printf("certificate \"%s\" put beside %s\n", ms_cert_subject(cert),
				ms_key_uri(key));
	}
	if (r == 0 && opt.out) {
		r = ms_cert_write(cert, opt.out, err);
		if (r == 0)
			printf("certificate \"%s\" written to %s\n", ms_cert_subject(cert), opt.out);
	}
	return r;
}

static int make_cert(void)
{
	struct ms_context *ctx = keyopts_context();
	struct ms_cert_request request;
	struct ms_key *key = NULL, *issuer_key = NULL;
	struct ms_cert *cert = NULL, *issuer = NULL;
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	int r = ctx ? 0 : MS_ERR_NOMEM;

	if (!opt.key == !opt.csr)
		return usage("name the key with -k, or a request with --csr");
	if (opt.csr && !opt.issuer_key)
		return usage("a request needs an issuer: --issuer-key");
	if (opt.issuer_cert && !opt.issuer_key)
		return usage("--issuer-cert goes with --issuer-key");
	if (opt.store && opt.csr)
		return usage("--store is for a key that is here");
	if (opt.replace && !opt.store)
		return usage("--replace goes with --store");
	if (!opt.out && !opt.store)
		return usage("where to? Say --out FILE or --store");
	certopts_fill(&request);
	if (!request.subject && !request.config && !opt.csr)
		return usage("the certificate needs a --subject, such as \"CN=My modules\"");
	if (r == 0 && opt.issuer_key)
		r = open_issuer(ctx, &issuer_key, &issuer, &err);
	request.issuer_key = issuer_key;
	request.issuer = issuer;
	if (r == 0)
		r = make(ctx, &request, &key, &cert, &err);
	if (r == 0)
		r = deliver(ctx, key, cert, &err);
	if (r < 0)
		print_error(&err);
	ms_cert_free(cert);
	ms_cert_free(issuer);
	ms_key_free(key);
	ms_key_free(issuer_key);
	return exit_status_of(r);
}

static int run(int argc, char **argv)
{
	if (argc && !strcmp(argv[0], "show")) {
		if (argc == 1)
			return usage("show which certificate?");
		return cert_show(argc - 1, argv + 1, opt.json);
	}
	if (argc)
		return usage("a certificate is made without operands; 'show CERT' shows one");
	return opt.json ? usage("--json goes with show") : make_cert();
}

const struct command command_cert = {
	.name = "cert",
	.operands = "[show CERT...]",
	.summary = "Make a certificate for a key, or show what kernels make of one.",
	.options = { table, certopts_table, keyopts_so_table, keyopts_table },
	.min_operands = 0,
	.max_operands = -1,
	.run = run,
};
