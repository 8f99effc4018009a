/* SPDX-License-Identifier: Apache-2.0 */
/* A token initialised: its label, the SO PIN and the user's PIN set. */
#include "engines/pkcs11/init.h"

#include "engines/pkcs11/blank.h"
#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "engines/pkcs11/so.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/key/context.h"

#include <string.h>

struct init {
	struct ms_context *ctx;
	const struct ms_token_init *request;
	struct p11_uri *uri;	 /* NULL: none was given */
	struct p11_token *token; /* as it was, then as it is */
	char *target;		 /* what it is called in questions */
	struct p11_officer officer;
	struct secret *pin; /* the user's to be */
	bool initialised;
	struct ms_error *err;
};

/* -- the PINs ---------------------------------------------------------------------------- */

static bool has_pad(const struct p11_token *t)
{
	return t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH;
}

static int check_length(
	const struct p11_token *t, const char *what, const struct secret *pin, struct ms_error *err)
{
	CK_ULONG min = t->info.ulMinPinLen, max = t->info.ulMaxPinLen;

	if (!pin || (pin->len >= min && (pin->len <= max || max < min || max == 0)))
		return 0;
	return err_set(err, MS_ERR_PIN, "%s: the %s has to have %lu to %lu characters", t->name,
		what, min, max);
}

/* A token that is initialised wants the SO PIN that it has. */
static int get_so_pin(struct init *in)
{
	struct p11_token *t = in->token;
	const struct ms_pin_request request = {
		.kind = MS_PIN_SO, .target = in->target, .is_new = true
	};
	int r;

	in->officer.token = t;
	if (t->info.flags & CKF_TOKEN_INITIALIZED)
		return p11_officer_pin(&in->officer, in->err);
	in->officer.origin = "the reader's pad";
	if (has_pad(t))
		return 0;
	r = pin_get(in->ctx, &request, NULL, NULL, &in->officer.pin, &in->officer.origin, in->err);
	return r < 0 ? r : check_length(t, "SO PIN", in->officer.pin, in->err);
}

static int get_user_pin(struct init *in)
{
	struct p11_token *t = in->token;
	const struct ms_pin_request request = {
		.kind = MS_PIN_USER, .target = in->target, .is_new = true
	};
	const struct p11_uri *uri = in->uri;
	const char *origin;
	int r;

	if (has_pad(t))
		return 0;
	r = pin_get(in->ctx, &request, uri && uri->pin_value ? uri->pin_value->data : NULL,
		uri ? uri->pin_source : NULL, &in->pin, &origin, in->err);
	return r < 0 ? r : check_length(t, "PIN", in->pin, in->err);
}

/* -- the calls --------------------------------------------------------------------------- */

static int init_fn(void *arg)
{
	struct init *in = arg;
	struct p11_token *t = in->token;
	AUTO_SECRET struct secret *pin = in->officer.pin ? secret_dup(in->officer.pin) : NULL;
	CK_BYTE label[32];
	CK_RV rv;

	if (in->officer.pin && !pin)
		return err_nomem(in->err);
	memset(label, ' ', sizeof(label));
	memcpy(label, in->request->label, strlen(in->request->label));
	p11_session_close_idle(t);
	t->logged_in = false;
	t->ours = false;
	rv = P11_CALL(t->module, t->name, C_InitToken, t->slot,
		pin ? (CK_UTF8CHAR *)pin->data : NULL, pin ? pin->len : 0, label);
	if (rv == CKR_OK)
		return 0;
	ckr_err(in->err, rv, in->target, "C_InitToken");
	if (ckr_pin_refused(rv))
		err_append(in->err, "; the SO PIN came from %s", in->officer.origin);
	return in->err ? in->err->code : MS_ERR_TOKEN;
}

