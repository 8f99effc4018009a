/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's scripts/sign-file, by its own command line: for kbuild, DKMS and whatever else
 * calls it. It knows nothing of stacked signatures and signs what it is given, whatever that is.
 */
#include "src/base/cleanup.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"

#include <modseal/sign.h>
#include <string.h>

#define SIGN_FILE_FAILED 1 /* its only exit status but 0 and 2 */

static struct {
	bool given_signature, save, only, key_id;
} opt;

static const struct option_def table[] = {
	{ "signature", 's', NULL, OPT_FLAG, &opt.given_signature, NULL,
		"The first operand is a finished signature (CMS, DER), the next the hash: append it as "
		"it is." },
	{ "save", 'p', NULL, OPT_FLAG, &opt.save, NULL,
		"Write the signature to MODULE.p7s, too." },
	{ "save-only", 'd', NULL, OPT_FLAG, &opt.only, NULL,
		"Write the signature to MODULE.p7s and leave the module alone." },
	{ "key-id", 'k', NULL, OPT_FLAG, &opt.key_id, NULL,
		"Name the signer by subject key identifier instead of issuer and serial number." },
	{ 0 },
};

static int fail(const struct ms_error *err)
{
	print_error(err);
	return SIGN_FILE_FAILED;
}

static int append(const char *module, const char *signature, const char *dest)
{
	struct ms_attach_options options = {
		.unverified = true,
		.stack = true,
		.flags = MS_ANY_FILE,
	};
	struct ms_error err = { 0 };

	return ms_attach(module, signature, dest, &options, &err) < 0 ? fail(&err) : 0;
}

static int open_signer(const char *hash_name, const char *key_ref, const char *cert_ref,
	struct ms_key **key, struct ms_signer **signer, struct ms_error *err)
{
	struct ms_sign_options options = {
		.hash = ms_hash_by_name(hash_name),
		.key_id = opt.key_id ? MS_KEY_ID_SKI : MS_KEY_ID_ISSUER,
		.flags = MS_ANY_FILE,
		.stack = true,
	};
	struct ms_cert *cert = NULL;
	int r;

	if (!options.hash || !ms_hash_can_sign(options.hash)) {
		err->code = MS_ERR_USAGE;
		snprintf(err->message, sizeof(err->message), "no signature is made with '%s'",
			hash_name);
		snprintf(err->hint, sizeof(err->hint), "Use sha256, sha384, sha512, sha3-256, "
			"sha3-384 or sha3-512.");
		return MS_ERR_USAGE;
	}
	r = ms_key_open(keyopts_context(), key_ref, key, err);
	if (r == 0)
		r = ms_cert_open(keyopts_context(), cert_ref, &cert, err);
	if (r == 0)
		r = ms_signer_new(*key, cert, &options, signer, err);
	ms_cert_free(cert);
	return r;
}

static int sign(struct ms_signer *signer, const char *module, const char *dest)
{
	struct ms_sign_result result;
	struct ms_error err = { 0 };
	AUTO_FREE char *p7s = NULL;
	int r;

	if (!opt.save && !opt.only)
		return ms_sign(signer, module, dest, &result, &err) < 0 ? fail(&err) : 0;
	if (asprintf(&p7s, "%s.p7s", module) < 0) {
		p7s = NULL;
		return SIGN_FILE_FAILED;
	}
	if (ms_sign_detached(signer, module, p7s, &err) < 0)
		return fail(&err);
	/* One signature serves both: an ECDSA key would make another one the second time. */
	r = opt.only ? 0 : append(module, p7s, dest);
	if (r)
		unlink(p7s);
	return r;
}

static int run(int argc, char **argv)
{
	const char *module = argv[3];
	const char *dest = argc == 5 && strcmp(argv[3], argv[4]) != 0 ? argv[4] : NULL;
	struct ms_signer *signer = NULL;
	struct ms_key *key = NULL;
	struct ms_error err = { 0 };
	int r;

	if (opt.given_signature)
		return append(module, argv[0], dest);
	if (!keyopts_context()) {
		fprintf(stderr, "modseal: out of memory\n");
		return SIGN_FILE_FAILED;
	}
	r = open_signer(argv[0], argv[1], argv[2], &key, &signer, &err);
	r = r < 0 ? fail(&err) : sign(signer, module, dest);
	ms_signer_free(signer);
	ms_key_free(key);
	return r;
}

const struct command command_sign_file = {
	.name = "sign-file",
	.operands = "HASH KEY CERT MODULE [DEST]",
	.summary = "Sign one module by the command line of the kernel's sign-file.",
	.options = { table, keyopts_table },
	.min_operands = 4,
	.max_operands = 5,
	.run = run,
};

int sign_file_main(int argc, char **argv)
{
	int r = options_parse(&command_sign_file, &argc, &argv);

	if (r)
		return r < 0 ? 0 : r;
	return run(argc, argv);
}
