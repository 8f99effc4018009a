/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/list.h"

#include "engines/engine.h"
#include "engines/tpm2/info.h"
#include "engines/tpm2/key.h"
#include "engines/tpm2/parent.h"
#include "engines/tpm2/rc.h"
#include "engines/tpm2/record.h"
#include "engines/tpm2/ref.h"
#include "engines/tpm2/session.h"
#include "engines/tpm2/words.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <string.h>

#define MAX_KEYS  64
#define FIRST_KEY 0x81000000U /* TPM2_PERSISTENT_FIRST shifts an int too far */

struct listing {
	struct tpm *tpm;
	TPM2_HANDLE wanted; /* 0: all */
	TPM2_HANDLE handles[MAX_KEYS];
	TPM2B_PUBLIC pubs[MAX_KEYS];
	size_t n;
	struct ms_error *err;
};

/* -- what the TPM has ----------------------------------------------------------------------- */

/* One that is removed just now is left out. */
static int read_key(struct listing *l, TPM2_HANDLE handle)
{
	ESYS_TR object = ESYS_TR_NONE;
	TSS2_RC rc;
	int r;

	if (l->n == MAX_KEYS || (l->wanted && l->wanted != handle))
		return 0;
	rc = TPM_CALL(l->tpm, TR_FromTPMPublic, handle, TPM_NO_SESSIONS, &object);
	if (tpm_rc(rc) == TPM2_RC_HANDLE)
		return 0;
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(l->tpm, rc, "TPM2_ReadPublic", l->err);
	l->handles[l->n] = handle;
	r = tpm_read_public(l->tpm, object, &l->pubs[l->n], NULL, l->err);
	tpm_flush(l->tpm, &object);
	if (r == 0)
		l->n++;
	return r;
}

static int read_fn(void *arg)
{
	struct listing *l = arg;
	TPMS_CAPABILITY_DATA *data;
	TPML_HANDLE handles;
	TSS2_RC rc = tpm_capability(l->tpm, TPM2_CAP_HANDLES, FIRST_KEY, MAX_KEYS, &data);
	int r = 0;

	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(l->tpm, rc, "TPM2_GetCapability", l->err);
	handles = data->data.handles;
	Esys_Free(data);
	for (UINT32 i = 0; i < handles.count && r == 0; i++)
		r = read_key(l, handles.handle[i]);
	return r;
}

/* -- put into words ------------------------------------------------------------------------- */

static enum ms_answer answer(TPMA_OBJECT attributes, TPMA_OBJECT bits)
{
	return (attributes & bits) == bits ? MS_YES : MS_NO;
}

static char *note_of(const struct tpm_keyfile *file)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < file->policy.n; i++) {
		AUTO_FREE char *step = tpm_step_text(
			&file->policy.steps[i], file->pub.publicArea.nameAlg, &file->pcrs);

		if (!step || buf_add(&out, ", ", i ? 2 : 0) < 0 ||
			buf_add(&out, step, strlen(step)) < 0)
			goto fail;
	}
	if (buf_add(&out, "", 1) == 0)
		return (char *)out.data;
fail:
	buf_free(&out);
	return NULL;
}

/* What the key wants: of the TPM's own knowledge only the digest. */
static char *policy_text(struct ms_context *ctx, TPM2_HANDLE handle, const TPM2B_PUBLIC *pub)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = NULL;
	const TPM2B_DIGEST *digest = &pub->publicArea.authPolicy;

	if (!digest->size)
		return NULL;
	if (tpm_record_find(ctx, handle, pub, &file, NULL) == 0 && file && file->policy.n)
		return note_of(file);
	return tpm_hex(digest->buffer, digest->size);
}

static int add_key(struct listing *l, size_t i, struct ms_token *token, struct ms_error *err)
{
	const TPM2B_PUBLIC *pub = &l->pubs[i];
	TPMA_OBJECT bits = pub->publicArea.objectAttributes;
	struct tpm_key key = { .name = "", .pub = *pub };
	struct ms_object *o = token_add_object(token);

	if (!o)
		return err_nomem(err);
	o->kind = MS_OBJECT_PRIVATE_KEY;
	if (asprintf(&o->uri, "handle:0x%08x", l->handles[i]) < 0)
		o->uri = NULL;
	o->label = strdup(o->uri ? o->uri + strlen("handle:") : "");
	o->type = tpm_type_text(&pub->publicArea, &o->bits);
	o->attributes = tpm_attributes_text(bits);
	o->policy = policy_text(l->tpm->ctx, l->handles[i], pub);
	o->sensitive = MS_YES;
	o->extractable = answer(bits, TPMA_OBJECT_FIXEDTPM) == MS_YES ? MS_NO : MS_YES;
	o->never_extractable = answer(bits, TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT);
	o->local = answer(bits, TPMA_OBJECT_SENSITIVEDATAORIGIN);
	o->sign = tpm_key_check(&key, NULL) == 0 ? MS_YES : MS_NO;
	return o->uri && o->label && o->type && o->attributes &&
			(o->policy || !pub->publicArea.authPolicy.size)
		? 0
		: err_nomem(err);
}

static int fill_token(const struct tpm *tpm, struct ms_token *token, struct ms_error *err)
{
	token->initialised = true;
	token->label = strdup("TPM 2.0");
	token->uri = strdup("handle:");
	token->module = strdup(tpm->conf);
	token->manufacturer = strdup(tpm->manufacturer);
	token->model = strdup(tpm->vendor);
	return token->label && token->uri && token->module && token->manufacturer && token->model
		? 0
		: err_nomem(err);
}

static int add_problem(struct ms_context *ctx, struct ms_token_list *list,
	const struct ms_error *why, struct ms_error *err)
{
	struct ms_token *token = token_list_add(list);

	if (!token)
		return err_nomem(err);
	token->module = strdup(ctx->tcti ? ctx->tcti : "TPM");
	token->problem = strdup(why->message);
	return token->module && token->problem ? 0 : err_nomem(err);
}

int tpm_list(struct ms_context *ctx, const char *filter, bool login, struct ms_token_list *list,
	struct ms_error *err)
{
	struct ms_error why = { 0 };
	struct listing *l = calloc(1, sizeof(*l));
	struct ms_token *token;
	int r = l ? 0 : err_nomem(err);

	/* A machine without a TPM, or a user who may not use it, is nothing to tell of unasked. */
	if (r < 0 || (!filter && !tpm_is_there(ctx))) {
		free(l);
		return r;
	}
	l->err = &why;
	r = filter ? tpm_ref_handle(filter, &l->wanted, err) : 0;
	if (r < 0) {
		free(l);
		return r;
	}
	if (tpm_get(ctx, &l->tpm, &why) < 0 || tpm_run(l->tpm, read_fn, l, &why) < 0) {
		r = add_problem(ctx, list, &why, err);
	} else {
		token = token_list_add(list);
		r = token ? fill_token(l->tpm, token, err) : err_nomem(err);
		for (size_t i = 0; i < l->n && r == 0; i++)
			r = add_key(l, i, token, err);
	}
	if (!why.code || why.code != MS_ERR_TIMEOUT) /* else what is stuck may look at it */
		free(l);
	return r;
}
