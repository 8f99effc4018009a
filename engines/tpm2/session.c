/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/session.h"

static int start(struct tpm *tpm, ESYS_TR key, TPM2_SE type, const TPMT_SYM_DEF *sym,
	TPMI_ALG_HASH hash, TPMA_SESSION attributes, ESYS_TR *session, struct ms_error *err)
{
	ESYS_TR s = ESYS_TR_NONE;
	TSS2_RC rc = TPM_CALL(tpm, StartAuthSession, key, ESYS_TR_NONE, TPM_NO_SESSIONS, NULL, type,
		sym, hash, &s);

	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TRSess_SetAttributes(tpm->esys, s, attributes, 0xff);
	*session = s;
	if (rc == TSS2_RC_SUCCESS)
		return 0;
	tpm_flush(tpm, session);
	return tpm_err(tpm, rc, "TPM2_StartAuthSession", err);
}

int tpm_session_salted(struct tpm *tpm, ESYS_TR key, TPM2_SE type, TPMI_ALG_HASH hash,
	ESYS_TR *session, struct ms_error *err)
{
	const TPMT_SYM_DEF aes = {
		.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB
	};

	return start(tpm, key, type, &aes, hash,
		TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, session,
		err);
}

int tpm_session_plain(struct tpm *tpm, TPMI_ALG_HASH hash, ESYS_TR *session, struct ms_error *err)
{
	const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };

	return start(tpm, ESYS_TR_NONE, TPM2_SE_POLICY, &none, hash, TPMA_SESSION_CONTINUESESSION,
		session, err);
}
