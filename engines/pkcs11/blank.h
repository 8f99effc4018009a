/* SPDX-License-Identifier: Apache-2.0 */
/* Which token is to be initialised. */
#ifndef MODSEAL_ENGINES_PKCS11_BLANK_H
#define MODSEAL_ENGINES_PKCS11_BLANK_H

#include "engines/pkcs11/token.h"

#include <modseal/life.h>

/*
 * The one token for request->label: one that is not initialised yet, in a slot that the URI (NULL:
 * any) means, its token= passed over; or with request->erase the one that the URI names. Refuses a
 * label that another token has. MS_ERR_TOKEN lists what there is.
 */
int p11_blank_find(struct ms_context *ctx, struct p11_uri *uri, const struct ms_token_init *request,
	struct p11_token **token, struct ms_error *err);

/* The token's full URI, with the object and id of `like` (NULL: none); free() it, NULL: no memory.
 */
char *p11_blank_uri(const struct p11_token *token, const struct p11_uri *like);

#endif
