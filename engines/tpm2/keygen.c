/* SPDX-License-Identifier: Apache-2.0 */
/* The `keygen` and `import_key` of struct engine. */
#include "engines/tpm2/keygen.h"

#include "engines/tpm2/create.h"
#include "engines/tpm2/import.h"
#include "engines/tpm2/key.h"
#include "engines/tpm2/parent.h"
#include "engines/tpm2/pcr_read.h"
#include "engines/tpm2/pubkey.h"
#include "engines/tpm2/record.h"
#include "engines/tpm2/ref.h"
#include "engines/tpm2/seal.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/key/pin.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct keygen {
	struct tpm *tpm;
	const char *ref;
	const struct ms_seal *request;
	enum ms_key_kind kind;
	const EVP_PKEY *outside; /* the key is there already, in software; NULL: it is to be made */
	TPM2_HANDLE handle; /* where it is to be persistent; 0: nowhere */
	char *path;	    /* where its file, or its record, is written */
	struct tpm_seal seal;
	struct secret *auth; /* NULL: none */
	struct tpm_keyfile *file;
	struct ms_error *err;
};

static int check_request(const struct keygen *g)
{
	const struct ms_seal *q = g->request;

	if ((q->policy_key || q->recovery_auth) && !q->pcrs)
		return err_set(g->err, MS_ERR_USAGE,
			"a policy key, or a recovery auth value, goes with PCRs");
	if (q->auth && q->recovery_auth)
		return err_set(g->err, MS_ERR_USAGE,
			"an auth value is either needed always or for recovery only");
	return 0;
}

/* A key file that is there is never written over: the key in it would be gone. keep() sees to it;
 * here it is told before there is a key. */
static int choose_path(struct keygen *g)
{
	struct stat st;

	if (g->handle)
		return tpm_record_path(g->handle, true, &g->path, g->err);
	g->path = strdup(g->ref);
	if (!g->path)
		return err_nomem(g->err);
	if (lstat(g->path, &st) < 0)
		return errno == ENOENT ? 0 : err_set_errno(g->err, MS_ERR_IO, errno, "%s", g->path);
	return tpm_keyfile_is_there(g->path, g->err);
}

/* What can fail at the TPM fails before anybody is asked for anything. */
static int look_fn(void *arg)
{
	struct keygen *g = arg;
	TPM2B_PUBLIC pub;
	int r = g->handle ? tpm_handle_is_free(g->tpm, g->handle, g->err) : 0;

	if (r == 0)
		r = tpm_pcrs_read(g->tpm, &g->seal.pcrs, g->err);
	if (r == 0 && g->seal.policy_key)
		r = tpm_public_of(g->seal.policy_key->pub, &pub, g->err);
	if (r == 0 && g->seal.policy_key)
		r = tpm_can_verify(g->tpm, &pub, g->err);
	return r;
}

static int make_seal(struct keygen *g)
{
	const struct ms_seal *q = g->request;
	int r = q->pcrs ? tpm_pcrs_parse(q->pcrs, &g->seal.pcrs, g->err) : 0;

	g->seal.auth = q->auth;
	g->seal.recovery = q->recovery_auth;
	g->seal.policy_key = q->policy_key;
	return r == 0 ? tpm_run(g->tpm, look_fn, g, g->err) : r;
}

static int ask_auth(struct keygen *g)
{
	AUTO_FREE char *target = NULL;
	const char *origin;
	struct ms_pin_request request = { .kind = MS_PIN_AUTH, .is_new = true };

	if (!g->request->auth && !g->request->recovery_auth)
		return 0;
	/* As in open.c: what was given for the new key serves it. */
	if (asprintf(&target, "TPM key %s", g->ref) < 0) {
		target = NULL;
		return err_nomem(g->err);
	}
	request.target = target;
	return pin_get(g->tpm->ctx, &request, NULL, NULL, &g->auth, &origin, g->err);
}

static int make_template(struct keygen *g, TPM2B_PUBLIC *pub)
{
	bool policy = tpm_seal_has_policy(&g->seal);

	if (g->outside)
		return tpm_import_template(g->outside, policy, g->auth, pub, g->err);
	tpm_create_template(g->kind, policy, g->auth, pub);
	return 0;
}

