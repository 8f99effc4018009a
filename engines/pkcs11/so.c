/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/so.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "src/base/error.h"

static int refused_before(const struct p11_token *t, struct ms_error *err)
{
	err_set(err, MS_ERR_PIN, "%s: an SO PIN was refused before, so none is tried again",
		t->name);
	err_hint(err, "Check the SO PIN, then start anew.");
	return MS_ERR_PIN;
}

int p11_officer_pin(struct p11_officer *o, struct ms_error *err)
{
	struct p11_token *t = o->token;
	const struct ms_pin_request request = {
		.kind = MS_PIN_SO,
		.target = t->name,
		.count_low = t->info.flags & CKF_SO_PIN_COUNT_LOW,
		.final_try = t->info.flags & CKF_SO_PIN_FINAL_TRY,
	};

	if (t->so_bad)
		return refused_before(t, err);
	if (t->info.flags & CKF_SO_PIN_LOCKED)
		return ckr_err(err, CKR_PIN_LOCKED, t->name, "CKF_SO_PIN_LOCKED");
	o->origin = "the reader's pad";
	if (t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH)
		return 0;
	if (!t->so_pin)
		return pin_get(t->module->ctx, &request, NULL, NULL, &o->pin, &o->origin, err);
	o->origin = "before";
	o->pin = secret_dup(t->so_pin);
	return o->pin ? 0 : err_nomem(err);
}

/* SO and user exclude each other, and the SO wants no read-only session beside it. */
static void make_way(struct p11_token *t)
{
	CK_SESSION_HANDLE session;

	if (p11_session_get_idle(t, &session)) {
		if (t->logged_in)
			(void)P11_CALL(t->module, t->name, C_Logout, session);
		p11_session_put(t, session);
	}
	p11_session_close_idle(t);
	t->logged_in = false;
	t->ours = false;
}

static CK_RV log_in(const struct p11_officer *o)
{
	struct p11_token *t = o->token;
	CK_SESSION_HANDLE session = o->session;
	AUTO_SECRET struct secret *pin = o->pin ? secret_dup(o->pin) : NULL;

	if (!o->pin)
		return P11_CALL_AS(
			t->module, t->name, P11_PAD_LOGIN, C_Login, session, CKU_SO, NULL, 0);
	if (!pin)
		return CKR_HOST_MEMORY;
	return P11_CALL(
		t->module, t->name, C_Login, session, CKU_SO, (CK_UTF8CHAR *)pin->data, pin->len);
}

static int judge(struct p11_officer *o, CK_RV rv, struct ms_error *err)
{
	struct p11_token *t = o->token;

	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
		if (o->pin && !t->so_pin)
			t->so_pin = secret_dup(o->pin); /* without it, it is asked for again */
		return 0;
	}
	(void)P11_CALL(t->module, t->name, C_CloseSession, o->session);
	ckr_err(err, rv, t->name, "C_Login of the security officer");
	if (!ckr_pin_refused(rv))
		return err ? err->code : MS_ERR_TOKEN;
	t->so_bad = true;
	err_append(err, "; the SO PIN came from %s", o->origin);
	return MS_ERR_PIN;
}

int p11_officer_begin(struct p11_officer *o, struct ms_error *err)
{
	CK_RV rv;

	make_way(o->token);
	rv = p11_session_open_rw(o->token, &o->session);
	if (rv != CKR_OK)
		return ckr_err(err, rv, o->token->name, "C_OpenSession");
	return judge(o, log_in(o), err);
}

void p11_officer_end(struct p11_officer *o)
{
	struct p11_token *t = o->token;

	(void)P11_CALL(t->module, t->name, C_Logout, o->session);
	(void)P11_CALL(t->module, t->name, C_CloseSession, o->session);
}

void p11_officer_release(struct p11_officer *o)
{
	secret_free(o->pin);
	o->pin = NULL;
}
