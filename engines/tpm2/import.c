/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/import.h"

#include "engines/tpm2/create.h"
#include "engines/tpm2/parent.h"
#include "engines/tpm2/pubkey.h"
#include "engines/tpm2/rc.h"
#include "engines/tpm2/wrap.h"
#include "src/base/error.h"
#include "src/key/key.h"

int tpm_import_template(const EVP_PKEY *pkey, bool policy, bool guessable, TPM2B_PUBLIC *pub,
	struct ms_error *err)
{
	int r = tpm_public_of(pkey, pub, NULL);

	if (r < 0) {
		char type[32];

		key_type_name(pkey, type, sizeof(type));
		return err_set(err, MS_ERR_KEY, "no TPM takes a key of this kind (%s)", type);
	}
	pub->publicArea.objectAttributes =
		tpm_create_uses(pub->publicArea.type == TPM2_ALG_RSA, policy, guessable);
	return 0;
}

static int import(struct tpm *tpm, ESYS_TR parent, const TPM2B_PUBLIC *pub,
	const TPM2B_PRIVATE *duplicate, const TPM2B_ENCRYPTED_SECRET *seed, struct tpm_keyfile *file,
	struct ms_error *err)
{
	const TPMT_SYM_DEF_OBJECT no_inner_wrapper = { .algorithm = TPM2_ALG_NULL };
	TPM2B_PRIVATE *priv = NULL;
	TSS2_RC rc = TPM_CALL(tpm, Import, parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
		pub, duplicate, seed, &no_inner_wrapper, &priv);

	if (rc == TSS2_RC_SUCCESS)
		file->priv = *priv;
	Esys_Free(priv);
	if (tpm_rc_auth(rc))
		return tpm_parent_auth_err(tpm, file->parent, err);
	return rc == TSS2_RC_SUCCESS ? 0 : tpm_err(tpm, rc, "TPM2_Import", err);
}

int tpm_import(struct tpm *tpm, const EVP_PKEY *pkey, const struct secret *auth,
	struct tpm_keyfile *file, struct ms_error *err)
{
	const TPM2B_PUBLIC pub = file->pub;
	ESYS_TR parent = ESYS_TR_NONE;
	TPM2B_ENCRYPTED_SECRET seed;
	TPM2B_PRIVATE duplicate;
	TPM2B_PUBLIC above;
	char type[32];
	int r;

	key_type_name(pkey, type, sizeof(type));
	r = tpm_check_offer(tpm, type, &pub, err);
	if (r == 0)
		r = tpm_parent_load(tpm, file->parent, false, NULL, &parent, err);
	if (r == 0)
		r = tpm_read_public(tpm, parent, &above, &file->parent_name, err);
	if (r == 0)
		r = tpm_wrap(pkey, auth, &pub.publicArea, &above.publicArea, &duplicate, &seed, err);
	if (r == 0)
		r = import(tpm, parent, &pub, &duplicate, &seed, file, err);
	tpm_flush(tpm, &parent);
	return r;
}
