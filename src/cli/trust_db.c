/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/trust.h"

#include <modseal/certview.h>
#include <modseal/efi.h>
#include <string.h>
#include <time.h>

#define AUTH_MAX (16u << 20) /* bytes; real ones stay below 1 MiB */

static struct {
	const char *esl, *auth, *owner, *sign_key, *sign_cert, *time;
	int variable;
	bool replace, apply;
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
	{ "apply", 0, NULL, OPT_FLAG, &opt.apply, NULL,
		"Hand the signed update to this machine's firmware at once. Instead of "
		"certificates there "
		"may be one FILE.auth, which was signed elsewhere." },
	{ "variable", 0, "NAME", OPT_CHOICE, &opt.variable, variables,
		"The variable to update: db (default), dbx (what is refused), KEK or PK." },
	{ "replace", 0, NULL, OPT_FLAG, &opt.replace, NULL,
		"Make an update that puts the list in the place of all that the variable holds, "
		"instead of adding to it." },
	{ "sign-key", 0, "URI", OPT_STRING, &opt.sign_key, NULL,
		"The key that signs the update: one of KEK for db and dbx, that of PK for KEK and "
		"PK." },
	{ "sign-cert", 0, "CERT", OPT_STRING, &opt.sign_cert, NULL,
		"Its certificate, as the firmware has it; by default the one that lies beside the "
		"key." },
	{ "owner", 0, "GUID", OPT_STRING, &opt.owner, NULL,
		"Who answers for the certificates, by which they can be found and removed later; "
		"by default all zeros." },
	{ "time", 0, "TIME", OPT_STRING, &opt.time, NULL,
		"The update's time, in UTC, as 2026-02-28T12:34:56Z; by default now. A firmware "
		"takes a replacement only if it is newer than the last one." },
	{ 0 },
};

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && !strcmp(name + len - n, end);
}

static void warn_key(const char *whose, const char *type)
{
	if (strncmp(type, "RSA", 3) != 0)
		fprintf(stderr, "modseal: warning: %s has a %s key: many firmwares know RSA only\n",
			whose, type);
}

static int add(
	struct ms_context *ctx, const char *ref, struct ms_efi_list *list, struct ms_error *err)
{
	struct ms_cert_view *view = NULL;
	struct ms_cert *cert = NULL;
	int r;

	if (ends_in(ref, ".esl"))
		return ms_efi_list_add_file(list, ref, err);
	r = ms_cert_open(ctx, ref, &cert, err);
	if (r == 0)
		r = ms_cert_view_new(cert, &view, err);
	if (r == 0) {
		warn_key(ref, view->key_type);
		r = ms_efi_list_add(list, cert, opt.owner, err);
	}
	ms_cert_view_free(view);
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

static const char *variable(void)
{
	return variables[opt.variable].name;
}

static int write_auth(
	const unsigned char *auth, size_t len, const struct ms_cert *cert, struct ms_error *err)
{
	int r = file_replace(opt.auth, auth, len, 0666, err);

	if (r < 0)
		return r;
	printf("update that %s %s, signed by \"%s\", written to %s\n",
		opt.replace ? "replaces" : "adds to", variable(), ms_cert_subject(cert), opt.auth);
	if (!opt.apply)
		printf("Put it in place in the firmware's setup, or on that machine by: "
		       "modseal trust db --apply%s --variable %s %s\n",
			opt.replace ? " --replace" : "", variable(), opt.auth);
	return 0;
}

static int apply(const struct ms_efi_update *update, const unsigned char *auth, size_t len,
	struct ms_error *err)
{
	int r = ms_efi_update_apply(update, auth, len, err);

	if (r == 0)
		printf("%s is %s\n", variable(), opt.replace ? "replaced" : "added to");
	return r;
}

/* What was signed elsewhere. */
static int apply_file(const char *path, struct ms_error *err)
{
	const struct ms_efi_update update = {
		.variable = (enum ms_efi_variable)opt.variable,
		.replace = opt.replace,
	};
	AUTO_BUF struct buf file = { 0 };
	int r = file_read(path, AUTH_MAX, &file, err);

	return r < 0 ? r : apply(&update, file.data, file.len, err);
}

static int sign_update(struct ms_context *ctx, const struct ms_efi_list *list, struct ms_error *err)
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
		warn_key("who signs", ms_key_type(key));
	if (r == 0)
		r = ms_efi_update_sign(list, &update, key, cert, &auth, &len, err);
	if (r == 0 && opt.auth)
		r = write_auth(auth, len, cert, err);
	if (r == 0 && opt.apply)
		r = apply(&update, auth, len, err);
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

/* NULL: all fits together. */
static const char *misuse(int argc, char **argv)
{
	bool update = opt.auth || opt.apply;

	for (int i = 0; i < argc; i++)
		if (ends_in(argv[i], ".auth") &&
			(argc > 1 || !opt.apply || opt.auth || opt.esl || opt.sign_key))
			return "a FILE.auth goes alone, with --apply";
	if (update && opt.variable == MS_EFI_PK && !opt.replace)
		return "there is one PK, which can only be replaced: --replace";
	if (ends_in(argv[0], ".auth"))
		return NULL;
	if (!opt.esl && !update)
		return "where to? Say --esl FILE, --auth FILE or --apply";
	if (update != (opt.sign_key != NULL))
		return "an update (--auth, --apply) and --sign-key go together";
	return opt.sign_cert && !opt.sign_key ? "--sign-cert goes with --sign-key" : NULL;
}

static int make(int argc, char **argv, struct ms_efi_list *list, struct ms_error *err)
{
	struct ms_context *ctx = keyopts_context();
	int r = ctx ? 0 : err_nomem(err);

	for (int i = 0; i < argc && r == 0; i++)
		r = add(ctx, argv[i], list, err);
	if (r == 0 && opt.esl)
		r = write_list(list, err);
	return r == 0 && opt.sign_key ? sign_update(ctx, list, err) : r;
}

static int run(int argc, char **argv)
{
	const char *wrong = misuse(argc, argv);
	struct ms_efi_list list = { 0 };
	struct ms_error err = { 0 };
	int r;

	if (wrong)
		return usage(wrong);
	r = ends_in(argv[0], ".auth") ? apply_file(argv[0], &err) : make(argc, argv, &list, &err);
	if (r < 0)
		print_error(&err);
	ms_efi_list_free(&list);
	return exit_status_of(r);
}

const struct command command_trust_db = {
	.name = "trust db",
	.operands = "CERT|FILE.esl...|FILE.auth",
	.summary = "Make lists and signed updates for the firmware's db, dbx, KEK, PK.",
	.options = { table, keyopts_table },
	.min_operands = 1,
	.max_operands = -1,
	.run = run,
};
