/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/create.h"

#include "engines/tpm2/hash.h"
#include "engines/tpm2/parent.h"
#include "engines/tpm2/rc.h"
#include "engines/tpm2/session.h"
#include "src/base/error.h"

#include <string.h>

static const struct kind {
	enum ms_key_kind kind;
	const char *name;
	TPMI_RSA_KEY_BITS bits;
	TPM2_ECC_CURVE curve;
} kinds[] = {
	{ MS_KEY_RSA2048, "RSA-2048", 2048, 0 },
	{ MS_KEY_RSA3072, "RSA-3072", 3072, 0 },
	{ MS_KEY_RSA4096, "RSA-4096", 4096, 0 },
	{ MS_KEY_P256, "P-256", 0, TPM2_ECC_NIST_P256 },
	{ MS_KEY_P384, "P-384", 0, TPM2_ECC_NIST_P384 },
};

static const struct kind *find_kind(enum ms_key_kind kind)
{
	size_t i = 0;

	while (kinds[i].kind != kind)
		i++;
	return &kinds[i];
}

TPMA_OBJECT tpm_create_uses(bool rsa, bool policy, bool guessable)
{
	TPMA_OBJECT uses = TPMA_OBJECT_SIGN_ENCRYPT;

	if (!policy)
		uses |= TPMA_OBJECT_USERWITHAUTH;
	if (!guessable)
		uses |= TPMA_OBJECT_NODA;
	/* The bare RSA operation makes signatures with hashes that the TPM lacks, and is all that
	 * openssl_tpm2_engine uses. */
	if (rsa)
		uses |= TPMA_OBJECT_DECRYPT;
	return uses;
}

void tpm_create_template(enum ms_key_kind kind, bool policy, bool guessable, TPM2B_PUBLIC *out)
{
	const struct kind *k = find_kind(kind);
	TPMT_PUBLIC *pub = &out->publicArea;

	memset(out, 0, sizeof(*out));
	pub->nameAlg = TPM2_ALG_SHA256;
	pub->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
		TPMA_OBJECT_SENSITIVEDATAORIGIN | tpm_create_uses(k->bits, policy, guessable);
	if (k->bits) {
		pub->type = TPM2_ALG_RSA;
		pub->parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
		pub->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
		pub->parameters.rsaDetail.keyBits = k->bits;
	} else {
		pub->type = TPM2_ALG_ECC;
		pub->parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
		pub->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
		pub->parameters.eccDetail.curveID = k->curve;
		pub->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
	}
}

/* TPM2_Create would say it with one of many codes. */
int tpm_check_offer(
	struct tpm *tpm, const char *kind, const TPM2B_PUBLIC *pub, struct ms_error *err)
{
	const TPMT_PUBLIC_PARMS params = { pub->publicArea.type, pub->publicArea.parameters };
	TSS2_RC rc = TPM_CALL(tpm, TestParms, TPM_NO_SESSIONS, &params);

	if (rc == TSS2_RC_SUCCESS)
		return 0;
	if (!(tpm_rc(rc) & TPM2_RC_FMT1)) /* not about the parameters */
		return tpm_err(tpm, rc, "TPM2_TestParms", err);
	err_set(err, MS_ERR_KEY, "%s knows no %s keys", tpm->name, kind);
	err_hint(err, "RSA-2048 and P-256 are what every TPM knows.");
	return MS_ERR_KEY;
}

static int set_auth(
	const struct secret *auth, TPM2B_SENSITIVE_CREATE *sensitive, struct ms_error *err)
{
	TPM2B_AUTH *out = &sensitive->sensitive.userAuth;
	size_t max = tpm_alg_size(TPM2_ALG_SHA256);

	if (auth->len > max)
		return err_set(err, MS_ERR_PIN,
			"an auth value can have %zu bytes, and this has %zu", max, auth->len);
	out->size = (UINT16)auth->len;
	memcpy(out->buffer, auth->data, auth->len);
	return 0;
}

/* In a session that is salted with the parent, or with the key that was named, whose name is noted
 * then. */
static int start_session(struct tpm *tpm, ESYS_TR parent, struct tpm_keyfile *file,
	ESYS_TR *session, struct ms_error *err)
{
	TPM2_HANDLE chosen = tpm->ctx->tpm_salt_key;
	ESYS_TR salt = ESYS_TR_NONE;
	TPM2B_PUBLIC pub;
	int r = chosen ? tpm_parent_load(tpm, chosen, false, NULL, &salt, err) : 0;

	if (r == 0 && chosen)
		r = tpm_read_public(tpm, salt, &pub, &file->salt_name, err);
	if (r == 0)
		r = tpm_session_salted(tpm, chosen ? salt : parent, TPM2_SE_HMAC, TPM2_ALG_SHA256,
			session, err);
	if (r == 0)
		file->salt_key = chosen;
	tpm_flush(tpm, &salt);
	return r;
}

/* The first parameter, which holds the auth value, is encrypted in a salted session. */
static int create(struct tpm *tpm, ESYS_TR parent, const struct secret *auth,
	struct tpm_keyfile *file, struct ms_error *err)
{
	const TPM2B_DATA outside = { 0 };
	const TPML_PCR_SELECTION no_pcrs = { 0 };
	TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	TPM2B_PUBLIC template = file->pub, *pub = NULL;
	TPM2B_PRIVATE *priv = NULL;
	ESYS_TR session = ESYS_TR_NONE;
	TSS2_RC rc;
	int r = auth ? set_auth(auth, &sensitive, err) : 0;

