/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/keys.h"
#include "src/cli/output.h"

#include <modseal/list.h>
#include <string.h>

static struct {
	bool login, tpm, json, check, find;
	const char *root, *attestation_root;
} opt;

static const struct option_def table[] = {
	{ "login", 0, NULL, OPT_FLAG, &opt.login, NULL,
		"Log into each token that has something to hide, so that private keys are seen where "
		"a token shows them only then." },
	{ "tpm", 0, NULL, OPT_FLAG, &opt.tpm, NULL, "List persistent keys of the TPM only." },
	{ "check", 0, NULL, OPT_FLAG, &opt.check, NULL,
		"Tell what speaks for the one key that URI names being bound to its token: made there, and "
		"never to be read out of it. Exit status 1 if it is not known to be." },
	{ "attestation-root", 0, "FILE", OPT_STRING, &opt.attestation_root, NULL,
		"With --check: want a YubiKey's attestation of the key, and that it leads to this root "
		"certificate (Yubico's). FILE holds the root and what stands between it and the device "
		"(PEM)." },
	{ "find", 0, NULL, OPT_FLAG, &opt.find, NULL,
		"List the key files that kernel builds, distributions and boot managers leave on a machine, "
		"each with its certificate, and tell which of them others can read." },
	{ "root", 0, "DIR", OPT_STRING, &opt.root, NULL,
		"With --find: look below DIR, where another system is mounted." },
	{ "json", 0, NULL, OPT_FLAG, &opt.json, NULL,
		"Print one JSON object a line, a token (with --check, --find: a key) each." },
	{ 0 },
};

static const char *kind_name(enum ms_object_kind kind)
{
	static const char *const names[] = {
		[MS_OBJECT_PRIVATE_KEY] = "private key",
		[MS_OBJECT_PUBLIC_KEY] = "public key",
		[MS_OBJECT_CERTIFICATE] = "certificate",
	};

	return names[kind];
}

static void answer(const char *yes, const char *no, enum ms_answer a, const char **comma)
{
	const char *text = a == MS_YES ? yes : a == MS_NO ? no : NULL;

	if (!text)
		return;
	printf("%s%s", *comma, text);
	*comma = ", ";
}

static void print_object(const struct ms_object *o)
{
	const char *comma = "    ";

	printf("  %s %s%s%s%s%s", kind_name(o->kind), o->label ? o->label : "(no label)",
		o->slot ? ", slot " : "", o->slot ? o->slot : "", o->type ? ", " : "",
		o->type ? o->type : "");
	if (o->type && o->bits && !strcmp(o->type, "RSA")) /* a curve's name has its size */
		printf("-%u", o->bits);
	printf("\n    %s\n", o->uri);
	if (o->kind == MS_OBJECT_PRIVATE_KEY) {
		answer("sensitive", "NOT sensitive", o->sensitive, &comma);
		answer("never extractable",
			o->extractable == MS_YES ? "EXTRACTABLE" : "was extractable once",
			o->never_extractable, &comma);
		answer("made on the token", "imported", o->local, &comma);
		answer(NULL, "cannot sign", o->sign, &comma);
		answer("PIN at each signature", NULL, o->always_authenticate, &comma);
		if (comma[0] == ',')
			printf("\n");
	}
	if (o->attributes)
		printf("    attributes %s\n", o->attributes);
	if (o->policy)
		printf("    policy %s\n", o->policy);
	if (o->subject)
		printf("    subject %s, until %s\n", o->subject, o->not_after ? o->not_after : "?");
}

static void print_token(const struct ms_token *t)
{
	if (!t->uri) {
		printf("module %s\n", t->module);
	} else if (!t->initialised) {
		printf("a token that is not initialised yet (%s)\n", t->module);
	} else {
		printf("token %s (%s%s%s%s%s)\n  %s\n", t->label, t->manufacturer,
			t->model ? ", " : "", t->model ? t->model : "",
			t->serial ? ", serial " : "", t->serial ? t->serial : "", t->uri);
	}
	if (t->pin_locked)
		printf("  its PIN is locked\n");
	else if (t->pin_final_try)
		printf("  one more wrong PIN locks it\n");
	else if (t->pin_count_low)
		printf("  a wrong PIN was entered before\n");
	if (t->pin_pad)
		printf("  the PIN is entered on its reader\n");
	for (size_t i = 0; i < t->n_objects; i++)
		print_object(&t->objects[i]);
	if (t->problem)
		printf("  problem: %s\n", t->problem);
	if (t->uri && t->initialised && t->login_required && !t->logged_in)
		printf("  what else it holds is seen with its PIN (--login)\n");
}

static struct json_object *json_object_of(const struct ms_object *o)
{
	struct json_object *j = json_object_new_object();

