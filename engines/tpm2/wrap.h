/* SPDX-License-Identifier: Apache-2.0 */
/* A software key wrapped for one parent, as TPM2_Duplicate would wrap it: no TPM is needed, and
 * only the TPM that holds the parent can open it. TPM 2.0 Library, Part 1, Protected Storage
 * ("outer duplication wrapper") and Annexes B.10.3 and C.6.3. */
#ifndef MODSEAL_ENGINES_TPM2_WRAP_H
#define MODSEAL_ENGINES_TPM2_WRAP_H

#include "src/base/secret.h"

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

/*
 * The parameters of TPM2_Import: `pub` is the public area that the key will have there (final: its
 * name goes in), `auth` its auth value (NULL: none), `parent` the storage key's public area.
 * MS_ERR_KEY if the key is neither RSA nor EC, or the parent protects its children by something
 * that is not known here.
 */
int tpm_wrap(const EVP_PKEY *pkey, const struct secret *auth, const TPMT_PUBLIC *pub,
	const TPMT_PUBLIC *parent, TPM2B_PRIVATE *duplicate, TPM2B_ENCRYPTED_SECRET *seed,
	struct ms_error *err);

#endif
