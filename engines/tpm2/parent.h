/* SPDX-License-Identifier: Apache-2.0 */
/* The storage keys that keys lie under. All these are for inside tpm_run(). */
#ifndef MODSEAL_ENGINES_TPM2_PARENT_H
#define MODSEAL_ENGINES_TPM2_PARENT_H

#include "engines/tpm2/tpm.h"

#define TPM_SRK 0x81000001U /* where the TCG's provisioning guidance puts the persistent one */

/*
 * The parent at a handle: a persistent one, or the primary storage key of a hierarchy (0x40000001),
 * which is made anew by the standard template (P-256, or RSA-2048 if `rsa`). If `expected` has a
 * size, another key than that is MS_ERR_KEY. Take it out with tpm_flush().
 */
int tpm_parent_load(struct tpm *tpm, TPM2_HANDLE handle, bool rsa, const TPM2B_NAME *expected,
	ESYS_TR *parent, struct ms_error *err);
/* A storage key to salt sessions with when the key has no known parent: the one at TPM_SRK if it is
 * one, else the owner's primary. */
int tpm_any_parent(struct tpm *tpm, ESYS_TR *parent, struct ms_error *err);
/* Whether a handle can be a parent's at all; the error names it. */
int tpm_parent_check(TPM2_HANDLE handle, struct ms_error *err);

/* A parent that refused the empty auth value: MS_ERR_KEY. */
int tpm_parent_auth_err(const struct tpm *tpm, TPM2_HANDLE handle, struct ms_error *err);

/* The public area and the name of a loaded object; name may be NULL. */
int tpm_read_public(
	struct tpm *tpm, ESYS_TR object, TPM2B_PUBLIC *pub, TPM2B_NAME *name, struct ms_error *err);

#endif
