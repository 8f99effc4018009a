/* SPDX-License-Identifier: Apache-2.0 */
/* The security officer of a token: who initialises it, and of PIV cards who may write to them (the
 * SO PIN is then the management key). */
#ifndef MODSEAL_ENGINES_PKCS11_SO_H
#define MODSEAL_ENGINES_PKCS11_SO_H

#include "engines/pkcs11/token.h"

struct p11_officer {
	struct p11_token *token; /* the caller's */
	struct secret *pin;	 /* NULL: entered at the reader's pad */
	const char *origin;
	CK_SESSION_HANDLE session;
};

/* Gets the SO PIN, from where it was kept, from pin_get() or later at the pad. Outside p11_run().
 */
int p11_officer_pin(struct p11_officer *officer, struct ms_error *err);
/* Ends the user's login, closes our idle sessions, opens a read/write one and logs the officer in.
 * Inside p11_run(), as is the end of it. */
int p11_officer_begin(struct p11_officer *officer, struct ms_error *err);
void p11_officer_end(struct p11_officer *officer);
/* Forgets the PIN, which the token keeps until it is freed if it was a right one. */
void p11_officer_release(struct p11_officer *officer);

#endif
