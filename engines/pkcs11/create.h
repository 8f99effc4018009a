/* SPDX-License-Identifier: Apache-2.0 */
/* The `store_cert` of struct engine: objects that come from outside. */
#ifndef MODSEAL_ENGINES_PKCS11_CREATE_H
#define MODSEAL_ENGINES_PKCS11_CREATE_H

#include "src/key/key.h"

#include <openssl/x509.h>

int p11_store_cert(
	struct ms_context *ctx, struct ms_key *key, X509 *cert, bool replace, struct ms_error *err);

#endif
