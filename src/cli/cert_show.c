/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/cert_show.h"

#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/output.h"

#include <modseal/certview.h>

static const char *accept_name(enum ms_accept accept)
{
	static const char *const names[] = {
		[MS_ACCEPT_NO] = "no",
		[MS_ACCEPT_YES] = "yes",
		[MS_ACCEPT_IF] = "perhaps",
	};

	return names[accept];
}

static void print_usage(const struct ms_cert_view *v)
{
	printf("  extensions: %s%s%s%s%s\n", v->ca ? "CA:TRUE" : "no CA",
		v->digital_signature ? ", digitalSignature" : "",
		v->key_cert_sign ? ", keyCertSign" : "", v->code_signing ? ", codeSigning" : "",
		v->module_signing ? ", module signing" : "");
}

static void print_view(const struct ms_cert_view *v)
{
	printf("%s\n", v->subject);
	if (v->self_signed)
		printf("  self-signed, with %s\n", v->signed_with);
	else
		printf("  issued by %s, with %s\n", v->issuer, v->signed_with);
	printf("  serial %s\n  key id %s\n", v->serial, v->key_id ? v->key_id : "(none)");
	printf("  valid from %s to %s%s\n", v->not_before ? v->not_before : "?",
		v->not_after ? v->not_after : "?",
		v->expired ? ": expired, which kernels do not mind" : "");
	printf("  key %s: %s\n", v->key_type,
		v->problem[0]	      ? ""
			: v->needs[0] ? v->needs
				      : "every kernel with module signatures checks it");
	print_usage(v);
	if (v->problem[0])
		printf("  NO KERNEL TAKES IT: %s\n", v->problem);
	printf("  would it be taken?\n");
	for (size_t i = 0; i < v->n_places; i++) {
		const struct ms_cert_place *p = &v->places[i];

		if (p->under)
			printf("    %-24s %-8s under %s: %s\n", p->name, accept_name(p->accept),
				p->under, p->why);
		else
			printf("    %-24s %-8s %s\n", p->name, accept_name(p->accept), p->why);
	}
}

static struct json_object *json_places(const struct ms_cert_view *v)
{
	struct json_object *places = json_object_new_array();

	for (size_t i = 0; i < v->n_places; i++) {
		struct json_object *o = json_object_new_object();

		json_add_text(o, "place", v->places[i].name);
		json_add_text(o, "under", v->places[i].under);
		json_add_text(o, "taken", accept_name(v->places[i].accept));
		json_add_text(o, "why", v->places[i].why);
		json_object_array_add(places, o);
	}
	return places;
}

static void json_view(const struct ms_cert_view *v)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "subject", v->subject);
	json_add_text(o, "issuer", v->issuer);
	json_add_text(o, "serial", v->serial);
	json_add_text(o, "key_id", v->key_id);
	json_add_text(o, "not_before", v->not_before);
	json_add_text(o, "not_after", v->not_after);
	json_add_bool(o, "expired", v->expired);
	json_add_bool(o, "self_signed", v->self_signed);
	json_add_text(o, "signed_with", v->signed_with);
	json_add_text(o, "key_type", v->key_type);
	json_add_bool(o, "ca", v->ca);
	json_add_bool(o, "key_cert_sign", v->key_cert_sign);
	json_add_bool(o, "digital_signature", v->digital_signature);
	json_add_bool(o, "code_signing", v->code_signing);
	json_add_bool(o, "module_signing", v->module_signing);
	json_add_text(o, "needs", v->needs[0] ? v->needs : NULL);
	json_add_text(o, "problem", v->problem[0] ? v->problem : NULL);
	json_object_object_add(o, "places", json_places(v));
	json_print(o);
}

static int show(struct ms_context *ctx, const char *ref, bool json, bool *problem)
{
	struct ms_error err = { 0 };
	struct ms_cert *cert = NULL;
	struct ms_cert_view *view = NULL;
	int r = ms_cert_open(ctx, ref, &cert, &err);

	if (r == 0)
		r = ms_cert_view_new(cert, &view, &err);
	if (r < 0) {
		print_error(&err);
	} else {
		*problem |= view->problem[0] != '\0';
		if (json)
			json_view(view);
		else
			print_view(view);
	}
	ms_cert_view_free(view);
	ms_cert_free(cert);
	return r;
}

int cert_show(int n, char **refs, bool json)
{
	struct ms_context *ctx = keyopts_context();
	bool problem = false;
	int r = ctx ? 0 : MS_ERR_NOMEM;

	for (int i = 0; i < n && r == 0; i++)
		r = show(ctx, refs[i], json, &problem);
	if (r < 0)
		return exit_status_of(r);
	return problem ? EXIT_STATUS_NO : EXIT_STATUS_OK;
}
