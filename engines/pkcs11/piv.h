/* SPDX-License-Identifier: Apache-2.0 */
/* PIV cards: what a person calls their slots. */
#ifndef MODSEAL_PKCS11_PIV_H
#define MODSEAL_PKCS11_PIV_H

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

/* "9a" for CKA_ID 01 of such a card; NULL if it is none, or the id is no slot's. Static. */
const char *p11_piv_slot(const CK_TOKEN_INFO *token, const unsigned char *id, size_t len);

/* Whether a module makes up most of what it says of keys, since the card does not tell (OpenSC shows
 * cards so that have no PKCS#15 file system, PIV cards for one). */
bool p11_piv_is_emulated(const CK_TOKEN_INFO *token);

#endif
