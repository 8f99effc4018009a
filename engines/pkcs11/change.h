/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that change what is on a token: made in a read/write session, by the user, or by the
 * security officer where the token wants that (PIV cards: their management key). */
#ifndef MODSEAL_ENGINES_PKCS11_CHANGE_H
#define MODSEAL_ENGINES_PKCS11_CHANGE_H

#include "engines/pkcs11/token.h"

struct p11_change {
	struct p11_token *token;
	/* Makes the call and returns its answer; inside p11_run(). It may be run twice. */
	CK_RV (*make)(struct p11_change *change, CK_SESSION_HANDLE session);
	const char *call; /* make() leaves there what it called, for messages */
	CK_RV rv;	  /* what make() answered last */
	bool officer;	  /* it was done as the security officer: handles from before are void */
};

/*
 * Makes the change. The user must be logged in (p11_login()) and is so again afterwards; `uri` is
 * what named the token. Outside p11_run(): it may ask for the SO PIN.
 */
int p11_change(struct p11_change *change, const struct p11_uri *uri, struct ms_error *err);

/* Before the first session is opened: all of them will be able to write, so that a token that has
 * but one session will do. */
void p11_change_intended(struct p11_token *token);

#endif
