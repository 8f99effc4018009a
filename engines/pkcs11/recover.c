/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/recover.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "engines/pkcs11/login.h"
#include "engines/pkcs11/pubkey.h"
#include "engines/pkcs11/relogin.h"
#include "src/base/error.h"

#include <openssl/err.h>

struct loss {
	const struct ms_key *key;
	struct p11_key *priv;
	struct p11_token *token;
	struct p11_seen seen;
	CK_RV rv;
	CK_TOKEN_INFO info; /* fresh, when it was found there */
	bool renewed;       /* the login was */
	struct ms_error *err; /* never NULL */
};

struct p11_seen p11_look(const struct p11_key *k)
{
	struct p11_token *t = k->token;
	struct p11_seen seen;

	pthread_mutex_lock(&t->pool.lock);
	seen = (struct p11_seen){ k->handle, k->epoch != t->epoch, k->epoch, t->failures };
	pthread_mutex_unlock(&t->pool.lock);
	return seen;
}

static bool is_void_handle(CK_RV rv)
{
	return rv == CKR_KEY_HANDLE_INVALID || rv == CKR_OBJECT_HANDLE_INVALID;
}

/* Calls that fail in another session may do better there. */
static bool is_of_session(CK_RV rv)
{
	return rv == CKR_OPERATION_ACTIVE || rv == CKR_OPERATION_NOT_INITIALIZED ||
		ckr_session_gone(rv);
}

/* What modules say that do not know yet that the device is gone. */
static bool is_vague(CK_RV rv)
{
	return rv == CKR_DEVICE_ERROR || rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED;
}

bool p11_may_be_lost(CK_RV rv)
{
	return is_of_session(rv) || is_void_handle(rv) || is_vague(rv) ||
		rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_SLOT_ID_INVALID;
}

/* -- taking turns ------------------------------------------------------------------------ */

/* 1: this thread is to do it, until end(). Else another did: 0 well, or negative with its error. */
static int begin(struct loss *l)
{
	struct p11_token *t = l->token;
	struct p11_pool *pool = &t->pool;
	int r = 0;

	pthread_mutex_lock(&pool->lock);
	while (t->recovering && !watch_stuck(t->module->watch))
		p11_pool_wait(pool);
	if (t->recovering) {
		r = p11_stuck_err(t->module, l->err);
	} else if (t->failures != l->seen.failures || t->given_up) {
		*l->err = t->lost;
		r = t->lost.code;
	} else if (l->priv->epoch == l->seen.epoch) {
		t->recovering = true;
		r = 1;
	}
	pthread_mutex_unlock(&pool->lock);
	return r;
}

