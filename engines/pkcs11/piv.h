/* SPDX-License-Identifier: Apache-2.0 */
/* PIV cards: what a person calls their slots. */
#ifndef MODSEAL_PKCS11_PIV_H
#define MODSEAL_PKCS11_PIV_H

#include <p11-kit/pkcs11.h>
#include <stddef.h>

/* "9a" for CKA_ID 01 of such a card; NULL if it is none, or the id is no slot's. Static. */
const char *p11_piv_slot(const CK_TOKEN_INFO *token, const unsigned char *id, size_t len);

#endif
