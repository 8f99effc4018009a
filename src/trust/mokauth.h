/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MokAuth and its sisters: PASSWORD_CRYPT of shim (include/passwordcrypt.h), packed, little endian:
 * method (16 bits) | rounds (64) | size of the salt (16) | salt (32 bytes) | hash (128 bytes)
 */
#ifndef MODSEAL_TRUST_MOKAUTH_H
#define MODSEAL_TRUST_MOKAUTH_H

#include <modseal/mok.h>
#include <stdint.h>

#define MOKAUTH_SIZE 172

struct ms_mok_password {
	uint8_t auth[MOKAUTH_SIZE];
};

/* What crypt(3) wrote ("$6$salt$hash") in the form of MokManager. MS_ERR_PIN with a message about
 * the hash. */
int mokauth_parse(const char *crypted, uint8_t auth[MOKAUTH_SIZE], struct ms_error *err);

#endif
