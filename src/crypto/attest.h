/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in which a YubiKey says of a key that it was made there: Yubico's "PIV attestation",
 * its extensions below 1.3.6.1.4.1.41482.3. */
#ifndef MODSEAL_CRYPTO_ATTEST_H
#define MODSEAL_CRYPTO_ATTEST_H

#include "src/crypto/ossl.h"

#include <modseal/evidence.h>
#include <stdbool.h>

/* Whether it is such a certificate: the module shows them beside the key's own, made up anew each
 * time and with the key's id. */
bool attest_is_one(const X509 *x509);

/* Whether it is what Yubico's module puts beside each key that it makes: a certificate that looks
 * self-signed, but is signed by a key that was thrown away. */
bool attest_is_placeholder(const X509 *x509);

/*
 * Reads certs[0], which is one, into *out. With `roots` it is checked that it is of this public key
 * and that a chain over the other certs leads to one of the roots that signed itself; out->trusted
 * and out->problem then say so. The chain's dates are not looked at: what was said of a key when it
 * was made does not end. An RSA key by a firmware that made bad ones is MS_NO also without roots.
 * MS_ERR_NOMEM.
 */
int attest_read(const STACK_OF(X509) * certs, const EVP_PKEY *pub, STACK_OF(X509) * roots,
	struct ms_attestation *out, struct ms_error *err);

#endif
