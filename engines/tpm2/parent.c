/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/parent.h"

#include "engines/tpm2/rc.h"
#include "engines/tpm2/session.h"
#include "src/base/error.h"

#include <string.h>

#define SRK_ATTRIBUTES                                                                             \
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |        \
		TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |             \
		TPMA_OBJECT_DECRYPT)

static bool is_persistent(TPM2_HANDLE handle)
{
	return handle >> TPM2_HR_SHIFT == TPM2_HT_PERSISTENT;
}

static ESYS_TR hierarchy(TPM2_HANDLE handle)
{
	switch (handle) {
	case TPM2_RH_OWNER:
		return ESYS_TR_RH_OWNER;
	case TPM2_RH_NULL:
		return ESYS_TR_RH_NULL;
	case TPM2_RH_PLATFORM:
		return ESYS_TR_RH_PLATFORM;
	default:
		return ESYS_TR_NONE;
	}
}

int tpm_parent_check(TPM2_HANDLE handle, struct ms_error *err)
{
	if (is_persistent(handle) || hierarchy(handle) != ESYS_TR_NONE)
		return 0;
	err_set(err, MS_ERR_KEY, "0x%08x cannot be a key's parent here", handle);
	err_hint(err,
		"A parent is the owner's hierarchy (0x40000001) or a persistent storage key "
		"(0x81......, such as 0x81000001).");
	return MS_ERR_KEY;
}

/* The storage primary key of the TCG's TPM v2.0 Provisioning Guidance, 7.5.1, with the templates of
 * its EK Credential Profile for P-256 and RSA-2048 and an empty unique field. */
static void srk_template(bool rsa, TPM2B_PUBLIC *out)
{
	const TPMT_SYM_DEF_OBJECT aes = {
		.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB
	};
	TPMT_PUBLIC *pub = &out->publicArea;

	memset(out, 0, sizeof(*out));
	pub->nameAlg = TPM2_ALG_SHA256;
	pub->objectAttributes = SRK_ATTRIBUTES;
	if (rsa) {
		pub->type = TPM2_ALG_RSA;
		pub->parameters.rsaDetail.symmetric = aes;
		pub->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
		pub->parameters.rsaDetail.keyBits = 2048;
	} else {
		pub->type = TPM2_ALG_ECC;
		pub->parameters.eccDetail.symmetric = aes;
		pub->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
		pub->parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
		pub->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
	}
}

static int primary_err(struct tpm *tpm, TSS2_RC rc, struct ms_error *err)
{
	int r = tpm_err(tpm, rc, "TPM2_CreatePrimary", err);

	if (!tpm_rc_auth(rc))
		return r;
	err_set(err, MS_ERR_KEY,
		"%s: the hierarchy of the key's parent has a password, so its primary key cannot "
		"be made",
		tpm->name);
	err_hint(err,
		"Make the primary key persistent (tpm2_createprimary, tpm2_evictcontrol) and name "
		"it: --parent 0x81000001 for keygen, --salt-key for a persistent key.");
	return MS_ERR_KEY;
}

static int create_primary(
	struct tpm *tpm, TPM2_HANDLE handle, bool rsa, ESYS_TR *parent, struct ms_error *err)
{
	const TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	const TPM2B_DATA outside = { 0 };
	const TPML_PCR_SELECTION no_pcrs = { 0 };
	TPM2B_PUBLIC pub;
	ESYS_TR object = ESYS_TR_NONE;
	TSS2_RC rc;

	srk_template(rsa, &pub);
	rc = TPM_CALL(tpm, CreatePrimary, hierarchy(handle), ESYS_TR_PASSWORD, ESYS_TR_NONE,
		ESYS_TR_NONE, &sensitive, &pub, &outside, &no_pcrs, &object, NULL, NULL, NULL,
		NULL);
	*parent = object;
	return rc == TSS2_RC_SUCCESS ? 0 : primary_err(tpm, rc, err);
}

static int find_persistent(
	struct tpm *tpm, TPM2_HANDLE handle, ESYS_TR *parent, TSS2_RC *why, struct ms_error *err)
{
	ESYS_TR object = ESYS_TR_NONE;

