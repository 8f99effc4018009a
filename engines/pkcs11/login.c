/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/login.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <string.h>

static bool has_pad(const struct p11_token *t)
{
	return t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH;
}

static int refused_before(const struct p11_token *t, struct ms_error *err)
{
	err_set(err, MS_ERR_PIN, "%s: a PIN was refused before, so none is tried again", t->name);
	err_hint(err, "Check the PIN, then start anew.");
	return MS_ERR_PIN;
}

/* -- the PIN ----------------------------------------------------------------------------- */

/* What pin_get() does for PINs that come through us. */
static int check_pad(struct p11_token *t, const struct ms_pin_request *request,
	struct ms_error *err)
{
	struct ms_context *ctx = t->module->ctx;

	if (request->final_try && !ctx->pins.final_try_allowed) {
		err_set(err, MS_ERR_PIN, "%s: one more wrong PIN locks it, so none was tried",
			t->name);
		err_hint(err, "If you are sure of the PIN, add --pin-final-try.");
		return MS_ERR_PIN;
	}
	if (request->final_try || request->count_low)
		context_notice(ctx, "%s: a wrong PIN was entered before; %s", t->name,
			request->final_try ? "one more locks it" : "few tries are left");
	context_notice(ctx, "%s: enter the PIN on the reader's pad", t->name);
	return 0;
}

/* *pin stays NULL if it is entered at a pad. The token's flags must be fresh. */
static int get_pin(struct p11_token *t, const struct p11_uri *uri, struct secret **pin,
	const char **origin, struct ms_error *err)
{
	const struct ms_pin_request request = {
		.kind = MS_PIN_USER,
		.target = t->name,
		.count_low = t->info.flags & CKF_USER_PIN_COUNT_LOW,
		.final_try = t->info.flags & CKF_USER_PIN_FINAL_TRY,
	};
	int r;

	if (p11_pin_was_refused(t->module, t->name) || t->pin_bad)
		return refused_before(t, err);
	if (t->info.flags & CKF_USER_PIN_LOCKED)
		return ckr_err(err, CKR_PIN_LOCKED, t->name, "CKF_USER_PIN_LOCKED");
	*origin = "the reader's pad";
	if (has_pad(t))
		return check_pad(t, &request, err);
	r = pin_get(t->module->ctx, &request, uri && uri->pin_value ? uri->pin_value->data : NULL,
		uri ? uri->pin_source : NULL, pin, origin, err);
	if (r < 0)
		return r;
	if ((*pin)->len)
		return 0;
	secret_free(*pin);
	*pin = NULL;
	return err_set(err, MS_ERR_PIN, "%s: %s is empty, so it was not tried as a PIN", t->name,
		*origin);
}

/* -- user login -------------------------------------------------------------------------- */

struct login {
	struct p11_token *token;
	const struct secret *pin;
	const char *origin;
	bool refused; /* this PIN must not be given again */
	struct ms_error *err;
};

/* Finds out whether a login is needed: fresh flags, and what the token says of our session. If it
 * would be asked only when C_Login says CKR_USER_ALREADY_LOGGED_IN, a wrong PIN could not be told
 * from a right one. */
static int prepare_fn(void *arg)
{
	struct login *login = arg;
	struct p11_token *t = login->token;
	CK_SESSION_HANDLE session;
	bool user = false;
	CK_RV rv;
	int r = p11_token_refresh(t, login->err);

	if (r < 0)
		return r;
	r = p11_session_get(t, &session, login->err);
	if (r < 0)
		return r;
	rv = p11_session_state(t, session, &user);
	if (rv != CKR_OK) {
		p11_session_drop(t, session, rv);
		return ckr_err(login->err, rv, t->name, "C_GetSessionInfo");
	}
	p11_session_put(t, session);
	t->logged_in = user;
	return 0;
}

void p11_pin_append_outlook(CK_FLAGS flags, struct ms_error *err)
{
	if (flags & CKF_USER_PIN_LOCKED)
		err_append(err, ". The PIN is locked now");
	else if (flags & CKF_USER_PIN_FINAL_TRY)
		err_append(err, ". One more wrong PIN locks the token");
}

static int refused(struct login *login, CK_RV rv)
{
	struct p11_token *t = login->token;

	ckr_err(login->err, rv, t->name, "C_Login");
	err_append(login->err, "; it came from %s", login->origin);
	if (p11_token_refresh(t, NULL) == 0)
		p11_pin_append_outlook(t->info.flags, login->err);
	return MS_ERR_PIN;
}

static int judge(struct login *login, CK_SESSION_HANDLE session, CK_RV rv)
{
	struct p11_token *t = login->token;
	bool user = false;

	if (rv == CKR_OK) {
		t->logged_in = true;
		t->ours = true;
		p11_token_begin_epoch(t);
		return 0;
	}
	/* Another program part logged in since prepare_fn() looked. */
	if (rv == CKR_USER_ALREADY_LOGGED_IN && p11_session_state(t, session, &user) == CKR_OK &&
		user) {
		t->logged_in = true;
		return 0;
	}
	if (ckr_pin_refused(rv))
		return refused(login, rv);
	return ckr_err(login->err, rv, t->name, "C_Login");
}

CK_RV p11_call_login(struct p11_token *t, CK_SESSION_HANDLE session, CK_USER_TYPE user,
	struct secret *pin)
{
	if (!pin)
		return P11_CALL_AS(t->module, t->name, P11_PAD_LOGIN, C_Login, session, user, NULL,
			0);
	return P11_CALL(t->module, t->name, C_Login, session, user, (CK_UTF8CHAR *)pin->data,
		pin->len);
}

