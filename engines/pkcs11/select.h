/* SPDX-License-Identifier: Apache-2.0 */
/* Which tokens, and which one object on them, a URI means. */
#ifndef MODSEAL_ENGINES_PKCS11_SELECT_H
#define MODSEAL_ENGINES_PKCS11_SELECT_H

#include "engines/pkcs11/object.h"

#include <openssl/x509.h>

struct p11_candidate {
	struct p11_token *token;
	CK_OBJECT_HANDLE handle;
	char *uri;   /* full */
	bool open;   /* a key that its token gives to anybody (CKA_PRIVATE is false) */
	X509 *cert;  /* of a certificate, else NULL */
};

struct p11_selection {
	struct ms_context *ctx;
	const struct p11_uri *uri;
	CK_OBJECT_CLASS class;     /* CKO_PRIVATE_KEY or CKO_CERTIFICATE */
	bool any;                  /* the URI's id and object are passed over */
	struct p11_modules modules;
	struct p11_token **tokens; /* that match the URI */
	size_t n_tokens;
	struct p11_candidate *found; /* objects that match it; the same one seen twice is one */
	size_t n_found;
	struct ms_error trouble;   /* the first module or token that could not be asked; or code 0 */
};

/*
 * Finds the one object that the URI means, logging in where that is needed and the URI leaves no
 * doubt about the token. None or several: MS_ERR_KEY or MS_ERR_CERT, which lists what there is and
 * what could not be asked; MS_ERR_TOKEN or MS_ERR_TIMEOUT when there is nothing to list.
 */
int p11_select(struct p11_selection *s, struct ms_error *err);
/* The one token that the URI means, whatever lies in it (the same one behind two modules is one).
 * None or several: as above, with the tokens listed. */
int p11_select_token(struct p11_selection *s, struct p11_token **token, struct ms_error *err);
/* Adds what matches on this token to `found`. */
int p11_select_on(struct p11_selection *s, struct p11_token *token, struct ms_error *err);
void p11_selection_free(struct p11_selection *s);

#endif
