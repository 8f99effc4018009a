/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/keys.h"
#include "src/cli/output.h"

#include <modseal/evidence.h>
#include <string.h>

static const char *answer_name(enum ms_answer answer)
{
	return answer == MS_YES ? "yes" : answer == MS_NO ? "no" : "not told";
}

/* What is told without being asked for: a token of software says the rest as a device would. */
static bool is_doubtful(const struct ms_evidence *e)
{
	for (size_t i = 0; i < e->n_items; i++)
		if (!e->items[i].wanted && e->items[i].answer == MS_NO)
			return true;
	return false;
}

/* What is known of it, behind commas. */
static void say(const char *before, const char *text)
{
	if (text && *text)
		printf("%s%s", before, text);
}

static void print_attestation(const struct ms_attestation *a)
{
	if (!a->shown)
		return;
	printf("  attestation            %-9s", answer_name(a->trusted));
	if (a->trusted == MS_YES)
		printf(" the device has signed that it made the key; it leads to the root");
	else if (a->trusted == MS_NO)
		printf(" %s", a->problem);
	else
		printf(" there is one, not checked: --attestation-root names no root");
	printf("\n    YubiKey");
	say(" firmware ", a->firmware);
	say(", serial ", a->serial);
	say(", ", a->form_factor);
	say(", PIN ", a->pin_policy);
	say(", touch ", a->touch_policy);
	printf("\n");
}

static void print_evidence(const struct ms_key *key, const struct ms_evidence *e)
{
	printf("%s (%s)\n", ms_key_uri(key), ms_key_type(key));
	for (size_t i = 0; i < e->n_items; i++) {
		const struct ms_evidence_item *item = &e->items[i];
		bool bad = item->wanted && item->answer != item->wanted;

		printf("  %-22s %-9s %s%s\n", item->name, answer_name(item->answer), item->meaning,
			bad ? item->wanted == MS_YES ? "; it should be so" : "; it should not be so"
			    : "");
	}
	if (e->identity[0])
		printf("  %s\n", e->identity);
	print_attestation(&e->attestation);
	if (e->bound)
		printf("bound: it was made in its place and cannot be read out of it\n");
	else
		printf("NOT known to be bound to hardware: %s\n", e->missing);
	if (e->bound && is_doubtful(e))
		printf("note: this is what the token says, and its module does not claim to be a "
		       "device; a "
		       "token of software (SoftHSM2) says the same\n");
}

static struct json_object *json_attestation(const struct ms_attestation *a)
{
	struct json_object *o;

	if (!a->shown)
		return NULL;
	o = json_object_new_object();
	json_add_answer(o, "trusted", a->trusted);
	json_add_text(o, "problem", a->problem[0] ? a->problem : NULL);
	json_add_text(o, "firmware", a->firmware[0] ? a->firmware : NULL);
	json_add_text(o, "serial", a->serial[0] ? a->serial : NULL);
	json_add_text(o, "form_factor", a->form_factor);
	json_add_text(o, "pin_policy", a->pin_policy);
	json_add_text(o, "touch_policy", a->touch_policy);
	return o;
}

static void json_evidence(const struct ms_key *key, const struct ms_evidence *e)
{
	struct json_object *o = json_object_new_object(), *items = json_object_new_object();

	json_add_text(o, "key", ms_key_uri(key));
	json_add_text(o, "type", ms_key_type(key));
	json_add_bool(o, "bound", e->bound);
	json_add_text(o, "identity", e->identity[0] ? e->identity : NULL);
	json_add_text(o, "missing", e->bound ? NULL : e->missing);
	for (size_t i = 0; i < e->n_items; i++)
		json_add_answer(items, e->items[i].name, e->items[i].answer);
	json_object_object_add(o, "evidence", items);
	json_object_object_add(o, "attestation", json_attestation(&e->attestation));
	json_print(o);
}

int keys_check(const char *ref, const char *root, bool json)
{
	struct ms_context *ctx = keyopts_context();
	struct ms_error err = { .code = MS_ERR_NOMEM, .message = "out of memory" };
	struct ms_evidence evidence = { 0 };
	struct ms_key *key = NULL;
	int r = ctx ? ms_key_open(ctx, ref, &key, &err) : MS_ERR_NOMEM;

	if (r == 0)
		r = ms_key_evidence(key, root, &evidence, &err);
	if (r < 0)
		print_error(&err);
	else if (json)
		json_evidence(key, &evidence);
	else
		print_evidence(key, &evidence);
	ms_key_free(key);
	if (r < 0)
		return exit_status_of(r);
	return evidence.bound ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}