static int login_fn(void *arg)
{
	struct login *login = arg;
	struct p11_token *t = login->token;
	AUTO_SECRET struct secret *pin = login->pin ? secret_dup(login->pin) : NULL;
	CK_SESSION_HANDLE session;
	CK_RV rv;
	int r;

	if (login->pin && !pin)
		return err_nomem(login->err);
	r = p11_session_get(t, &session, login->err);
	if (r < 0)
		return r;
	rv = p11_call_login(t, session, CKU_USER, pin);
	login->refused = ckr_pin_refused(rv);
	r = judge(login, session, rv);
	if (r == 0 || login->refused)
		p11_session_put(t, session);
	else
		p11_session_drop(t, session, rv);
	return r;
}

/* The one that is kept if the login was given up meanwhile (for the security officer's). */
static int login_pin(struct p11_token *t, const struct p11_uri *uri, struct secret **pin,
	const char **origin, struct ms_error *err)
{
	if (!t->pin || t->pin_bad || has_pad(t) || (t->info.flags & P11_PIN_AT_RISK))
		return get_pin(t, uri, pin, origin, err);
	*origin = "before";
	*pin = secret_dup(t->pin);
	return *pin ? 0 : err_nomem(err);
}

int p11_login(struct p11_token *t, const struct p11_uri *uri, struct ms_error *err)
{
	AUTO_SECRET struct secret *pin = NULL;
	struct login login = { .token = t, .err = err };
	int r;

	if (!p11_token_closed(t))
		return 0;
	r = p11_run(t->module, prepare_fn, &login, err);
	if (r < 0 || t->logged_in)
		return r;
	r = login_pin(t, uri, &pin, &login.origin, err);
	if (r < 0)
		return r;
	login.pin = pin;
	r = p11_run(t->module, login_fn, &login, err);
	if (login.refused && p11_remember_refusal(t->module, t->name) < 0)
		return err_nomem(err);
	if (r < 0)
		return r;
	p11_token_keep_pin(t, STEAL(pin));
	pthread_mutex_lock(&t->pool.lock);
	t->again = false;
	t->given_up = false;
	pthread_mutex_unlock(&t->pool.lock);
	return 0;
}

/* -- a PIN for each signature ------------------------------------------------------------ */

int p11_pin_hold(struct p11_token *t, const struct p11_uri *uri, bool each,
	struct ms_error *err)
{
	AUTO_SECRET struct secret *pin = NULL;
	struct login login = { .token = t, .err = err };
	const char *origin;
	int r;

	if (each && !t->pin && !has_pad(t)) {
		r = p11_run(t->module, prepare_fn, &login, err);
		if (r == 0)
			r = get_pin(t, uri, &pin, &origin, err);
		if (r < 0)
			return r;
		p11_token_keep_pin(t, STEAL(pin));
	}
	pthread_mutex_lock(&t->pool.lock);
	t->pin_users++;
	pthread_mutex_unlock(&t->pool.lock);
	return 0;
}

void p11_pin_wipe(struct p11_token *t)
{
	pthread_mutex_lock(&t->pool.lock);
	if (!t->pin_users) {
		secret_free(t->pin);
		t->pin = NULL;
	}
	pthread_mutex_unlock(&t->pool.lock);
}

void p11_pin_release(struct p11_token *t)
{
	pthread_mutex_lock(&t->pool.lock);
	t->pin_users--;
	pthread_mutex_unlock(&t->pool.lock);
	p11_pin_wipe(t);
}

/* One context login at a time, so that no second thread gives a PIN that is being refused. */
static int begin_context(struct p11_token *t, struct secret **pin, struct ms_error *err)
{
	struct p11_pool *pool = &t->pool;
	int r = 0;

	pthread_mutex_lock(&pool->lock);
	while (t->pin_trying && !watch_stuck(t->module->watch))
		p11_pool_wait(pool);
	if (t->pin_trying)
		r = p11_stuck_err(t->module, err);
	else if (t->pin_bad)
		r = refused_before(t, err);
	else if (t->pin && !(*pin = secret_dup(t->pin)))
		r = err_nomem(err);
	else
		t->pin_trying = true;
	pthread_mutex_unlock(&pool->lock);
	return r;
}

static void end_context(struct p11_token *t, CK_RV rv)
{
	struct p11_pool *pool = &t->pool;

	pthread_mutex_lock(&pool->lock);
	t->pin_trying = false;
	if (ckr_pin_refused(rv))
		t->pin_bad = true;
	pthread_cond_broadcast(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

int p11_context_login(struct p11_token *t, CK_SESSION_HANDLE session, CK_RV *rv,
	struct ms_error *err)
{
	AUTO_SECRET struct secret *pin = NULL;
	int r = begin_context(t, &pin, err);
	CK_RV answer;

	*rv = CKR_OK;
	if (r < 0)
		return r;
	answer = p11_call_login(t, session, CKU_CONTEXT_SPECIFIC, pin);
	end_context(t, answer);
	/* Where the token holds the user for logged in, C_Sign decides. */
	if (answer == CKR_OK || answer == CKR_USER_ALREADY_LOGGED_IN)
		return 0;
	*rv = answer;
	return ckr_err(err, answer, t->name, "C_Login for this signature");
}