	json_add_text(j, "kind", kind_name(o->kind));
	json_add_text(j, "uri", o->uri);
	json_add_text(j, "label", o->label);
	json_add_text(j, "id", o->id);
	json_add_text(j, "slot", o->slot);
	json_add_text(j, "type", o->type);
	json_add_number(j, "bits", o->bits);
	if (o->kind == MS_OBJECT_PRIVATE_KEY) {
		json_add_answer(j, "sensitive", o->sensitive);
		json_add_answer(j, "always_sensitive", o->always_sensitive);
		json_add_answer(j, "extractable", o->extractable);
		json_add_answer(j, "never_extractable", o->never_extractable);
		json_add_answer(j, "local", o->local);
		json_add_answer(j, "sign", o->sign);
		json_add_answer(j, "always_authenticate", o->always_authenticate);
		json_add_text(j, "attributes", o->attributes);
		json_add_text(j, "policy", o->policy);
	}
	if (o->kind == MS_OBJECT_CERTIFICATE) {
		json_add_text(j, "subject", o->subject);
		json_add_text(j, "issuer", o->issuer);
		json_add_text(j, "serial", o->serial);
		json_add_text(j, "not_after", o->not_after);
	}
	return j;
}

static void json_token(const struct ms_token *t)
{
	struct json_object *j = json_object_new_object(), *objects = json_object_new_array();

	json_add_text(j, "token", t->label);
	json_add_text(j, "uri", t->uri);
	json_add_text(j, "manufacturer", t->manufacturer);
	json_add_text(j, "model", t->model);
	json_add_text(j, "serial", t->serial);
	json_add_text(j, "module", t->module);
	json_add_bool(j, "initialised", t->initialised);
	json_add_bool(j, "login_required", t->login_required);
	json_add_bool(j, "logged_in", t->logged_in);
	json_add_bool(j, "pin_pad", t->pin_pad);
	json_add_bool(j, "pin_count_low", t->pin_count_low);
	json_add_bool(j, "pin_final_try", t->pin_final_try);
	json_add_bool(j, "pin_locked", t->pin_locked);
	json_add_text(j, "problem", t->problem);
	for (size_t i = 0; i < t->n_objects; i++)
		json_object_array_add(objects, json_object_of(&t->objects[i]));
	json_object_object_add(j, "objects", objects);
	json_print(j);
}

static int list_all(int argc, char **argv)
{
	struct ms_token_list *list = NULL;
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	struct ms_context *ctx = keyopts_context();
	const char *filter = argc ? argv[0] : opt.tpm ? "handle:" : NULL;
	bool problem = false;
	size_t found = 0;
	int r;

	if (argc && opt.tpm) {
		fprintf(stderr, "modseal keys: --tpm goes without a URI\n");
		return EXIT_STATUS_USAGE;
	}
	r = ctx ? ms_token_list_read(ctx, filter, opt.login, &list, &err) : MS_ERR_NOMEM;
	if (r < 0) {
		print_error(&err);
		return exit_status_of(r);
	}
	for (size_t i = 0; i < list->n_tokens; i++) {
		/* Who asked for one token does not mind a module that is not its. */
		problem |= list->tokens[i].problem && (list->tokens[i].uri || !argc);
		found += list->tokens[i].uri != NULL;
		if (opt.json)
			json_token(&list->tokens[i]);
		else
			print_token(&list->tokens[i]);
	}
	if (!found && !opt.tpm) /* a TPM has told its problem */
		fprintf(stderr, "modseal: no token%s\n  Plug it in; name its PKCS#11 module with "
				"--module, or see 'p11-kit list-modules'.\n",
			argc ? " matches" : " found");
	ms_token_list_free(list);
	return found && !problem ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}

static int usage(const char *text)
{
	fprintf(stderr, "modseal keys: %s\n", text);
	return EXIT_STATUS_USAGE;
}

static int run(int argc, char **argv)
{
	if (opt.check + opt.find + opt.tpm > 1)
		return usage("--check, --find and --tpm exclude each other");
	if (opt.root && !opt.find)
		return usage("--root goes with --find");
	if (opt.attestation_root && !opt.check)
		return usage("--attestation-root goes with --check");
	if (opt.find && argc)
		return usage("--find goes without a URI");
	if (opt.check && !argc)
		return usage("--check wants the key's URI");
	if (opt.find)
		return keys_find(opt.root, opt.json);
	return opt.check ? keys_check(argv[0], opt.attestation_root, opt.json) : list_all(argc, argv);
}

const struct command command_keys = {
	.name = "keys",
	.operands = "[URI]",
	.summary = "List tokens, keys and certificates as URIs to paste behind -k, -c.",
	.options = { table, keyopts_table },
	.min_operands = 0,
	.max_operands = 1,
	.run = run,
};
