/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/quote.h"
#include "src/cli/cli.h"
#include "src/cli/keys.h"
#include "src/cli/output.h"

#include <modseal/find.h>
#include <string.h>

static void print_cert(const struct ms_found_key *k)
{
	if (!k->cert)
		printf("  no certificate of this key lies beside it\n");
	else if (!strcmp(k->cert, k->path))
		printf("  its certificate lies in it: %s\n", k->subject);
	else if (k->compared)
		printf("  its certificate: %s (%s)\n", k->cert, k->subject);
	else
		printf("  perhaps its certificate: %s (%s)\n", k->cert, k->subject);
}

static void print_key(const struct ms_found_key *k)
{
	printf("%s (%s%s%s)\n", k->path, k->what, k->type ? ", " : "", k->type ? k->type : "");
	if (k->encrypted)
		printf("  encrypted with a passphrase\n");
	if (k->in_tpm)
		printf("  in the TPM of the machine that it was made on; the file is no copy of it\n");
	if (k->problem) {
		printf("  problem: %s\n", k->problem);
	} else {
		print_cert(k);
		printf("  modseal sign -k ");
		quote_word(stdout, k->path);
		if (k->cert && strcmp(k->cert, k->path) != 0)
			quote_option(stdout, "-c", k->cert);
		printf(" MODULE...\n");
	}
	if ((k->others || k->group) && !k->in_tpm)
		printf("  warning: %s can read this key; chmod 600 it, and take it for known to "
		       "others\n",
			k->others ? "everybody" : "its group");
}

static void json_key(const struct ms_found_key *k)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "key", k->path);
	json_add_text(o, "what", k->what);
	json_add_text(o, "type", k->type);
	json_add_text(o, "cert", k->cert);
	json_add_text(o, "subject", k->subject);
	json_add_bool(o, "compared", k->compared);
	json_add_bool(o, "encrypted", k->encrypted);
	json_add_bool(o, "in_tpm", k->in_tpm);
	json_add_bool(o, "others_can_read", k->others);
	json_add_bool(o, "group_can_read", k->group);
	json_add_text(o, "problem", k->problem);
	json_print(o);
}

int keys_find(const char *root, bool json)
{
	struct ms_found_keys *found = NULL;
	struct ms_error err = { 0 };
	int r = ms_find_keys(root, &found, &err);
	bool any;

	if (r < 0) {
		print_error(&err);
		return exit_status_of(r);
	}
	for (size_t i = 0; i < found->n_keys; i++) {
		if (json)
			json_key(&found->keys[i]);
		else
			print_key(&found->keys[i]);
	}
	any = found->n_keys > 0;
	if (!any)
		fprintf(stderr, "modseal: no key file in the usual places below %s\n",
			root ? root : "/");
	ms_found_keys_free(found);
	return any ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}
