/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates made. */
#ifndef MODSEAL_LIFE_CERT_H
#define MODSEAL_LIFE_CERT_H

#include "src/crypto/cert.h"

#include <modseal/life.h>

/* The inside of ms_cert_make() and ms_cert_from_csr(): a certificate of `pub`, signed by
 * request->issuer_key or, if that is NULL, by `self`. `name` (NULL: request->subject, or the
 * config's) is the subject. */
int life_cert_make(EVP_PKEY *pub, struct ms_key *self, const X509_NAME *name,
	const struct ms_cert_request *request, X509 **cert, struct ms_error *err);

#endif
