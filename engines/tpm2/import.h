/* SPDX-License-Identifier: Apache-2.0 */
/* A key that was made in software, put into the TPM. */
#ifndef MODSEAL_ENGINES_TPM2_IMPORT_H
#define MODSEAL_ENGINES_TPM2_IMPORT_H

#include "engines/tpm2/keyfile.h"
#include "engines/tpm2/tpm.h"
#include "src/base/secret.h"

/* The public area of a key from outside: as tpm_create_template() has it, but for what the TPM
 * cannot say of it (fixedTPM, fixedParent, sensitiveDataOrigin). MS_ERR_KEY if no TPM takes it. */
int tpm_import_template(const EVP_PKEY *pkey, bool policy, bool guessable, TPM2B_PUBLIC *pub,
	struct ms_error *err);

/* Inside tpm_run(): puts it under file->parent, with an auth value if that is not NULL; fills in the
 * file's private part and the parent's name. */
int tpm_import(struct tpm *tpm, const EVP_PKEY *pkey, const struct secret *auth,
	struct tpm_keyfile *file, struct ms_error *err);

#endif
