/* SPDX-License-Identifier: Apache-2.0 */
/* What only a YubiKey has: when a key wants a finger, and how often its PIN. Yubico's module takes it
 * as attributes of its own when a key is made (ykcs11/pkcs11y.h of yubico-piv-tool, from 2.3.0 on). */
#ifndef MODSEAL_ENGINES_PKCS11_YUBICO_H
#define MODSEAL_ENGINES_PKCS11_YUBICO_H

#include "engines/pkcs11/token.h"

#include <modseal/life.h>

#define P11_YUBICO	       (CKA_VENDOR_DEFINED + 0x59554200UL)
#define P11_YUBICO_TOUCH_POLICY (P11_YUBICO + 1) /* a byte, numbered as enum ms_touch_policy */
#define P11_YUBICO_PIN_POLICY	(P11_YUBICO + 2) /* a byte, numbered as enum ms_pin_policy */

/* Whether it is Yubico's module that shows this token. */
bool p11_yubico_is(const struct p11_token *token);
/* Whether the request says nothing of it, or this token may know it: other vendors' modules may have
 * given the numbers another meaning. Else MS_ERR_UNSUPPORTED. */
int p11_yubico_check(
	const struct p11_token *token, const struct ms_keygen *request, struct ms_error *err);
/* The module refused a key with such attributes: MS_ERR_UNSUPPORTED, with what does it instead. */
int p11_yubico_refused(const struct p11_token *token, struct ms_error *err);

#endif
