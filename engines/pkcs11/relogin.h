/* SPDX-License-Identifier: Apache-2.0 */
/* A login that was lost in the middle of a run, renewed: once, with the PIN that is held. */
#ifndef MODSEAL_ENGINES_PKCS11_RELOGIN_H
#define MODSEAL_ENGINES_PKCS11_RELOGIN_H

#include "engines/pkcs11/token.h"

/*
 * Logs in again in this session; `info` is fresh, `log_out`: the token still believes that somebody
 * is logged in. No PIN is given when that was done once since p11_login(), when one was refused, or
 * when the token says that a wrong one was entered meanwhile. *err comes with why the login is
 * needed, and leaves with why it cannot be had. Inside p11_run(), one thread at a time.
 */
int p11_relogin(struct p11_token *token, CK_SESSION_HANDLE session, const CK_TOKEN_INFO *info,
	bool log_out, struct ms_error *err);

#endif