static int set_pin_fn(void *arg)
{
	struct init *in = arg;
	struct p11_token *t = in->token;
	AUTO_SECRET struct secret *pin = in->pin ? secret_dup(in->pin) : NULL;
	int r = in->pin && !pin ? err_nomem(in->err) : p11_officer_begin(&in->officer, in->err);
	CK_SESSION_HANDLE session = in->officer.session;
	CK_RV rv;

	if (r < 0)
		return r;
	rv = P11_CALL(t->module, t->name, C_InitPIN, session, pin ? (CK_UTF8CHAR *)pin->data : NULL,
		pin ? pin->len : 0);
	p11_officer_end(&in->officer);
	return rv == CKR_OK ? 0 : ckr_err(in->err, rv, t->name, "C_InitPIN");
}

static int rename_targets(struct init *in, const char *old, const char *name)
{
	if (pin_rename_target(in->ctx, old, name) < 0 ||
		pin_rename_target(in->ctx, in->target, name) < 0)
		return err_nomem(in->err);
	return 0;
}

/* Its name and serial number are new, its slot is not while the module is loaded. */
static int find_again(struct init *in)
{
	struct p11_token *old = in->token;
	struct p11_module *m = old->module;
	int r = p11_tokens_scan(m, in->err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < m->n_tokens; i++) {
		struct p11_token *t = m->tokens[i];

		if (t->slot != old->slot || !p11_token_usable(t))
			continue;
		in->token = t;
		in->officer.token = t;
		return rename_targets(in, old->name, t->name);
	}
	return err_set(in->err, MS_ERR_TOKEN, "%s does not show its token any more", m->place);
}

/* The user's PIN is kept, so that a key can be made now without being asked again. */
static int finish(struct init *in)
{
	struct p11_token *t = in->token;
	int r = p11_run(t->module, set_pin_fn, in, in->err);

	if (r < 0)
		return r;
	p11_token_keep_pin(t, STEAL(in->pin));
	return 0;
}

/* One that is not initialised has no name of its own yet. */
static char *name_target(const struct init *in)
{
	const struct p11_token *t = in->token;
	char *name = NULL;

	if (t->info.flags & CKF_TOKEN_INITIALIZED)
		return strdup(t->name);
	if (asprintf(&name, "the new token '%s' (%s, slot %lu)", in->request->label,
		    t->module->place, t->slot) < 0)
		return NULL;
	return name;
}

static int initialise(struct init *in, char **uri)
{
	int r;

	in->target = name_target(in);
	r = in->target ? get_so_pin(in) : err_nomem(in->err);
	if (r == 0)
		r = get_user_pin(in);
	if (r == 0)
		r = p11_run(in->token->module, init_fn, in, in->err);
	if (r < 0)
		return r;
	in->initialised = true;
	r = find_again(in);
	if (r == 0)
		r = finish(in);
	if (r < 0) {
		err_prefix(in->err, "the token '%s' was initialised, but it has no PIN yet",
			in->request->label);
		err_hint(in->err, "Initialise it again, with --force-erase.");
		return r;
	}
	*uri = p11_blank_uri(in->token, in->uri);
	return *uri ? 0 : err_nomem(in->err);
}

static int check_label(const char *label, struct ms_error *err)
{
	size_t len = strlen(label);

	if (len && len <= 32 && label[0] != ' ')
		return 0;
	return err_set(err, MS_ERR_USAGE, "a token's label has 1 to 32 bytes");
}

int p11_init_token(struct ms_context *ctx, const struct ms_token_init *request, char **uri,
	struct ms_error *err)
{
	struct ms_error own = { 0 };
	struct init in = { .ctx = ctx, .request = request, .err = &own };
	int r = check_label(request->label, &own);

	if (r == 0 && request->ref)
		r = p11_uri_parse(request->ref, &in.uri, &own);
	if (r == 0)
		r = p11_blank_find(ctx, in.uri, request, &in.token, &own);
	if (r == 0)
		r = initialise(&in, uri);
	p11_officer_release(&in.officer);
	secret_free(in.pin);
	free(in.target);
	p11_uri_free(in.uri);
	if (r < 0 && err)
		*err = own;
	return r;
}
