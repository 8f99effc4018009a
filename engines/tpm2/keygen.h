/* SPDX-License-Identifier: Apache-2.0 */
/* Keys made, and what lies beside them. */
#ifndef MODSEAL_ENGINES_TPM2_KEYGEN_H
#define MODSEAL_ENGINES_TPM2_KEYGEN_H

#include "src/key/context.h"
#include "src/key/key.h"

#include <modseal/life.h>
#include <openssl/x509.h>

/* The `keygen`, `import_key` and `store_cert` of struct engine. */
int tpm_keygen(struct ms_context *ctx, const struct ms_keygen *request, struct ms_key **key,
	struct ms_error *err);
int tpm_import_key(struct ms_context *ctx, const struct ms_import *request, const EVP_PKEY *pkey,
	struct ms_key **key, struct ms_error *err);
int tpm_store_cert(
	struct ms_context *ctx, struct ms_key *key, X509 *cert, bool replace, struct ms_error *err);

#endif
