/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/certopts.h"

#include "src/base/quote.h"
#include "src/cli/choices.h"

static struct {
	const char *subject, *config;
	int profile, hash;
	unsigned days;
} opt;

static const struct option_choice profiles[] = {
	{ "mok", MS_CERT_MOK },
	{ "kernel", MS_CERT_KERNEL },
	{ "ca", MS_CERT_CA },
	{ 0 },
};

const struct option_def certopts_table[] = {
	{ "subject", 0, "DN", OPT_STRING, &opt.subject, NULL,
		"The certificate's subject: \"CN=My modules,O=Example\" or \"/CN=My modules/O=Example\"." },
	{ "profile", 0, "KIND", OPT_CHOICE, &opt.profile, profiles,
		"What it is good for: mok (default; for module signing only, so that shim does not take "
		"the key for booting), kernel (as the kernel's documentation has it, without purposes) "
		"or ca (a CA, which signs other certificates)." },
	{ "config", 0, "FILE", OPT_STRING, &opt.config, NULL,
		"Take subject, extensions and digest from an openssl req configuration such as the "
		"kernel's x509.genkey, instead of --profile." },
	{ "days", 0, "N", OPT_UINT, &opt.days, NULL,
		"How long it is valid, from now (default 36500; kernels don't look)." },
	{ "hash", 0, "NAME", OPT_CHOICE, &opt.hash, choices_hash,
		"The digest that the certificate is signed with; by default as strong as the key." },
	{ 0 },
};

void certopts_fill(struct ms_cert_request *request)
{
	*request = (struct ms_cert_request){
		.subject = opt.subject,
		.profile = (enum ms_cert_profile)opt.profile,
		.config = opt.config,
		.days = opt.days,
		.hash = (enum ms_hash)opt.hash,
	};
}

static const char *choice_name(const struct option_choice *choices, int value)
{
	while (choices->name && choices->value != value)
		choices++;
	return choices->name;
}

void certopts_print(FILE *out)
{
	quote_option(out, "--subject", opt.subject);
	if (opt.profile)
		quote_option(out, "--profile", choice_name(profiles, opt.profile));
	quote_option(out, "--config", opt.config);
	if (opt.days)
		fprintf(out, " --days %u", opt.days);
	if (opt.hash)
		quote_option(out, "--hash", choice_name(choices_hash, opt.hash));
}
