/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions. All these are for inside tpm_run(); end a session with tpm_flush(). */
#ifndef MODSEAL_ENGINES_TPM2_SESSION_H
#define MODSEAL_ENGINES_TPM2_SESSION_H

#include "engines/tpm2/tpm.h"

#define TPM_NO_SESSIONS ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE

/*
 * One in which auth values can be shown: salted with `key` (a storage key) and with the parameters
 * encrypted, so that nobody on the bus sees or guesses them. `type` is TPM2_SE_HMAC or
 * TPM2_SE_POLICY; `hash` is that of the key which a policy is for.
 */
int tpm_session_salted(struct tpm *tpm, ESYS_TR key, TPM2_SE type, TPMI_ALG_HASH hash,
	ESYS_TR *session, struct ms_error *err);
/* A policy session that no auth value is shown in: nothing is secret, so nothing is encrypted. */
int tpm_session_plain(struct tpm *tpm, TPMI_ALG_HASH hash, ESYS_TR *session, struct ms_error *err);

#endif
