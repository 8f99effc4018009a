/* SPDX-License-Identifier: Apache-2.0 */
/* From a reference to a key that signs. */
#include "engines/tpm2/key.h"
#include "engines/tpm2/parent.h"
#include "engines/tpm2/pubkey.h"
#include "engines/tpm2/record.h"
#include "engines/tpm2/ref.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <string.h>

/* Signatures handed to the key at once: one under way and the next in line for each lane (lanes.h). */
#define PARALLEL 4

static void tpm_key_free(struct tpm_key *k)
{
	if (!k || (k->tpm && watch_stuck(k->tpm->watch)))
		return;
	secret_free(k->auth);
	tpm_keyfile_free(k->file);
	free(k->name);
	free(k);
}

static struct tpm_key *tpm_key_new(const char *ref)
{
	struct tpm_key *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->object = k->session = ESYS_TR_NONE;
	k->auth_origin = "keygen";
	if (asprintf(&k->name, "TPM key %s", ref) >= 0)
		return k;
	free(k);
	return NULL;
}

/* Takes k over, also on failure. */
static int wrap(struct tpm_key *k, const char *ref, struct ms_key **out, struct ms_error *err)
{
	EVP_PKEY *pub;
	struct ms_key *key;
	int r = tpm_pubkey(&k->pub.publicArea, &pub, err);

	if (r < 0) {
		err_prefix(err, "%s", k->name);
		tpm_key_free(k);
		return r;
	}
	key = key_new(&tpm_key_ops, pub, ref, k->name);
	if (!key) {
		tpm_key_free(k);
		return err_nomem(err);
	}
	key->priv = k;
	key->hardware = k->pub.publicArea.objectAttributes & TPMA_OBJECT_FIXEDTPM;
	key->parallel = PARALLEL;
	key->apart = true;
	if (k->file && k->file->cert) {
		key->cert = k->file->cert;
		X509_up_ref(key->cert);
	}
	*out = key;
	return 0;
}

struct looking {
	struct tpm_key *key;
	struct ms_error *err;
};

static int look_fn(void *arg)
{
	struct looking *l = arg;
	struct tpm_key *k = l->key;
	ESYS_TR object = ESYS_TR_NONE;
	TSS2_RC rc = TPM_CALL(k->tpm, TR_FromTPMPublic, k->handle, ESYS_TR_NONE, ESYS_TR_NONE,
		ESYS_TR_NONE, &object);
	int r = rc == TSS2_RC_SUCCESS ? tpm_read_public(k->tpm, object, &k->pub, NULL, l->err)
				      : tpm_err(k->tpm, rc, "TPM2_ReadPublic", l->err);

	tpm_flush(k->tpm, &object);
	return r;
}

/* The public area of a persistent key, and what was noted when it was made. */
static int look_at_handle(struct tpm_key *k, struct ms_error *err)
{
	struct looking l = { k, err };
	int r = tpm_run(k->tpm, look_fn, &l, err);

	if (r < 0) {
		err_prefix(err, "%s", k->name);
		return r;
	}
	return tpm_record_find(k->tpm->ctx, k->handle, &k->pub, &k->file, err);
}

/* Takes k over, also on failure. `made`: just now. */
static int finish(
	struct tpm_key *k, const char *ref, bool made, struct ms_key **key, struct ms_error *err)
{
	int r = tpm_key_check(k, err);
	struct ms_key *out = NULL;
	bool unsatisfied;

	if (r < 0) {
		tpm_key_free(k);
		return r;
	}
	r = wrap(k, ref, &out, err);
	if (r < 0)
		return r;
	r = tpm_key_unlock(k, &unsatisfied, err);
	if (r < 0 && made && unsatisfied && k->ways.n) {
		k->way = &k->ways.list[0];
		r = 0;
	}
	if (r < 0) {
		ms_key_free(out);
		return r;
	}
	*key = out;
	return 0;
}

static int open_handle(
	struct ms_context *ctx, const char *ref, struct ms_key **key, struct ms_error *err)
{
	struct tpm_key *k = tpm_key_new(ref);
	int r = k ? tpm_ref_handle_of_key(ref, &k->handle, err) : err_nomem(err);

	if (r == 0)
		r = tpm_get(ctx, &k->tpm, err);
	if (r == 0)
		r = look_at_handle(k, err);
	if (r == 0)
		return finish(k, ref, false, key, err);
	tpm_key_free(k);
	return r;
}

int tpm_open_made(struct tpm *tpm, const char *ref, TPM2_HANDLE handle, struct tpm_keyfile *file,
	struct secret *auth, struct ms_key **key, struct ms_error *err)
{
	struct tpm_key *k = tpm_key_new(ref);

	if (!k) {
		tpm_keyfile_free(file);
		secret_free(auth);
		return err_nomem(err);
	}
	k->tpm = tpm;
	k->handle = handle;
	k->file = file;
	k->pub = file->pub;
	k->auth = auth;
	return finish(k, ref, true, key, err);
}

static int open_file(
	struct ms_context *ctx, const char *path, struct ms_key **key, struct ms_error *err)
{
	struct tpm_key *k = tpm_key_new(path);
	int r = k ? tpm_keyfile_read(path, &k->file, err) : err_nomem(err);

	if (r == 0) {
		k->pub = k->file->pub;
		r = tpm_get(ctx, &k->tpm, err);
	}
	if (r == 0)
		return finish(k, path, false, key, err);
	tpm_key_free(k);
	return r;
}

int tpm_open_key(struct ms_context *ctx, const char *ref, struct ms_key **key, struct ms_error *err)
{
	tpm_silence(ctx);
	return tpm_ref_is_handle(ref) ? open_handle(ctx, ref, key, err)
				      : open_file(ctx, ref, key, err);
}
