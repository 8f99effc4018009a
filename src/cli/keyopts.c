/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/keyopts.h"

#include "src/base/quote.h"
#include "src/base/secret.h"
#include "src/cli/cli.h"
#include "src/cli/prompt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *module, *pin_source, *so_pin_source;
	unsigned token_timeout;
	bool pin_final_try;
	const char *tcti;
	unsigned salt_key;
	bool verbose;
} opt = { .token_timeout = 60 };

const struct option_def keyopts_table[] = {
	{ "module", 0, "PATH", OPT_STRING, &opt.module, NULL,
		"Use this PKCS#11 module instead of those that p11-kit is configured with." },
	{ "pin-source", 0, "FILE", OPT_STRING, &opt.pin_source, NULL,
		"Take the PIN (or a key file's passphrase) from the first line of FILE. It serves "
		"one token." },
	{ "pin-final-try", 0, NULL, OPT_FLAG, &opt.pin_final_try, NULL,
		"Try the PIN even if the token says that one more wrong one locks it." },
	{ "tcti", 0, "TCTI", OPT_STRING, &opt.tcti, NULL,
		"How the TPM is reached, as tpm2-tss names it: device:/dev/tpmrm0 (default), "
		"swtpm:host=HOST,port=PORT. Also from MODSEAL_TCTI or TPM2TOOLS_TCTI." },
	{ "salt-key", 0, "HANDLE", OPT_HEX, &opt.salt_key, NULL,
		"A persistent storage key of the TPM (0x81......) that hides auth values on their way to "
		"it; by default the key's parent." },
	{ "verbose", 'v', NULL, OPT_FLAG, &opt.verbose, NULL,
		"Let libraries say on standard error what goes wrong in them." },
	{ "token-timeout", 0, "SECONDS", OPT_UINT, &opt.token_timeout, NULL,
		"Give up on a token that does not answer one call for so long (default 60; 0 waits "
		"for ever)." },
	{ 0 },
};

const struct option_def keyopts_so_table[] = {
	{ "so-pin-source", 0, "FILE", OPT_STRING, &opt.so_pin_source, NULL,
		"Take the SO PIN (on a PIV card: the management key) from the first line of FILE, where the "
		"token wants it." },
	{ 0 },
};

static struct ms_context *context;
static struct secret *env_pin;
static const char *env_pin_name;

/* Wipes the value where it stands, too: /proc/PID/environ shows that memory. */
static void take(const char *name)
{
	char *value = getenv(name);

	if (!value)
		return;
	if (*value && !env_pin) {
		env_pin = secret_new(value, strlen(value));
		env_pin_name = name;
		if (!env_pin)
			fprintf(stderr, "modseal: %s cannot be used: it is longer than %d bytes\n", name,
				SECRET_MAX);
	}
	secret_wipe(value, strlen(value));
	unsetenv(name);
}

void keyopts_take_environment(void)
{
	take("MODSEAL_PIN");
	take("KBUILD_SIGN_PIN");
}

static void notice(void *user, const char *text)
{
	print_notice("%s", text);
}

static const char *tcti(void)
{
	const char *name = opt.tcti ? opt.tcti : getenv("MODSEAL_TCTI");

	if (!name || !*name)
		name = getenv("TPM2TOOLS_TCTI");
	return name && *name ? name : NULL;
}

struct ms_context *keyopts_context(void)
{
	struct ms_context *ctx;

	if (context)
		return context;
	/* Also for PKCS#11 modules that use tpm2-tss. */
	if (!opt.verbose)
		setenv("TSS2_LOG", "all+none", 0);
	ctx = ms_context_new();
	if (!ctx)
		return NULL;
	if ((opt.module && ms_context_set_module(ctx, opt.module) < 0) ||
		ms_context_set_tcti(ctx, tcti()) < 0 ||
		(opt.pin_source && ms_context_set_pin_source(ctx, opt.pin_source) < 0) ||
		(opt.so_pin_source && ms_context_set_so_pin_source(ctx, opt.so_pin_source) < 0) ||
		(env_pin && ms_context_set_pin(ctx, env_pin->data, env_pin_name) < 0)) {
		ms_context_free(ctx);
		return NULL;
	}
	ms_context_set_tpm_salt_key(ctx, opt.salt_key);
	ms_context_set_verbose(ctx, opt.verbose);
	ms_context_set_token_timeout(ctx, opt.token_timeout);
	ms_context_allow_pin_final_try(ctx, opt.pin_final_try);
	ms_context_set_ask_pin(ctx, prompt_pin, NULL);
	ms_context_set_notice(ctx, notice, NULL);
	context = ctx;
	return context;
}

void keyopts_print(FILE *out)
{
	quote_option(out, "--module", opt.module);
	quote_option(out, "--tcti", opt.tcti);
	quote_option(out, "--pin-source", opt.pin_source);
	quote_option(out, "--so-pin-source", opt.so_pin_source);
}

/* Whether results did not get out; says so. */
static bool output_lost(void)
{
	bool before = ferror(stdout);

	if (fflush(stdout) == 0 && !before)
		return false;
	if (before) /* errno is of something else by now */
		fprintf(stderr, "modseal: standard output cannot be written\n");
	else
		fprintf(stderr, "modseal: standard output cannot be written: %s\n",
			strerror(errno));
	return true;
}

void keyopts_exit(int status)
{
	bool wedged = context && ms_context_wedged(context);

	secret_free(env_pin);
	if (output_lost() && status == 0)
		status = EXIT_STATUS_MACHINE;
	if (!wedged)
		wedged = ms_context_free(context); /* a token may hang as it is logged out */
	if (wedged) {
		fflush(stderr);
		_exit(status);
	}
	exit(status);
}
