/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/tpmkey.h"

#include "src/cli/output.h"

#include <modseal/tpm.h>
#include <stdio.h>
#include <string.h>

static void field(const char *name, const char *value)
{
	if (value)
		printf("  %-12s %s\n", name, value);
}

static void print_steps(const struct ms_tpm_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("    %-20s %s\n", steps[i].command, steps[i].detail);
}

static const char *auth_words(const struct ms_tpm_key_info *k)
{
	if (k->auth_value == MS_NO)
		return "none";
	return strstr(k->attributes, "userWithAuth") ? "needed at each use" : "as the policy says";
}

static void print_key(const struct ms_tpm_key_info *k)
{
	printf("%s: TPM key, %s", k->path, k->type);
	if (k->bits && !strcmp(k->type, "RSA"))
		printf("-%u", k->bits);
	printf("\n");
	field("unusable", k->unusable);
	field("description", k->description);
	field("name", k->name);
	printf("  %-12s %s%s%s\n", "parent", k->parent, k->parent_name ? ", name " : "",
		k->parent_name ? k->parent_name : "");
	field("persistent", k->handle);
	field("attributes", k->attributes);
	field("auth value", auth_words(k));
	field("policy", k->policy_digest ? k->policy_digest : "none");
	print_steps(k->steps, k->n_steps);
	field("problem", k->policy_problem);
	for (size_t i = 0; i < k->n_approvals; i++) {
		printf("  %-12s %s\n", "approved",
			k->approvals[i].name ? k->approvals[i].name : "");
		print_steps(k->approvals[i].steps, k->approvals[i].n_steps);
	}
	field("certificate", k->certificate);
}

static struct json_object *json_steps(const struct ms_tpm_step *steps, size_t n)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();

		json_add_text(o, "command", steps[i].command);
		json_add_text(o, "detail", steps[i].detail);
		json_object_array_add(array, o);
	}
	return array;
}

static void json_key(struct json_object *o, const struct ms_tpm_key_info *k)
{
	struct json_object *approvals = json_object_new_array();

	json_add_text(o, "key", "tpm2");
	json_add_text(o, "type", k->type);
	json_add_number(o, "bits", k->bits);
	json_add_text(o, "name", k->name);
	json_add_text(o, "parent", k->parent);
	json_add_text(o, "parent_name", k->parent_name);
	json_add_text(o, "handle", k->handle);
	json_add_text(o, "attributes", k->attributes);
	json_add_text(o, "unusable", k->unusable);
	json_add_text(o, "description", k->description);
	json_add_answer(o, "auth_value", k->auth_value);
	json_add_text(o, "policy_digest", k->policy_digest);
	json_object_object_add(o, "policy", json_steps(k->steps, k->n_steps));
	for (size_t i = 0; i < k->n_approvals; i++) {
		struct json_object *a = json_object_new_object();

		json_add_text(a, "name", k->approvals[i].name);
		json_object_object_add(
			a, "policy", json_steps(k->approvals[i].steps, k->approvals[i].n_steps));
		json_object_array_add(approvals, a);
	}
	json_object_object_add(o, "approvals", approvals);
	json_add_text(o, "policy_problem", k->policy_problem);
	json_add_text(o, "certificate", k->certificate);
}

int tpmkey_show(const char *path, struct json_object *json, struct ms_error *err)
{
	struct ms_tpm_key_info *info;
	int r = ms_tpm_key_info_read(path, &info, err);

	if (r < 0)
		return r;
	if (json)
		json_key(json, info);
	else
		print_key(info);
	ms_tpm_key_info_free(info);
	return 0;
}
