/* SPDX-License-Identifier: Apache-2.0 */
/* A key put into the TPM, with the session that it is used in. */
#include "engines/tpm2/hash.h"
#include "engines/tpm2/key.h"
#include "engines/tpm2/parent.h"
#include "engines/tpm2/session.h"
#include "src/base/error.h"

#include <string.h>

static int load_object(struct tpm_key *k, ESYS_TR parent, struct ms_error *err)
{
	struct tpm *tpm = k->tpm;
	TPM2B_PRIVATE priv = k->file->priv;
	TPM2B_PUBLIC pub = k->file->pub;
	ESYS_TR object = ESYS_TR_NONE;
	TSS2_RC rc = TPM_CALL(tpm, Load, parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
		&priv, &pub, &object);
	int r;

	k->object = object;
	if (rc == TSS2_RC_SUCCESS)
		return 0;
	r = tpm_err(tpm, rc, "TPM2_Load", err);
	err_prefix(err, "%s", k->name);
	return r;
}

static bool same_public(const TPM2B_PUBLIC *a, const TPM2B_PUBLIC *b)
{
	TPM2B_NAME x, y;

	return tpm_name_of(&a->publicArea, &x, NULL) == 0 &&
		tpm_name_of(&b->publicArea, &y, NULL) == 0 && x.size == y.size &&
		!memcmp(x.name, y.name, x.size);
}

/* The key at the handle has to be the one that was there when we looked at first. */
static int find_object(struct tpm_key *k, struct ms_error *err)
{
	struct tpm *tpm = k->tpm;
	ESYS_TR object = ESYS_TR_NONE;
	TPM2B_PUBLIC pub;
	TSS2_RC rc = TPM_CALL(tpm, TR_FromTPMPublic, k->handle, TPM_NO_SESSIONS, &object);
	int r;

	k->object = object;
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(tpm, rc, "TPM2_ReadPublic", err);
	r = tpm_read_public(tpm, object, &pub, NULL, err);
	if (r < 0)
		return r;
	if (!k->pub.publicArea.type)
		k->pub = pub;
	else if (!same_public(&pub, &k->pub))
		return err_set(
			err, MS_ERR_KEY, "%s: there is another key at this handle now", k->name);
	return 0;
}

/* The storage key that an auth value's session is salted with: what the user names, what was named
 * when the key was made, its parent; 0: nothing of these is known. */
static TPM2_HANDLE salt_handle(const struct tpm_key *k)
{
	const struct tpm_keyfile *file = k->file;

	if (k->tpm->ctx->tpm_salt_key)
		return k->tpm->ctx->tpm_salt_key;
	return !file ? 0 : file->salt_key ? file->salt_key : file->parent;
}

/* Whoever speaks in the TPM's place cannot put a key of his own there if its name was noted. */
static int load_salt(struct tpm_key *k, ESYS_TR *salt, struct ms_error *err)
{
	const struct tpm_keyfile *file = k->file;
	TPM2_HANDLE handle = salt_handle(k);

	if (!handle)
		return tpm_any_parent(k->tpm, salt, err);
	if (file && handle == file->salt_key)
		return tpm_parent_load(k->tpm, handle, false, &file->salt_name, salt, err);
	if (file && handle == file->parent)
		return tpm_parent_load(
			k->tpm, handle, file->rsa_parent, &file->parent_name, salt, err);
	return tpm_parent_load(k->tpm, handle, false, NULL, salt, err);
}

static int set_auth(struct tpm_key *k, struct ms_error *err)
{
	TPM2B_AUTH auth = { 0 };
	TSS2_RC rc;

	if (k->auth->len > sizeof(auth.buffer) ||
		k->auth->len > tpm_alg_size(k->pub.publicArea.nameAlg)) {
		err_set(err, MS_ERR_PIN,
			"%s: the auth value from %s is longer than the %zu bytes that "
			"the key can have",
			k->name, k->auth_origin, tpm_alg_size(k->pub.publicArea.nameAlg));
		return MS_ERR_PIN;
	}
	auth.size = (UINT16)k->auth->len;
	memcpy(auth.buffer, k->auth->data, k->auth->len);
	rc = Esys_TR_SetAuth(k->tpm->esys, k->object, &auth);
	secret_wipe(&auth, sizeof(auth));
	return rc == TSS2_RC_SUCCESS ? 0 : tpm_err(k->tpm, rc, "Esys_TR_SetAuth", err);
}

static bool wants_auth(const struct tpm_key *k)
{
	return k->auth && (!k->way || k->way->auth);
}

static int start_session(struct tpm_key *k, ESYS_TR salt, struct ms_error *err)
{
	TPMI_ALG_HASH hash = k->pub.publicArea.nameAlg;

	if (wants_auth(k))
		return tpm_session_salted(k->tpm, salt, k->way ? TPM2_SE_POLICY : TPM2_SE_HMAC,
			hash, &k->session, err);
	return k->way ? tpm_session_plain(k->tpm, hash, &k->session, err) : 0;
}

/* The parent goes out again as soon as it can: a TPM may have room for three objects. */
static int load_in(struct tpm_key *k, ESYS_TR *parent, struct ms_error *err)
{
	ESYS_TR salt = ESYS_TR_NONE;
	bool own_parent = !k->handle && salt_handle(k) == k->file->parent;
	int r = 0;

	if (!k->handle)
		r = tpm_parent_load(k->tpm, k->file->parent, k->file->rsa_parent,
			&k->file->parent_name, parent, err);
	if (r == 0 && own_parent)
		r = start_session(k, *parent, err);
	if (r == 0)
		r = k->handle ? find_object(k, err) : load_object(k, *parent, err);
	tpm_flush(k->tpm, parent);
	if (r < 0 || own_parent)
		return r;
	if (wants_auth(k))
		r = load_salt(k, &salt, err);
	if (r == 0)
		r = start_session(k, salt, err);
	tpm_flush(k->tpm, &salt);
	return r;
}

static void note_handle(struct tpm_key *k)
{
	TPM2_HANDLE handle = 0;

	if (Esys_TR_GetTpmHandle(k->tpm->esys, k->object, &handle) == TSS2_RC_SUCCESS)
		k->object_handle = handle;
}

int tpm_key_load(struct tpm_key *k, struct ms_error *err)
{
	ESYS_TR parent = ESYS_TR_NONE;
	int r;

	k->object = k->session = ESYS_TR_NONE;
	k->session_used = false;
	r = load_in(k, &parent, err);
	if (r == 0 && wants_auth(k))
		r = set_auth(k, err);
	if (r == 0)
		note_handle(k);
	k->loaded = true;
	if (r < 0)
		tpm_key_unload(k);
	return r;
}

void tpm_key_unload(struct tpm_key *k)
{
	if (!k->loaded)
		return;
	k->object_handle = 0;
	tpm_flush(k->tpm, &k->session);
	if (k->first)
		tpm_let_go(k->tpm, &k->object);
	else
		tpm_flush(k->tpm, &k->object);
	k->loaded = false;
}
