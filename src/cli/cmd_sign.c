/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/cli/batch.h"
#include "src/cli/choices.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/output.h"

#include <modseal/sign.h>

static struct {
	const char *key, *cert, *chain, *output;
	int hash, key_id;
	bool stack, keep_existing, dry_run, any_file, json, quiet;
} opt;

static const struct option_def table[] = {
	{ "key", 'k', "URI", OPT_STRING, &opt.key, NULL,
		"The private key: a PKCS#11 URI, or a key file. Needed." },
	{ "cert", 'c', "CERT", OPT_STRING, &opt.cert, NULL,
		"Its certificate: a file (PEM or DER) or a PKCS#11 URI. By default the one that lies "
		"beside the key: on the token with the same CKA_ID, or in the key's file." },
	{ "hash", 0, "NAME", OPT_CHOICE, &opt.hash, choices_hash,
		"The digest: sha256 (default), sha384, sha512, sha3-256, sha3-384 or sha3-512." },
	{ "key-id", 0, "KIND", OPT_CHOICE, &opt.key_id, choices_key_id,
		"How the signature names its signer: issuer (issuer and serial number, default) or "
		"ski (subject key identifier)." },
	{ "embed-certs", 0, "FILE", OPT_STRING, &opt.chain, NULL,
		"Put the certificates of FILE into the signature, so that a kernel that trusts only "
		"their issuer can follow them: the signer's own and the CAs between." },
	{ "output", 'o', "FILE|DIR", OPT_STRING, &opt.output, NULL,
		"Write there instead of in place: a file for one module, a directory (which keeps "
		"the tree's layout) for several." },
	{ "stack", 0, NULL, OPT_FLAG, &opt.stack, NULL,
		"Add a signature above those that are there. The kernel checks the last one only. By "
		"default all are replaced." },
	{ "keep-existing", 0, NULL, OPT_FLAG, &opt.keep_existing, NULL,
		"Leave alone a module whose signature verifies against this certificate." },
	{ "any-file", 0, NULL, OPT_FLAG, &opt.any_file, NULL,
		"Sign files that are no ELF modules, too (kexec images, IMA modsig)." },
	{ "dry-run", 'n', NULL, OPT_FLAG, &opt.dry_run, NULL,
		"Tell what would be done; open the key, but sign and write nothing." },
	{ "quiet", 'q', NULL, OPT_FLAG, &opt.quiet, NULL,
		"Print no line for a module that went well." },
	{ "json", 0, NULL, OPT_FLAG, &opt.json, NULL,
		"Print one JSON object a line: one for each module, then a summary." },
	{ 0 },
};

static struct ms_signer *signer;
static const char *key_type;

static const char *outcome(const struct ms_sign_result *r)
{
	if (r->kept)
		return "kept";
	if (opt.dry_run)
		return r->replaced ? "would be signed again" : "would be signed";
	return r->replaced ? "signed again" : "signed";
}

static void print_result(const char *path, const struct ms_sign_result *r)
{
	printf("%s: %s (%s)", path, outcome(r),
		r->kept ? "its signature verifies" : ms_hash_name(ms_signer_hash(signer)));
	if (r->mended)
		printf(", the rest of a broken signature cut off");
	else if (r->replaced > 1)
		printf(", %u signatures replaced", r->replaced);
	printf("\n");
}

static void json_result(struct json_object *o, const char *dest,
	const struct ms_sign_result *r)
{
	json_add_text(o, "result", outcome(r));
	json_add_text(o, "written", opt.dry_run || (r->kept && !dest) ? NULL : dest);
	json_add_text(o, "hash", ms_hash_name(ms_signer_hash(signer)));
	json_add_text(o, "key_type", key_type);
	json_add_number(o, "replaced", r->replaced);
	json_add_bool(o, "mended", r->mended);
	json_add_number(o, "size", r->size);
	json_add_number(o, "cms_size", r->cms_size);
}

static int sign_one(const char *path, const char *dest, struct json_object *json,
	struct ms_error *err)
{
	struct ms_sign_result result;
	int r = ms_sign(signer, path, dest, &result, err);

	if (r < 0)
		return r;
	if (json)
		json_result(json, dest ? dest : path, &result);
	else if (!opt.quiet)
		print_result(path, &result);
	return result.kept ? OUTCOME_KEPT : OUTCOME_DONE;
}

static int open_signer(struct ms_context *ctx, struct ms_key **key, struct ms_error *err)
{
	struct ms_sign_options options = {
		.hash = (enum ms_hash)opt.hash,
		.key_id = (enum ms_key_id)opt.key_id,
		.flags = opt.any_file ? MS_ANY_FILE : 0,
		.stack = opt.stack,
		.keep_existing = opt.keep_existing,
		.dry_run = opt.dry_run,
	};
	struct ms_cert *cert = NULL, **chain = NULL;
	size_t n_chain = 0;
	int r = ms_key_open(ctx, opt.key, key, err);

	if (r == 0)
		r = opt.cert ? ms_cert_open(ctx, opt.cert, &cert, err)
			     : ms_key_cert(*key, &cert, err);
	if (r == 0 && opt.chain)
		r = ms_cert_open_all(opt.chain, &chain, &n_chain, err);
	options.chain = chain;
	options.n_chain = n_chain;
	if (r == 0)
		r = ms_signer_new(*key, cert, &options, &signer, err);
	ms_cert_free(cert);
	ms_cert_list_free(chain, n_chain);
	return r;
}

static int run(int argc, char **argv)
{
	struct batch batch = {
		.source = { .argc = argc, .argv = argv, .output = opt.output },
		.tally = { .done = opt.dry_run ? "would be signed" : "signed", .json = opt.json,
			.quiet = opt.quiet },
		.one = sign_one,
	};
	struct ms_context *ctx = keyopts_context();
	struct ms_key *key = NULL;
	struct ms_error err = { 0 };
	int r;

	if (!opt.key) {
		fprintf(stderr, "modseal sign: which key? Name it with -k; 'modseal keys' lists "
				"those in tokens.\n");
		return EXIT_STATUS_USAGE;
	}
	if (opt.stack && opt.keep_existing) {
		fprintf(stderr, "modseal sign: --stack and --keep-existing exclude each other\n");
		return EXIT_STATUS_USAGE;
	}
	if (!ctx) {
		fprintf(stderr, "modseal: out of memory\n");
		return EXIT_STATUS_MACHINE;
	}
	r = open_signer(ctx, &key, &err);
	if (r < 0) {
		print_error(&err);
		r = exit_status_of(r);
	} else {
		key_type = ms_key_type(key);
		r = batch_run(&batch);
	}
	ms_signer_free(signer);
	ms_key_free(key);
	return r;
}

const struct command command_sign = {
	.name = "sign",
	.operands = "MODULE|DIR...",
	.summary = "Sign modules, or all modules below directories.",
	.options = { table, keyopts_table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