	if (r == 0 && auth)
		r = start_session(tpm, parent, file, &session, err);
	if (r < 0) {
		secret_wipe(&sensitive, sizeof(sensitive));
		return r;
	}
	rc = TPM_CALL(tpm, Create, parent, auth ? session : ESYS_TR_PASSWORD, ESYS_TR_NONE,
		ESYS_TR_NONE, &sensitive, &template, &outside, &no_pcrs, &priv, &pub, NULL, NULL,
		NULL);
	secret_wipe(&sensitive, sizeof(sensitive));
	tpm_flush(tpm, &session);
	if (rc == TSS2_RC_SUCCESS) {
		file->pub = *pub;
		file->priv = *priv;
	}
	Esys_Free(pub);
	Esys_Free(priv);
	if (tpm_rc_auth(rc))
		return tpm_parent_auth_err(tpm, file->parent, err);
	return rc == TSS2_RC_SUCCESS ? 0 : tpm_err(tpm, rc, "TPM2_Create", err);
}

int tpm_create(struct tpm *tpm, enum ms_key_kind kind, const struct secret *auth,
	struct tpm_keyfile *file, struct ms_error *err)
{
	ESYS_TR parent = ESYS_TR_NONE;
	TPM2B_PUBLIC pub;
	int r = tpm_check_offer(tpm, find_kind(kind)->name, &file->pub, err);

	if (r == 0)
		r = tpm_parent_load(tpm, file->parent, false, NULL, &parent, err);
	if (r == 0)
		r = tpm_read_public(tpm, parent, &pub, &file->parent_name, err);
	if (r == 0)
		r = create(tpm, parent, auth, file, err);
	tpm_flush(tpm, &parent);
	return r;
}

static int evict(struct tpm *tpm, ESYS_TR key, TPM2_HANDLE handle, struct ms_error *err)
{
	ESYS_TR persistent = ESYS_TR_NONE;
	TSS2_RC rc = TPM_CALL(tpm, EvictControl, ESYS_TR_RH_OWNER, key, ESYS_TR_PASSWORD,
		ESYS_TR_NONE, ESYS_TR_NONE, handle, &persistent);

	if (rc == TSS2_RC_SUCCESS) {
		tpm_flush(tpm, &persistent);
		return 0;
	}
	if (tpm_rc_auth(rc)) {
		err_set(err, MS_ERR_KEY,
			"%s: the owner's hierarchy has a password, so no key can be made "
			"persistent",
			tpm->name);
		err_hint(err, "Make it in a file: -k FILE.pem.");
		return MS_ERR_KEY;
	}
	if (tpm_rc(rc) == TPM2_RC_RANGE) {
		err_set(err, MS_ERR_KEY, "0x%08x is no handle for keys of the owner's", handle);
		err_hint(err, "Those are 0x81000000 to 0x817fffff.");
		return MS_ERR_KEY;
	}
	return tpm_err(tpm, rc, "TPM2_EvictControl", err);
}

int tpm_persist(
	struct tpm *tpm, const struct tpm_keyfile *file, TPM2_HANDLE handle, struct ms_error *err)
{
	const TPM2B_PRIVATE priv = file->priv;
	const TPM2B_PUBLIC pub = file->pub;
	ESYS_TR parent, key = ESYS_TR_NONE;
	TSS2_RC rc;
	int r = tpm_parent_load(
		tpm, file->parent, file->rsa_parent, &file->parent_name, &parent, err);

	if (r < 0)
		return r;
	rc = TPM_CALL(
		tpm, Load, parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &priv, &pub, &key);
	tpm_flush(tpm, &parent);
	r = rc == TSS2_RC_SUCCESS ? evict(tpm, key, handle, err)
				  : tpm_err(tpm, rc, "TPM2_Load", err);
	tpm_flush(tpm, &key);
	return r;
}

int tpm_handle_is_free(struct tpm *tpm, TPM2_HANDLE handle, struct ms_error *err)
{
	ESYS_TR object = ESYS_TR_NONE;
	TSS2_RC rc = TPM_CALL(tpm, TR_FromTPMPublic, handle, TPM_NO_SESSIONS, &object);

	tpm_flush(tpm, &object);
	if (tpm_rc(rc) == TPM2_RC_HANDLE)
		return 0;
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(tpm, rc, "TPM2_ReadPublic", err);
	err_set(err, MS_ERR_KEY, "%s: there is a key at 0x%08x already", tpm->name, handle);
	err_hint(err,
		"Take another handle; `modseal keys --tpm` lists those in use. A key that is not "
		"needed any more is removed by `tpm2_evictcontrol -C o -c 0x%08x`.",
		handle);
	return MS_ERR_KEY;
}

int tpm_can_verify(struct tpm *tpm, const TPM2B_PUBLIC *pub, struct ms_error *err)
{
	const TPM2B_PUBLIC copy = *pub;
	ESYS_TR key = ESYS_TR_NONE;
	TSS2_RC rc =
		TPM_CALL(tpm, LoadExternal, TPM_NO_SESSIONS, NULL, &copy, ESYS_TR_RH_OWNER, &key);

	tpm_flush(tpm, &key);
	if (rc == TSS2_RC_SUCCESS)
		return 0;
	if (!(tpm_rc(rc) & TPM2_RC_FMT1))
		return tpm_err(tpm, rc, "TPM2_LoadExternal", err);
	err_set(err, MS_ERR_KEY, "%s does not verify signatures of this kind of policy key",
		tpm->name);
	err_hint(err, "RSA-2048 and P-256 are what every TPM knows.");
	return MS_ERR_KEY;
}
