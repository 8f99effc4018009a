/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/quote.h"
#include "src/cli/certopts.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/sealopts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *key, *out, *init_token;
	int type, touch_policy, pin_policy;
	bool duplicate, no_cert, force_erase;
} opt;

static const struct option_choice types[] = {
	{ "rsa2048", MS_KEY_RSA2048 },
	{ "rsa3072", MS_KEY_RSA3072 },
	{ "rsa4096", MS_KEY_RSA4096 },
	{ "p256", MS_KEY_P256 },
	{ "p384", MS_KEY_P384 },
	{ 0 },
};

static const struct option_choice touch_policies[] = {
	{ "never", MS_TOUCH_NEVER },
	{ "always", MS_TOUCH_ALWAYS },
	{ "cached", MS_TOUCH_CACHED },
	{ 0 },
};

static const struct option_choice pin_policies[] = {
	{ "never", MS_PIN_NEVER },
	{ "once", MS_PIN_ONCE },
	{ "always", MS_PIN_ALWAYS },
	{ 0 },
};

static const struct option_def table[] = {
	{ "key", 'k', "URI", OPT_STRING, &opt.key, NULL,
		"Where to make it: a PKCS#11 URI that fits one token, with object=LABEL, which becomes the "
		"key's label, and id=, its CKA_ID, by default the first one that is free; or a TPM's "
		"handle:0x81010001; or the name of a key file that holds what the TPM needs to use the "
		"key." },
	{ "type", 0, "TYPE", OPT_CHOICE, &opt.type, types,
		"What kind of key: rsa2048, rsa3072, rsa4096, p256 or p384. Needed, unless --init-token is "
		"all that is asked for." },
	{ "duplicate", 0, NULL, OPT_FLAG, &opt.duplicate, NULL,
		"Make it although the token has a key of that label, or something with that id." },
	{ "no-cert", 0, NULL, OPT_FLAG, &opt.no_cert, NULL, "Make no certificate." },
	{ "out", 'o', "FILE", OPT_STRING, &opt.out, NULL,
		"Write the certificate there, too: PEM if the name ends in .pem or .crt, else DER." },
	{ "touch-policy", 0, "WHEN", OPT_CHOICE, &opt.touch_policy, touch_policies,
		"YubiKey: whether the key wants a finger: never, always, or cached (one touch holds for 15 "
		"seconds). By default as the slot has it." },
	{ "pin-policy", 0, "WHEN", OPT_CHOICE, &opt.pin_policy, pin_policies,
		"YubiKey: whether the key wants the PIN: never, once, or always (at each signature). By "
		"default as the slot has it." },
	{ "init-token", 0, "LABEL", OPT_STRING, &opt.init_token, NULL,
		"First initialise a token that is not initialised yet and call it LABEL. SO PIN and user "
		"PIN are asked for, or taken from --so-pin-source and --pin-source." },
	{ "force-erase", 0, NULL, OPT_FLAG, &opt.force_erase, NULL,
		"With --init-token: initialise the token that -k names although it is initialised. All that "
		"it holds is lost." },
	{ 0 },
};

static int usage(const char *text)
{
	fprintf(stderr, "modseal keygen: %s\n", text);
	return EXIT_STATUS_USAGE;
}

/* -- what is asked for ------------------------------------------------------------------- */

static int check_usage(const struct ms_cert_request *request)
{
	if (opt.force_erase && !opt.init_token)
		return usage("--force-erase goes with --init-token");
	if (!opt.type && opt.init_token)
		return 0;
	if (!opt.key)
		return usage("say where: -k 'pkcs11:token=NAME;object=LABEL', or for a TPM -k FILE.pem");
	if (!opt.type)
		return usage("say which --type of key: rsa2048, rsa3072, rsa4096, p256 or p384");
	if (opt.no_cert && (opt.out || request->subject || request->config))
		return usage("--no-cert does not go with what a certificate is made of");
	if (!opt.no_cert && !request->subject && !request->config)
		return usage("the certificate needs a --subject, such as \"CN=My modules\"; "
			     "--no-cert makes none");
	return 0;
}

/* A key on a token stays there: whatever can be known to fail later fails now. */
static int check_early(const struct ms_cert_request *request, struct ms_error *err)
{
	char *dir, *slash;
	int r = ms_cert_request_check(request, err);

	if (r < 0 || !opt.out)
		return r;
	dir = strdup(opt.out);
	slash = dir ? strrchr(dir, '/') : NULL;
	if (slash)
		slash[slash == dir] = '\0';
	if (dir && access(slash ? dir : ".", W_OK) < 0) {
		*err = (struct ms_error){ .code = MS_ERR_IO };
		snprintf(err->message, sizeof(err->message), "%s cannot be written: %m", opt.out);
		r = MS_ERR_IO;
	}
	free(dir);
	return r;
}

