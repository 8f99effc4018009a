/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is noted of a persistent key, since the TPM does not keep it: policy, parent, certificate.
 * It is the key's file as it was before the key was made persistent, in the directory
 * $XDG_STATE_HOME/modseal/tpm, else /var/lib/modseal/tpm for root, else ~/.local/state/modseal/tpm,
 * named after the handle.
 */
#ifndef MODSEAL_ENGINES_TPM2_RECORD_H
#define MODSEAL_ENGINES_TPM2_RECORD_H

#include "engines/tpm2/keyfile.h"
#include "src/key/context.h"

/* The record's path; free() it. With `make` its directories are made. */
int tpm_record_path(TPM2_HANDLE handle, bool make, char **path, struct ms_error *err);
/* The record of the key with this public area at this handle; *file is NULL if there is none. One
 * that is of another key is passed over, with a notice. */
int tpm_record_find(struct ms_context *ctx, TPM2_HANDLE handle, const TPM2B_PUBLIC *pub,
	struct tpm_keyfile **file, struct ms_error *err);

#endif
