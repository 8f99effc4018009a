/* SPDX-License-Identifier: Apache-2.0 */
/* The `import_key` of struct engine. */
#ifndef MODSEAL_ENGINES_PKCS11_IMPORT_H
#define MODSEAL_ENGINES_PKCS11_IMPORT_H

#include "src/key/key.h"

#include <modseal/life.h>

int p11_import_key(struct ms_context *ctx, const struct ms_import *request, const EVP_PKEY *pkey,
	struct ms_key **key, struct ms_error *err);

#endif