static void end(struct loss *l, bool lost)
{
	struct p11_token *t = l->token;
	struct p11_pool *pool = &t->pool;

	pthread_mutex_lock(&pool->lock);
	if (lost) {
		t->failures++;
		t->lost = *l->err;
		t->given_up = t->again;
	}
	t->recovering = false;
	pthread_cond_broadcast(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

/* -- the token --------------------------------------------------------------------------- */

static int find_token(struct loss *l)
{
	struct p11_token *t = l->token;
	struct ms_error why = { 0 };
	int r = p11_token_locate(t, &l->info, &why);

	if (r == 1)
		return 0;
	if (r == 0)
		err_append(l->err, "; it is in no slot of %s now", t->module->place);
	else
		err_append(l->err, "; and %s", why.message);
	err_hint(l->err, "Plug it in again (or restart its service) and run the command again; "
			 "modseal sign --keep-existing passes over what is signed.");
	return l->err->code;
}

/* `distrusted`: the token says that somebody is logged in, and does not let him sign. */
static int log_in(struct loss *l, CK_SESSION_HANDLE session, bool distrusted, CK_RV *rv)
{
	struct p11_token *t = l->token;
	bool user = false;
	int r = 0;

	*rv = p11_session_state(t, session, &user);
	if (*rv != CKR_OK)
		return ckr_err(l->err, *rv, t->name, "C_GetSessionInfo");
	l->renewed = l->priv->login && (!user || distrusted);
	if (l->renewed)
		r = p11_relogin(t, session, &l->info, user, l->err);
	if (r == 0)
		t->logged_in = user || l->renewed;
	return r;
}

static int connect(struct loss *l, bool distrusted)
{
	struct p11_token *t = l->token;
	CK_SESSION_HANDLE session;
	CK_RV rv = CKR_OK;
	int r = p11_session_get(t, &session, l->err);

	if (r < 0)
		return r;
	r = log_in(l, session, distrusted, &rv);
	if (rv == CKR_OK)
		p11_session_put(t, session);
	else
		p11_session_drop(t, session, rv);
	if (r == 0)
		p11_token_begin_epoch(t);
	return r;
}

/* 1: it was lost, and is back; 0: it was not; negative: it cannot be had back. */
static int mend(struct loss *l)
{
	bool user, alive, distrusted;
	int r = 0;

	if (is_vague(l->rv)) /* looking makes the module see */
		r = find_token(l);
	if (r < 0)
		return r;
	alive = p11_pool_clean(l->token, &user);
	distrusted = alive && user && l->rv == CKR_USER_NOT_LOGGED_IN &&
		!l->priv->always_authenticate;
	if (alive && (user || !l->priv->login) && !distrusted)
		return 0;
	if (!is_vague(l->rv))
		r = find_token(l);
	if (r == 0)
		r = connect(l, distrusted);
	if (r < 0)
		return r;
	context_notice(l->token->module->ctx, "%s: the %s lost, and renewed", l->token->name,
		l->renewed ? "login was" : "sessions were");
	return 1;
}

/* -- the key ----------------------------------------------------------------------------- */

/* 1; 0 if it is another key, or does not show. */
static int is_it(struct loss *l, struct p11_reader *reader, CK_OBJECT_HANDLE handle)
{
	EVP_PKEY *pub = NULL;
	int r = p11_public_half(reader, handle, l->priv->rsa ? CKK_RSA : CKK_EC, &pub);

	if (r == 1 && EVP_PKEY_eq(pub, l->key->pub) != 1) {
		ERR_clear_error();
		r = 0;
	}
	EVP_PKEY_free(pub);
	return r;
}

/* The key's URI holds the CKA_ID and CKA_LABEL that it has. */
static int search(struct loss *l, struct p11_reader *reader, CK_OBJECT_HANDLE *handle)
{
	AUTO_P11_URI struct p11_uri *uri = NULL;
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	struct p11_template tmpl;
	int r = p11_uri_parse(l->key->uri, &uri, reader->err);

	p11_template_init(&tmpl, CKO_PRIVATE_KEY);
	if (r == 0)
		r = p11_template_add_uri(&tmpl, uri, reader->err);
	if (r == 0)
		r = p11_find(reader, &tmpl, &found);
	for (size_t i = 0; i < found.n && r == 0; i++) {
		r = is_it(l, reader, found.list[i]);
		if (r == 1)
			*handle = found.list[i];
	}
	if (r != 0)
		return r;
	err_set(reader->err, MS_ERR_KEY, "%s: %s", l->key->uri,
		found.n ? "another key is there now by this name" : "the key is not there any more");
	err_hint(reader->err, "modseal keys lists what the token holds.");
	return MS_ERR_KEY;
}

static int find_key(struct loss *l)
{
	struct p11_token *t = l->token;
	struct p11_reader reader;
	CK_OBJECT_HANDLE handle = 0;
	int r = p11_reader_begin(&reader, t, l->err);

	if (r < 0)
		return r;
	r = search(l, &reader, &handle);
	p11_reader_end(&reader);
	if (r < 0)
		return r;
	pthread_mutex_lock(&t->pool.lock);
	l->priv->handle = handle;
	l->priv->epoch = t->epoch;
	pthread_mutex_unlock(&t->pool.lock);
	return 0;
}

/* -- all of it --------------------------------------------------------------------------- */

/* *lost: the token is what cannot be had back. */
static int look(struct loss *l, bool *lost)
{
	int r;

	if (!p11_pool_reserve(l->token))
		return p11_stuck_err(l->token->module, l->err);
	r = mend(l);
	*lost = r < 0;
	if (r < 0)
		return r;
	if (r == 1 || l->seen.stale || is_void_handle(l->rv))
		return find_key(l);
	return is_of_session(l->rv) ? 0 : l->err->code;
}

int p11_recover(const struct ms_key *key, struct p11_seen seen, CK_RV rv, struct ms_error *err)
{
	struct p11_key *k = key->priv;
	struct loss l = {
		.key = key, .priv = k, .token = k->token, .seen = seen, .rv = rv, .err = err
	};
	bool lost = false;
	int r = begin(&l);

	if (r <= 0)
		return r;
	r = look(&l, &lost);
	p11_pool_release(l.token);
	end(&l, lost);
	return r;
}