	*why = TPM_CALL(tpm, TR_FromTPMPublic, handle, TPM_NO_SESSIONS, &object);
	*parent = object;
	if (*why == TSS2_RC_SUCCESS)
		return 0;
	if (tpm_rc(*why) != TPM2_RC_HANDLE)
		return tpm_err(tpm, *why, "TPM2_ReadPublic", err);
	err_set(err, MS_ERR_KEY, "%s: there is no key at the parent's handle 0x%08x", tpm->name,
		handle);
	err_hint(err, "`modseal keys --tpm` lists the persistent keys.");
	return MS_ERR_KEY;
}

static int check_name(struct tpm *tpm, ESYS_TR parent, TPM2_HANDLE handle,
	const TPM2B_NAME *expected, struct ms_error *err)
{
	TPM2B_NAME *name = NULL;
	TSS2_RC rc = Esys_TR_GetName(tpm->esys, parent, &name);
	bool same = rc == TSS2_RC_SUCCESS && name->size == expected->size &&
		!memcmp(name->name, expected->name, name->size);

	Esys_Free(name);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(tpm, rc, "Esys_TR_GetName", err);
	if (same)
		return 0;
	err_set(err, MS_ERR_KEY,
		"%s: the storage key at 0x%08x is another one than when the key was made",
		tpm->name, handle);
	err_hint(err,
		"Was the TPM cleared or replaced, or is this file from another machine? The key "
		"works in the TPM that made it only.");
	return MS_ERR_KEY;
}

int tpm_parent_load(struct tpm *tpm, TPM2_HANDLE handle, bool rsa, const TPM2B_NAME *expected,
	ESYS_TR *parent, struct ms_error *err)
{
	TSS2_RC why;
	int r = tpm_parent_check(handle, err);

	*parent = ESYS_TR_NONE;
	if (r < 0)
		return r;
	if (is_persistent(handle))
		r = find_persistent(tpm, handle, parent, &why, err);
	else
		r = create_primary(tpm, handle, rsa, parent, err);
	if (r == 0 && expected && expected->size)
		r = check_name(tpm, *parent, handle, expected, err);
	if (r < 0)
		tpm_flush(tpm, parent);
	return r;
}

int tpm_parent_auth_err(const struct tpm *tpm, TPM2_HANDLE handle, struct ms_error *err)
{
	err_set(err, MS_ERR_KEY,
		"%s: the parent 0x%08x has an auth value, and such are not used here", tpm->name,
		handle);
	err_hint(err, "Name another with --parent.");
	return MS_ERR_KEY;
}

int tpm_read_public(
	struct tpm *tpm, ESYS_TR object, TPM2B_PUBLIC *pub, TPM2B_NAME *name, struct ms_error *err)
{
	TPM2B_PUBLIC *out = NULL;
	TPM2B_NAME *out_name = NULL;
	TSS2_RC rc = TPM_CALL(tpm, ReadPublic, object, TPM_NO_SESSIONS, &out, &out_name, NULL);

	if (rc == TSS2_RC_SUCCESS) {
		*pub = *out;
		if (name)
			*name = *out_name;
	}
	Esys_Free(out);
	Esys_Free(out_name);
	return rc == TSS2_RC_SUCCESS ? 0 : tpm_err(tpm, rc, "TPM2_ReadPublic", err);
}

static bool can_salt(struct tpm *tpm, ESYS_TR object)
{
	const TPMA_OBJECT storage = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
	TPM2B_PUBLIC pub;

	return tpm_read_public(tpm, object, &pub, NULL, NULL) == 0 &&
		(pub.publicArea.objectAttributes & storage) == storage;
}

int tpm_any_parent(struct tpm *tpm, ESYS_TR *parent, struct ms_error *err)
{
	TSS2_RC why;
	int r = find_persistent(tpm, TPM_SRK, parent, &why, err);

	if (r == 0 && can_salt(tpm, *parent))
		return 0;
	tpm_flush(tpm, parent);
	if (r < 0 && tpm_rc(why) != TPM2_RC_HANDLE)
		return r;
	return create_primary(tpm, TPM2_RH_OWNER, false, parent, err);
}
