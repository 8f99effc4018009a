/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going on when a token loses sessions, login or itself in the middle of a run. Nothing waits for a
 * token that is not there: what counts is whether it is there (again) at the moment of looking. One
 * thread looks and mends, and the others that sign with the token wait for it. Inside p11_run().
 */
#ifndef MODSEAL_ENGINES_PKCS11_RECOVER_H
#define MODSEAL_ENGINES_PKCS11_RECOVER_H

#include "engines/pkcs11/key.h"

/* What a thread found when it began a signature. */
struct p11_seen {
	CK_OBJECT_HANDLE handle;
	bool stale;        /* the handle is of an earlier login: p11_recover() finds the new one */
	unsigned epoch;    /* of the handle */
	unsigned failures; /* of the token to recover */
};

/* The key's handle, good as long as a session is held that was got before. */
struct p11_seen p11_look(const struct p11_key *key);

/* Whether a call that failed so may have met a loss: then p11_recover() looks. */
bool p11_may_be_lost(CK_RV rv);

/*
 * After `rv` and *err in what began with `seen`, all sessions given back. Sessions are opened anew,
 * the login is renewed (relogin.h) and the key found again, by its CKA_ID, CKA_LABEL and public
 * half. 0: try again, this or another thread has mended it. Negative: *err says why not, and is as
 * it came if nothing was lost.
 */
int p11_recover(const struct ms_key *key, struct p11_seen seen, CK_RV rv, struct ms_error *err);

#endif
