/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#11's return codes in words. */
#ifndef MODSEAL_ENGINES_PKCS11_CKR_H
#define MODSEAL_ENGINES_PKCS11_CKR_H

#include <modseal/error.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>

/* "CKR_PIN_LOCKED"; "CKR 0x80000001" in buf for codes without a name. */
const char *ckr_name(CK_RV rv, char buf[32]);

/* Sets "PLACE: WORDS (CALL: CKR_NAME)" and a hint. Returns MS_ERR_PIN, MS_ERR_KEY or MS_ERR_TOKEN.
 * `place` names the token or module, `call` is the function that returned rv. */
int ckr_err(struct ms_error *err, CK_RV rv, const char *place, const char *call);

/* The answers to C_Login that say that this PIN must not be given again. */
bool ckr_pin_refused(CK_RV rv);
/* The session is no more. */
bool ckr_session_gone(CK_RV rv);

#endif
