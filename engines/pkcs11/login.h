/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in. A PIN that was refused is not given to that token again in this context, neither by
 * another key nor through another module: three wrong ones lock most tokens.
 */
#ifndef MODSEAL_ENGINES_PKCS11_LOGIN_H
#define MODSEAL_ENGINES_PKCS11_LOGIN_H

#include "engines/pkcs11/token.h"

/*
 * Logs in as the user, unless that is done or the token needs none. The PIN comes from pin_get()
 * (with the URI's own pin-value or pin-source; uri may be NULL), or is entered at the reader's
 * pad. Call it outside p11_run(): it may ask a person. It keeps the PIN in token->pin;
 * p11_pin_release() or p11_pin_wipe() must follow.
 */
int p11_login(struct p11_token *token, const struct p11_uri *uri, struct ms_error *err);

/* What a token says when a wrong PIN was entered: no PIN is given again unasked. */
#define P11_PIN_AT_RISK (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)

/* C_Login; pin NULL: it is entered at the reader's pad. Inside p11_run(). */
CK_RV p11_call_login(struct p11_token *token, CK_SESSION_HANDLE session, CK_USER_TYPE user,
	struct secret *pin);
/* After a refusal: what the next wrong PIN does, by CK_TOKEN_INFO's flags. */
void p11_pin_append_outlook(CK_FLAGS flags, struct ms_error *err);

/* Keeps the PIN while a key is open, for a login that is lost. `each`: a CKA_ALWAYS_AUTHENTICATE key,
 * which needs it at each signature; asks for it if the login did not. Outside p11_run(). */
int p11_pin_hold(struct p11_token *token, const struct p11_uri *uri, bool each,
	struct ms_error *err);
/* The end of what p11_pin_hold() began. */
void p11_pin_release(struct p11_token *token);
/* Forgets the PIN unless somebody holds it. */
void p11_pin_wipe(struct p11_token *token);

/* Gives the PIN for the signature that C_SignInit began in this session. *rv is what C_Login answered,
 * CKR_OK if it was not called. Inside p11_run(). */
int p11_context_login(struct p11_token *token, CK_SESSION_HANDLE session, CK_RV *rv,
	struct ms_error *err);

#endif
