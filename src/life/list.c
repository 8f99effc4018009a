/* SPDX-License-Identifier: Apache-2.0 */
/* What tokens there are and what lies in them, over all engines. */
#include "engines/engine.h"
#include "src/base/error.h"

#include <stdlib.h>

static void object_clear(struct ms_object *o)
{
	free(o->uri);
	free(o->label);
	free(o->id);
	free(o->slot);
	free(o->type);
	free(o->attributes);
	free(o->policy);
	free(o->subject);
	free(o->issuer);
	free(o->serial);
	free(o->not_after);
}

static void token_clear(struct ms_token *t)
{
	free(t->uri);
	free(t->label);
	free(t->manufacturer);
	free(t->model);
	free(t->serial);
	free(t->module);
	free(t->problem);
	for (size_t i = 0; i < t->n_objects; i++)
		object_clear(&t->objects[i]);
	free(t->objects);
}

MS_API void ms_token_list_free(struct ms_token_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->n_tokens; i++)
		token_clear(&list->tokens[i]);
	free(list->tokens);
	free(list);
}

/* A filter is one engine's, and that of a file would list nothing. */
static int check_filter(const char *filter, struct ms_error *err)
{
	if (!filter || engine_for(filter)->list)
		return 0;
	err_set(err, MS_ERR_URI, "%s names no token", filter);
	err_hint(err, "Give a URI that starts with \"pkcs11:\" or \"handle:\", or none to list all tokens.");
	return MS_ERR_URI;
}

MS_API int ms_token_list_read(struct ms_context *ctx, const char *filter, bool login,
	struct ms_token_list **list, struct ms_error *err)
{
	struct ms_token_list *l;
	int r = check_filter(filter, err);

	*list = NULL;
	if (r < 0)
		return r;
	l = calloc(1, sizeof(*l));
	if (!l)
		return err_nomem(err);
	for (size_t i = 0; engines[i] && r == 0; i++) {
		const struct engine *e = engines[i];

		if (e->list && (!filter || e->claims(filter)))
			r = e->list(ctx, filter, login, l, err);
	}
	if (r < 0) {
		ms_token_list_free(l);
		return r;
	}
	*list = l;
	return 0;
}
