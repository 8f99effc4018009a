/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/trust.h"

#include <modseal/efi.h>
#include <string.h>
#include <time.h>

static struct {
	const char *esl, *auth, *owner, *sign_key, *sign_cert, *time;
	int variable;
	bool replace;
} opt = { .variable = MS_EFI_DB };

static const struct option_choice variables[] = {
	{ "db", MS_EFI_DB },
	{ "dbx", MS_EFI_DBX },
	{ "KEK", MS_EFI_KEK },
	{ "PK", MS_EFI_PK },
	{ 0 },
};

static const struct option_def table[] = {
	{ "esl", 0, "FILE", OPT_STRING, &opt.esl, NULL,
		"Write the list of certificates there (EFI_SIGNATURE_LIST)." },
	{ "auth", 0, "FILE", OPT_STRING, &opt.auth, NULL,
		"Write a signed update there, which the firmware takes at any time. Needs "
		"--sign-key." },
	{ "variable", 0, "NAME", OPT_CHOICE, &opt.variable, variables,
		"The variable to update: db (default), dbx (what is refused), KEK or PK." },
	{ "replace", 0, NULL, OPT_FLAG, &opt.replace, NULL,
		"Make an update that puts the list in the place of all that the variable holds, "
		"instead of "
		"adding to it." },
	{ "sign-key", 0, "URI", OPT_STRING, &opt.sign_key, NULL,
		"The key that signs the update: one of KEK for db and dbx, that of PK for KEK and "
		"PK." },
	{ "sign-cert", 0, "CERT", OPT_STRING, &opt.sign_cert, NULL,
		"Its certificate, as the firmware has it; by default the one that lies beside the "
		"key." },
	{ "owner", 0, "GUID", OPT_STRING, &opt.owner, NULL,
		"Who answers for the certificates, by which they can be found and removed later; "
		"by default "
		"all zeros." },
	{ "time", 0, "TIME", OPT_STRING, &opt.time, NULL,
		"The update's time, in UTC, as 2026-02-28T12:34:56Z; by default now. A firmware "
		"takes a "
		"replacement only if it is newer than the last one." },
	{ 0 },
};

static bool is_list(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && !strcmp(name + len - 4, ".esl");
}

static int add(
	struct ms_context *ctx, const char *ref, struct ms_efi_list *list, struct ms_error *err)
{
	struct ms_cert *cert = NULL;
	int r;

	if (is_list(ref))
		return ms_efi_list_add_file(list, ref, err);
	r = ms_cert_open(ctx, ref, &cert, err);
	if (r == 0)
		r = ms_efi_list_add(list, cert, opt.owner, err);
	ms_cert_free(cert);
	return r;
}

static int parse_time(int64_t *when, struct ms_error *err)
{
	struct tm tm = { 0 };
	const char *end;

	if (!opt.time) {
		*when = time(NULL);
		return 0;
	}
	end = strptime(opt.time, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end)
		return err_set(err, MS_ERR_USAGE,
			"--time: '%s' is no time such as 2026-02-28T12:34:56Z", opt.time);
	*when = timegm(&tm);
	return 0;
}

static int open_signer(
	struct ms_context *ctx, struct ms_key **key, struct ms_cert **cert, struct ms_error *err)
{
	int r = ms_key_open(ctx, opt.sign_key, key, err);

	if (r < 0)
		return r;
	return opt.sign_cert ? ms_cert_open(ctx, opt.sign_cert, cert, err)
			     : ms_key_cert(*key, cert, err);
}

static void print_update(const struct ms_cert *cert)
{
	const char *name = variables[opt.variable].name;

	printf("update that %s %s, signed by \"%s\", written to %s\n",
		opt.replace ? "replaces" : "adds to", name, ms_cert_subject(cert), opt.auth);
	printf("Put it in place in the firmware's setup, or by: efi-updatevar%s -f %s %s\n",
		opt.replace ? "" : " -a", opt.auth, name);
}

static int write_update(
	struct ms_context *ctx, const struct ms_efi_list *list, struct ms_error *err)
{
	struct ms_efi_update update = {
		.variable = (enum ms_efi_variable)opt.variable,
		.replace = opt.replace,
	};
	struct ms_key *key = NULL;
	struct ms_cert *cert = NULL;
	AUTO_FREE unsigned char *auth = NULL;
	size_t len = 0;
	int r = parse_time(&update.time, err);

	if (r == 0)
		r = open_signer(ctx, &key, &cert, err);
	if (r == 0)
		r = ms_efi_update_sign(list, &update, key, cert, &auth, &len, err);
	if (r == 0)
		r = file_replace(opt.auth, auth, len, 0666, err);
	if (r == 0)
		print_update(cert);
	ms_cert_free(cert);
	ms_key_free(key);
	return r;
}

static int write_list(const struct ms_efi_list *list, struct ms_error *err)
{
	int r = file_replace(opt.esl, list->data, list->len, 0666, err);

	if (r == 0)
		printf("list of %zu %s written to %s\n", list->n_entries,
			list->n_entries == 1 ? "entry" : "entries", opt.esl);
	return r;
}

static int usage(const char *text)
{
	fprintf(stderr, "modseal trust db: %s\n", text);
	return EXIT_STATUS_USAGE;
}

static int run(int argc, char **argv)
{
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	struct ms_context *ctx = keyopts_context();
	struct ms_efi_list list = { 0 };
	int r = ctx ? 0 : MS_ERR_NOMEM;

	if (!opt.esl && !opt.auth)
		return usage("where to? Say --esl FILE, --auth FILE or both");
	if (!opt.auth != !opt.sign_key)
		return usage("--auth and --sign-key go together");
	if (opt.sign_cert && !opt.sign_key)
		return usage("--sign-cert goes with --sign-key");
	if (opt.auth && opt.variable == MS_EFI_PK && !opt.replace)
		return usage("there is one PK, which can only be replaced: --replace");
	for (int i = 0; i < argc && r == 0; i++)
		r = add(ctx, argv[i], &list, &err);
	if (r == 0 && opt.esl)
		r = write_list(&list, &err);
	if (r == 0 && opt.auth)
		r = write_update(ctx, &list, &err);
	if (r < 0)
		print_error(&err);
	ms_efi_list_free(&list);
	return exit_status_of(r);
}

const struct command command_trust_db = {
	.name = "trust db",
	.operands = "CERT|FILE.esl...",
	.summary = "Make lists and signed updates for the firmware's own db (dbx, KEK, PK).",
	.options = { table, keyopts_table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
