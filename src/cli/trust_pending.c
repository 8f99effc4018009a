/* SPDX-License-Identifier: Apache-2.0 */
/* What MokManager is asked for, shown and taken back. */
#include "src/cli/trust_pending.h"

#include "src/cli/cli.h"
#include "src/cli/output.h"

#include <modseal/certview.h>
#include <modseal/mok.h>

const char *mok_action_name(enum ms_mok_action action)
{
	static const char *const names[MS_MOK_ACTIONS] = {
		[MS_MOK_ENROL] = "enrol",
		[MS_MOK_DELETE] = "delete",
		[MS_MOK_REVOKE] = "revoke",
		[MS_MOK_UNREVOKE] = "unrevoke",
	};

	return names[action];
}

void mok_fingerprint(const struct ms_cert *cert, char text[MOK_FINGERPRINT_SIZE])
{
	unsigned char digest[MS_HASH_MAX_SIZE];

	if (ms_cert_fingerprint(cert, MS_HASH_SHA1, digest, NULL) < 0) {
		snprintf(text, MOK_FINGERPRINT_SIZE, "?");
		return;
	}
	for (size_t i = 0; i < ms_hash_size(MS_HASH_SHA1); i++)
		text += sprintf(text, "%s%02x", i ? " " : "", digest[i]);
}

static int print_item(const struct ms_mok_item *item, bool json, struct ms_error *err)
{
	struct ms_cert_view *view = NULL;
	struct json_object *o;
	int r = item->cert ? ms_cert_view_new(item->cert, &view, err) : 0;
	const char *key_id = view ? view->key_id : NULL;
	char fingerprint[MOK_FINGERPRINT_SIZE];

	if (r < 0)
		return r;
	if (item->cert)
		mok_fingerprint(item->cert, fingerprint);
	if (json) {
		o = json_object_new_object();
		json_add_text(o, "action", mok_action_name(item->action));
		json_add_text(o, "subject", view ? view->subject : NULL);
		json_add_text(o, "key_id", key_id);
		json_add_text(o, "fingerprint", item->cert ? fingerprint : NULL);
		json_add_text(o, "text", item->text);
		json_print(o);
	} else {
		printf("to %s: %s%s%s\n", mok_action_name(item->action), item->text,
			item->cert ? ", fingerprint " : "", item->cert ? fingerprint : "");
	}
	ms_cert_view_free(view);
	return 0;
}

static void print_reset(bool json, const char *action, const char *text)
{
	struct json_object *o;

	if (!json) {
		printf("%s\n", text);
		return;
	}
	o = json_object_new_object();
	json_add_text(o, "action", action);
	json_print(o);
}

int trust_pending(const char *root, bool json)
{
	struct ms_mok_pending pending;
	struct ms_error err = { 0 };
	int r = ms_mok_pending_read(root, &pending, &err);

	for (size_t i = 0; i < pending.n_items && r == 0; i++)
		r = print_item(&pending.items[i], json, &err);
	if (r == 0 && pending.reset)
		print_reset(json, "reset", "to delete: all machine owner keys (mokutil --reset)");
	if (r == 0 && pending.reset_revoked)
		print_reset(json, "reset revoked",
			"to unrevoke: all of MokListX (mokutil --reset --mokx)");
	if (r == 0 && !pending.n_items && !pending.reset && !pending.reset_revoked && !json)
		printf("nothing is asked for\n");
	ms_mok_pending_free(&pending);
	if (r < 0)
		print_error(&err);
	return exit_status_of(r);
}

int trust_revoke_pending(const char *root)
{
	struct ms_error err = { 0 };
	bool any;
	int r = ms_mok_revoke(root, &any, &err);

	if (r < 0)
		print_error(&err);
	else
		printf(any ? "what was asked for is taken back\n" : "nothing is asked for\n");
	return exit_status_of(r);
}
