/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/change.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "engines/pkcs11/login.h"
#include "engines/pkcs11/so.h"
#include "src/base/error.h"

void p11_change_intended(struct p11_token *t)
{
	pthread_mutex_lock(&t->pool.lock);
	if (!t->pool.n_open)
		t->pool.rw = true;
	pthread_mutex_unlock(&t->pool.lock);
}

/* Out of the pool if its sessions can write, else one of its own. */
struct writer {
	struct p11_token *token;
	CK_SESSION_HANDLE session;
	bool of_pool;
};

static int writer_begin(struct writer *w, struct ms_error *err)
{
	CK_RV rv;

	w->of_pool = w->token->pool.rw;
	if (w->of_pool)
		return p11_session_get(w->token, &w->session, err);
	rv = p11_session_open_rw(w->token, &w->session);
	return rv == CKR_OK ? 0 : ckr_err(err, rv, w->token->name, "C_OpenSession");
}

static void writer_end(struct writer *w, CK_RV rv)
{
	struct p11_token *t = w->token;

	if (!w->of_pool)
		(void)P11_CALL(t->module, t->name, C_CloseSession, w->session);
	else if (rv == CKR_OK)
		p11_session_put(t, w->session);
	else
		p11_session_drop(t, w->session, rv);
}

struct attempt {
	struct p11_change *change;
	struct p11_officer officer;
	struct ms_error *err;
};

static int answer(struct attempt *a)
{
	struct p11_change *c = a->change;

	return c->rv == CKR_OK ? 0 : ckr_err(a->err, c->rv, c->token->name, c->call);
}

static int user_fn(void *arg)
{
	struct attempt *a = arg;
	struct p11_change *c = a->change;
	struct writer w = { .token = c->token };
	int r = writer_begin(&w, a->err);

	if (r < 0)
		return r;
	c->rv = c->make(c, w.session);
	writer_end(&w, c->rv);
	return answer(a);
}

static int officer_fn(void *arg)
{
	struct attempt *a = arg;
	struct p11_change *c = a->change;
	int r = p11_officer_begin(&a->officer, a->err);

	if (r < 0)
		return r;
	c->officer = true;
	c->rv = c->make(c, a->officer.session);
	p11_officer_end(&a->officer);
	return answer(a);
}

int p11_change(struct p11_change *c, const struct p11_uri *uri, struct ms_error *err)
{
	struct p11_token *t = c->token;
	struct attempt a = { .change = c, .officer.token = t, .err = err };
	int r = p11_run(t->module, user_fn, &a, err);

	/* It is this code that the standard has for a login of the wrong kind. */
	if (r == 0 || c->rv != CKR_USER_TYPE_INVALID)
		return r;
	r = p11_officer_pin(&a.officer, err);
	if (r == 0)
		r = p11_run(t->module, officer_fn, &a, err);
	p11_officer_release(&a.officer);
	return r < 0 ? r : p11_login(t, uri, err);
}