static int prepare_file(struct keygen *g)
{
	struct tpm_keyfile *file = calloc(1, sizeof(*file));

	if (!file)
		return err_nomem(g->err);
	g->file = file;
	file->parent = g->request->parent ? g->request->parent : TPM2_RH_OWNER;
	file->empty_auth = g->auth ? TPM_AUTH_NEEDED : TPM_AUTH_EMPTY;
	file->handle = g->handle;
	return make_template(g, &file->pub);
}

static int create_fn(void *arg)
{
	struct keygen *g = arg;

	return g->outside ? tpm_import(g->tpm, g->outside, g->auth, g->file, g->err)
			  : tpm_create(g->tpm, g->kind, g->auth, g->file, g->err);
}

static int persist_fn(void *arg)
{
	struct keygen *g = arg;

	return tpm_persist(g->tpm, g->file, g->handle, g->err);
}

/* The record first: a persistent key whose policy is not written down is of no use. It gets its name
 * only with the handle, which may have become another's meanwhile, and the record of that stays. */
static int keep_in_tpm(struct keygen *g)
{
	AUTO_FREE char *fresh = NULL;
	int r;

	if (asprintf(&fresh, "%s.%ld.new", g->path, (long)getpid()) < 0) {
		fresh = NULL;
		return err_nomem(g->err);
	}
	r = tpm_keyfile_write(fresh, g->file, g->err);
	if (r < 0)
		return r;
	r = tpm_run(g->tpm, persist_fn, g, g->err);
	if (r < 0)
		unlink(fresh);
	else if (rename(fresh, g->path) < 0)
		r = err_set_errno(g->err, MS_ERR_IO, errno,
			"the key at 0x%08x is made, but its record %s cannot be renamed to %s",
			g->handle, fresh, g->path);
	return r;
}

static int keep(struct keygen *g)
{
	int r = tpm_keyfile_note(g->file, g->err);

	if (r < 0)
		return r;
	return g->handle ? keep_in_tpm(g) : tpm_keyfile_write_new(g->path, g->file, g->err);
}

static int make(struct keygen *g)
{
	int r = check_request(g);

	if (r == 0)
		r = choose_path(g);
	if (r == 0)
		r = make_seal(g);
	if (r == 0)
		r = ask_auth(g);
	if (r == 0)
		r = prepare_file(g);
	if (r == 0)
		r = tpm_seal_make(&g->seal, g->file, g->err);
	if (r == 0)
		r = tpm_run(g->tpm, create_fn, g, g->err);
	return r == 0 ? keep(g) : r;
}

/* What an update will do to a key that is bound to bare values. */
static void tell(const struct keygen *g)
{
	if (g->seal.pcrs.n && !g->seal.policy_key && !g->seal.recovery)
		context_notice(g->tpm->ctx,
			"this key works only while the PCRs are as they were asked for: the first "
			"firmware, "
			"bootloader or dbx update that changes one of them ends it; --policy-key "
			"or "
			"--recovery-auth would let it go on");
}

static int make_and_open(
	struct ms_context *ctx, struct keygen *g, struct ms_key **key, struct ms_error *err)
{
	int r = 0;

	*key = NULL;
	g->err = err;
	if (tpm_ref_is_handle(g->ref))
		r = tpm_ref_handle_of_key(g->ref, &g->handle, err);
	if (r == 0)
		r = g->request->parent ? tpm_parent_check(g->request->parent, err) : 0;
	if (r == 0)
		r = tpm_get(ctx, &g->tpm, err);
	if (r == 0)
		r = make(g);
	if (r == 0) {
		tell(g);
		r = tpm_open_made(
			g->tpm, g->ref, g->handle, STEAL(g->file), STEAL(g->auth), key, err);
	}
	free(g->path);
	secret_free(g->auth);
	tpm_keyfile_free(g->file);
	return r;
}

int tpm_keygen(struct ms_context *ctx, const struct ms_keygen *request, struct ms_key **key,
	struct ms_error *err)
{
	struct keygen g = {
		.ref = request->ref, .request = &request->seal, .kind = request->kind
	};

	return make_and_open(ctx, &g, key, err);
}

int tpm_import_key(struct ms_context *ctx, const struct ms_import *request, const EVP_PKEY *pkey,
	struct ms_key **key, struct ms_error *err)
{
	struct keygen g = { .ref = request->ref, .request = &request->seal, .outside = pkey };

	return make_and_open(ctx, &g, key, err);
}
