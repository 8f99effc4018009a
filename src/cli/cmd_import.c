/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/quote.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/sealopts.h"

#include <modseal/life.h>

static struct {
	const char *key, *cert;
	bool duplicate, replace;
} opt;

static const struct option_def table[] = {
	{ "key", 'k', "URI", OPT_STRING, &opt.key, NULL,
		"Where to put the key, as for modseal keygen: a PKCS#11 URI that fits one token, with "
		"object=LABEL and, if you like, id=; or a TPM's handle:0x81010001; or the name of a "
		"new key file that holds what the TPM needs to use the key. Without KEYFILE: the key "
		"that the certificate is to be put beside. Needed." },
	{ "cert", 'c', "CERT", OPT_STRING, &opt.cert, NULL,
		"The certificate to put beside the key: a file (PEM or DER). By default the one that "
		"lies in KEYFILE, if there is one." },
	{ "replace", 0, NULL, OPT_FLAG, &opt.replace, NULL,
		"Without KEYFILE: put the certificate in the place of the one that the key has there." },
	{ "duplicate", 0, NULL, OPT_FLAG, &opt.duplicate, NULL,
		"Do it although the token has a key of that label, or something with that id." },
	{ 0 },
};

static int usage(const char *text)
{
	fprintf(stderr, "modseal import: %s\n", text);
	return EXIT_STATUS_USAGE;
}

/* The file's key and what is to lie beside it; *cert stays NULL if there is none. */
static int read_file(struct ms_context *ctx, const char *path, struct ms_key **from,
	struct ms_cert **cert, struct ms_error *err)
{
	struct ms_error none;
	int r = ms_key_open(ctx, path, from, err);

	if (r == 0 && !*cert && ms_key_cert(*from, cert, &none) < 0)
		*cert = NULL;
	return r;
}

static int import_key(struct ms_context *ctx, const struct ms_key *from, struct ms_key **key,
	struct ms_error *err)
{
	struct ms_import request = { .ref = opt.key, .duplicate = opt.duplicate };
	int r = sealopts_fill(ctx, &request.seal, err);

	if (r == 0)
		r = ms_key_import(ctx, from, &request, key, err);
	ms_key_free(request.seal.policy_key);
	if (r == 0)
		printf("key imported: %s (%s)\n", ms_key_uri(*key), ms_key_type(*key));
	return r;
}

static int put_cert(struct ms_context *ctx, struct ms_key *key, const struct ms_cert *cert,
	const char *from, struct ms_error *err)
{
	int r = ms_key_store_cert(ctx, key, cert, opt.replace, err);

	if (r == 0) {
		printf("certificate \"%s\" put beside %s\n", ms_cert_subject(cert),
			ms_key_uri(key));
		return 0;
	}
	if (!from)
		return r;
	print_error(err);
	fprintf(stderr, "The key is imported and stays: %s\nGo on with:\n  modseal import -k ",
		ms_key_uri(key));
	quote_word(stderr, ms_key_uri(key));
	quote_option(stderr, "--cert", opt.cert ? opt.cert : from);
	keyopts_print(stderr);
	fprintf(stderr, "\n");
	err->message[0] = '\0';
	return r;
}

/* Before the key is on its way: it would stay. */
static int check_pair(const struct ms_key *from, const struct ms_cert *cert, struct ms_error *err)
{
	return cert ? ms_cert_check_key(cert, from, err) : 0;
}

static int import(struct ms_context *ctx, const char *file, struct ms_error *err)
{
	struct ms_key *from = NULL, *key = NULL;
	struct ms_cert *cert = NULL;
	int r = opt.cert ? ms_cert_open(ctx, opt.cert, &cert, err) : 0;

	if (r == 0 && file)
		r = read_file(ctx, file, &from, &cert, err);
	if (r == 0 && file)
		r = check_pair(from, cert, err);
	if (r == 0)
		r = file ? import_key(ctx, from, &key, err) : ms_key_open(ctx, opt.key, &key, err);
	if (r == 0 && cert)
		r = put_cert(ctx, key, cert, file, err);
	ms_cert_free(cert);
	ms_key_free(from);
	ms_key_free(key);
	return r;
}

static int run(int argc, char **argv)
{
	struct ms_context *ctx = keyopts_context();
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	int r;

	if (!opt.key)
		return usage("say where: -k 'pkcs11:token=NAME;object=LABEL', or for a TPM -k FILE.pem");
	if (!argc && !opt.cert)
		return usage("say what: a key file, or a certificate with --cert");
	if (argc && opt.replace)
		return usage("--replace is for a key that is there");
	if (!argc && opt.duplicate)
		return usage("--duplicate goes with a key file");
	r = ctx ? import(ctx, argc ? argv[0] : NULL, &err) : MS_ERR_NOMEM;
	if (r < 0 && err.message[0])
		print_error(&err);
	return exit_status_of(r);
}

const struct command command_import = {
	.name = "import",
	.operands = "[KEYFILE]",
	.summary = "Put a key file, or a certificate, into a token or a TPM.",
	.options = { table, sealopts_table, keyopts_so_table, keyopts_table },
	.min_operands = 0,
	.max_operands = 1,
	.run = run,
};
