/* SPDX-License-Identifier: Apache-2.0 */
/* The `keygen` of struct engine. */
#ifndef MODSEAL_ENGINES_PKCS11_KEYGEN_H
#define MODSEAL_ENGINES_PKCS11_KEYGEN_H

#include "src/key/key.h"

#include <modseal/life.h>

int p11_keygen(struct ms_context *ctx, const struct ms_keygen *request, struct ms_key **key,
	struct ms_error *err);

#endif