/* -- how to go on ------------------------------------------------------------------------ */

/* `written`: the certificate is made and in --out, but not on the token. */
static void print_way_on(const struct ms_key *key, bool written)
{
	fprintf(stderr, "The key is made and stays: %s\n", ms_key_uri(key));
	fprintf(stderr, "Go on with:\n  modseal %s -k ", written ? "import" : "cert");
	quote_word(stderr, ms_key_uri(key));
	if (written)
		quote_option(stderr, "--cert", opt.out);
	else
		certopts_print(stderr);
	if (!written) {
		fprintf(stderr, " --store");
		quote_option(stderr, "--out", opt.out);
	}
	keyopts_print(stderr);
	fprintf(stderr, "\n");
}

/* -- one step after the other ------------------------------------------------------------ */

static const char *profile_words(const struct ms_cert_request *request)
{
	if (request->config)
		return request->config;
	switch (request->profile) {
	case MS_CERT_CA:
		return "profile ca: signs other certificates";
	case MS_CERT_KERNEL:
		return "profile kernel: any use, shim would take it for booting, too";
	default:
		return "profile mok: for modules only, shim does not take it for booting";
	}
}

static int certify(struct ms_context *ctx, struct ms_key *key,
	const struct ms_cert_request *request, struct ms_error *err)
{
	struct ms_cert *cert = NULL;
	bool written = false;
	int r = ms_cert_make(key, request, &cert, err);

	if (r == 0)
		printf("certificate made: \"%s\" (%s)\n", ms_cert_subject(cert),
			profile_words(request));
	if (r == 0 && opt.out) {
		r = ms_cert_write(cert, opt.out, err);
		written = r == 0;
		if (written)
			printf("certificate written to %s\n", opt.out);
	}
	if (r == 0)
		r = ms_key_store_cert(ctx, key, cert, false, err);
	if (r == 0)
		printf("certificate put beside the key\n");
	ms_cert_free(cert);
	if (r < 0) {
		print_error(err);
		print_way_on(key, written);
	}
	return r;
}

static int make_key(struct ms_context *ctx, const char *ref, const struct ms_cert_request *request)
{
	struct ms_keygen keygen = {
		.ref = ref,
		.kind = (enum ms_key_kind)opt.type,
		.duplicate = opt.duplicate,
		.touch_policy = (enum ms_touch_policy)opt.touch_policy,
		.pin_policy = (enum ms_pin_policy)opt.pin_policy,
	};
	struct ms_error err = { 0 };
	struct ms_key *key = NULL;
	int r = opt.no_cert ? 0 : check_early(request, &err);

	if (r == 0)
		r = sealopts_fill(ctx, &keygen.seal, &err);
	if (r == 0)
		r = ms_keygen(ctx, &keygen, &key, &err);
	ms_key_free(keygen.seal.policy_key);
	if (r < 0) {
		print_error(&err);
		return r;
	}
	printf("key made: %s (%s)\n", ms_key_uri(key), ms_key_type(key));
	if (!ms_key_in_hardware(key))
		fprintf(stderr, "modseal: the token says that this key can be read out of it\n");
	if (!opt.no_cert)
		r = certify(ctx, key, request, &err);
	ms_key_free(key);
	return r;
}

static int init_token(struct ms_context *ctx, char **uri)
{
	const struct ms_token_init init = {
		.ref = opt.key, .label = opt.init_token, .erase = opt.force_erase
	};
	struct ms_error err = { 0 };
	int r = ms_token_init(ctx, &init, uri, &err);

	if (r < 0)
		print_error(&err);
	else
		printf("token initialised: %s\n", *uri);
	return r;
}

static int run(int argc, char **argv)
{
	struct ms_context *ctx = keyopts_context();
	struct ms_cert_request request;
	char *uri = NULL;
	int r;

	certopts_fill(&request);
	r = check_usage(&request);
	if (r)
		return r;
	if (!ctx) {
		fprintf(stderr, "modseal: out of memory\n");
		return EXIT_STATUS_MACHINE;
	}
	if (opt.init_token)
		r = init_token(ctx, &uri);
	if (r == 0 && opt.type)
		r = make_key(ctx, uri ? uri : opt.key, &request);
	free(uri);
	return exit_status_of(r);
}

const struct command command_keygen = {
	.name = "keygen",
	.operands = "",
	.summary = "Make a key on a token or in a TPM, and its certificate.",
	.options = { table, sealopts_table, certopts_table, keyopts_so_table, keyopts_table },
	.min_operands = 0,
	.max_operands = 0,
	.run = run,
};
