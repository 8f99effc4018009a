/* SPDX-License-Identifier: Apache-2.0 */
/* A key made in the TPM. For inside tpm_run(). */
#ifndef MODSEAL_ENGINES_TPM2_CREATE_H
#define MODSEAL_ENGINES_TPM2_CREATE_H

#include "engines/tpm2/keyfile.h"
#include "engines/tpm2/tpm.h"
#include "src/base/secret.h"

#include <modseal/life.h>

/* The public area of a new key: what only the TPM knows stays there (fixedTPM, fixedParent,
 * sensitiveDataOrigin); it signs, and if it is RSA decrypts. With `policy` its auth value alone is
 * not enough. `guessable`: it has an auth value, so wrong ones are counted. */
void tpm_create_template(enum ms_key_kind kind, bool policy, bool guessable, TPM2B_PUBLIC *pub);
/* The part of its attributes that says what it may be used for, and by what. */
TPMA_OBJECT tpm_create_uses(bool rsa, bool policy, bool guessable);
/* Whether the TPM has keys with the public area's parameters; `kind` is for the message. */
int tpm_check_offer(
	struct tpm *tpm, const char *kind, const TPM2B_PUBLIC *pub, struct ms_error *err);

/* Makes the key of file->pub's template under file->parent, with an auth value if that is not NULL;
 * fills in the file's public and private part and the parent's name. */
int tpm_create(struct tpm *tpm, enum ms_key_kind kind, const struct secret *auth,
	struct tpm_keyfile *file, struct ms_error *err);
/* Makes it persistent at a handle of the owner's. */
int tpm_persist(
	struct tpm *tpm, const struct tpm_keyfile *file, TPM2_HANDLE handle, struct ms_error *err);
/* Whether there is nothing at that handle; else MS_ERR_KEY. */
int tpm_handle_is_free(struct tpm *tpm, TPM2_HANDLE handle, struct ms_error *err);
/* Whether the TPM can verify signatures by the key with this public area. */
int tpm_can_verify(struct tpm *tpm, const TPM2B_PUBLIC *pub, struct ms_error *err);

#endif
