/* SPDX-License-Identifier: Apache-2.0 */
/* The table of engines, and the public functions that pick one. */
#include "engines/engine.h"

#include "src/base/error.h"
#include "src/crypto/cert.h"

#include <stdlib.h>

const struct engine *const engines[] = {
	&engine_pkcs11,
	&engine_tpm2,
	&engine_file, /* takes all that is left: a path may look like anything */
	NULL,
};

const struct engine *engine_for(const char *ref)
{
	size_t i = 0;

	while (engines[i + 1] && !engines[i]->claims(ref))
		i++;
	return engines[i];
}

MS_API int ms_key_open(struct ms_context *ctx, const char *ref, struct ms_key **key,
	struct ms_error *err)
{
	*key = NULL;
	return engine_for(ref)->open_key(ctx, ref, key, err);
}

MS_API int ms_cert_open(struct ms_context *ctx, const char *ref, struct ms_cert **cert,
	struct ms_error *err)
{
	X509 *x509 = NULL;
	int r;

	*cert = NULL;
	r = engine_for(ref)->open_cert(ctx, ref, &x509, err);
	if (r < 0)
		return r;
	*cert = cert_wrap(x509);
	return *cert ? 0 : err_nomem(err);
}

/* Room for one more element at the end of an array of n; NULL when memory is out. */
static void *grow(void *array, size_t n, size_t size)
{
	return reallocarray(array, n + 1, size);
}

struct ms_token *token_list_add(struct ms_token_list *list)
{
	struct ms_token *tokens = grow(list->tokens, list->n_tokens, sizeof(*tokens));

	if (!tokens)
		return NULL;
	list->tokens = tokens;
	tokens[list->n_tokens] = (struct ms_token){ 0 };
	return &tokens[list->n_tokens++];
}

struct ms_object *token_add_object(struct ms_token *token)
{
	struct ms_object *objects = grow(token->objects, token->n_objects, sizeof(*objects));

	if (!objects)
		return NULL;
	token->objects = objects;
	objects[token->n_objects] = (struct ms_object){ 0 };
	return &objects[token->n_objects++];
}
