/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/session.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "engines/pkcs11/token.h"

#include <string.h>

#define WAIT_NS 200000000 /* between looks whether the one that holds a session is stuck */

void p11_pool_init(struct p11_pool *pool)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->freed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&pool->lock, NULL);
	pool->max = P11_MAX_SESSIONS;
}

void p11_pool_destroy(struct p11_pool *pool)
{
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->lock);
}

unsigned p11_pool_limit(const CK_TOKEN_INFO *info)
{
	CK_ULONG max = info->ulMaxSessionCount;

	if (max == CK_EFFECTIVELY_INFINITE || max == CK_UNAVAILABLE_INFORMATION ||
		max > P11_MAX_SESSIONS)
		return P11_MAX_SESSIONS;
	return (unsigned)max;
}

unsigned p11_session_limit(const struct p11_token *token)
{
	return token->pool.max;
}

static CK_RV open_as(struct p11_token *t, CK_FLAGS flags, CK_SESSION_HANDLE *out)
{
	CK_SESSION_HANDLE session = 0;
	CK_RV rv;

	rv = P11_CALL(t->module, t->name, C_OpenSession, t->slot, CKF_SERIAL_SESSION | flags, NULL,
		NULL, &session);
	*out = session;
	return rv;
}

static CK_RV open_session(struct p11_token *t, CK_SESSION_HANDLE *out)
{
	return open_as(t, t->pool.rw ? CKF_RW_SESSION : 0, out);
}

CK_RV p11_session_open_rw(struct p11_token *t, CK_SESSION_HANDLE *session)
{
	return open_as(t, CKF_RW_SESSION, session);
}

/* The cond is timed because a session that a stuck call holds is never given back. */
void p11_pool_wait(struct p11_pool *pool)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += WAIT_NS;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	pthread_cond_timedwait(&pool->freed, &pool->lock, &ts);
}

static bool is_anothers(const struct p11_pool *pool)
{
	return pool->reserved && !pthread_equal(pool->reserved_for, pthread_self());
}

static bool must_wait(const struct p11_pool *pool)
{
	return is_anothers(pool) || (!pool->n_idle && pool->n_open >= pool->max);
}

/* An idle session (true), or the right to open one (false, *rv CKR_OK), or neither. */
static bool take_idle(struct p11_token *t, CK_SESSION_HANDLE *session, CK_RV *rv)
{
	struct p11_pool *pool = &t->pool;
	bool taken = false;

	*rv = CKR_OK;
	pthread_mutex_lock(&pool->lock);
	while (must_wait(pool) && !watch_stuck(t->module->watch))
		p11_pool_wait(pool);
	if (must_wait(pool)) {
		*rv = CKR_SESSION_COUNT;
	} else if (pool->n_idle) {
		*session = pool->idle[--pool->n_idle];
		taken = true;
	} else {
		pool->n_open++;
		pool->n_opening++;
	}
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

/* Ends what take_idle() allowed. Whether to try again: another's session is worth waiting for. */
static bool opened(struct p11_pool *pool, CK_RV rv)
{
	bool again = false;

	pthread_mutex_lock(&pool->lock);
	pool->n_opening--;
	if (rv != CKR_OK) {
		pool->n_open--;
		again = rv == CKR_SESSION_COUNT && pool->n_open > 0;
		if (again)
			pool->max = pool->n_open;
		pthread_cond_broadcast(&pool->freed);
	}
	pthread_mutex_unlock(&pool->lock);
	return again;
}

int p11_session_get(struct p11_token *t, CK_SESSION_HANDLE *session, struct ms_error *err)
{
	CK_RV rv;

	for (;;) {
		if (take_idle(t, session, &rv))
			return 0;
		if (rv != CKR_OK)
			return p11_stuck_err(t->module, err);
		rv = open_session(t, session);
		if (opened(&t->pool, rv))
			continue;
		return rv == CKR_OK ? 0 : ckr_err(err, rv, t->name, "C_OpenSession");
	}
}

bool p11_session_get_idle(struct p11_token *t, CK_SESSION_HANDLE *session)
{
	struct p11_pool *pool = &t->pool;
	bool taken;

	pthread_mutex_lock(&pool->lock);
	taken = pool->n_idle > 0 && !is_anothers(pool);
	if (taken)
		*session = pool->idle[--pool->n_idle];
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

void p11_session_close_idle(struct p11_token *t)
{
	CK_SESSION_HANDLE session;

	while (p11_session_get_idle(t, &session)) {
		(void)P11_CALL(t->module, t->name, C_CloseSession, session);
		p11_session_forget(t);
	}
}

void p11_session_put(struct p11_token *t, CK_SESSION_HANDLE session)
{
	struct p11_pool *pool = &t->pool;

	pthread_mutex_lock(&pool->lock);
	pool->idle[pool->n_idle++] = session;
	pthread_cond_broadcast(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

static void take_out(struct p11_pool *pool, bool closing)
{
	pthread_mutex_lock(&pool->lock);
	pool->n_open--;
	pool->n_closing -= closing;
	pthread_cond_broadcast(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

void p11_session_forget(struct p11_token *t)
{
	take_out(&t->pool, false);
}

/* Whether the session may be closed, because others stay open. */
static bool begin_closing(struct p11_pool *pool)
{
	bool others;

	pthread_mutex_lock(&pool->lock);
	others = pool->n_open - pool->n_opening - pool->n_closing > 1;
	pool->n_closing += others;
	pthread_mutex_unlock(&pool->lock);
	return others;
}

void p11_session_drop(struct p11_token *t, CK_SESSION_HANDLE session, CK_RV why)
{
	CK_SESSION_HANDLE other;

	if (begin_closing(&t->pool)) {
		(void)P11_CALL(t->module, t->name, C_CloseSession, session);
		take_out(&t->pool, true);
	} else if (open_session(t, &other) == CKR_OK) {
		if (other != session) /* as it may be called again, if the old one was gone */
			(void)P11_CALL(t->module, t->name, C_CloseSession, session);
		p11_session_put(t, other);
	} else if (ckr_session_gone(why)) {
		(void)P11_CALL(t->module, t->name, C_CloseSession, session);
		take_out(&t->pool, false);
	} else {
		p11_session_put(t, session);
	}
}

bool p11_pool_reserve(struct p11_token *t)
{
	struct p11_pool *pool = &t->pool;
	bool idle;

	pthread_mutex_lock(&pool->lock);
	pool->reserved = true;
	pool->reserved_for = pthread_self();
	while (pool->n_idle < pool->n_open && !watch_stuck(t->module->watch))
		p11_pool_wait(pool);
	idle = pool->n_idle == pool->n_open;
	pthread_mutex_unlock(&pool->lock);
	return idle;
}

void p11_pool_release(struct p11_token *t)
{
	struct p11_pool *pool = &t->pool;

	pthread_mutex_lock(&pool->lock);
	pool->reserved = false;
	pthread_cond_broadcast(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

bool p11_pool_clean(struct p11_token *t, bool *user)
{
	CK_SESSION_HANDLE session, living[P11_MAX_SESSIONS];
	unsigned n = 0;

	*user = false;
	while (p11_session_get_idle(t, &session)) {
		bool as_user;

		if (p11_session_state(t, session, &as_user) == CKR_OK) {
			living[n++] = session;
			*user = as_user;
			continue;
		}
		(void)P11_CALL(t->module, t->name, C_CloseSession, session);
		p11_session_forget(t);
	}
	for (unsigned i = 0; i < n; i++)
		p11_session_put(t, living[i]);
	return n > 0;
}

CK_RV p11_session_state(struct p11_token *t, CK_SESSION_HANDLE session, bool *user)
{
	CK_SESSION_INFO info;
	CK_RV rv;

	memset(&info, 0, sizeof(info));
	rv = P11_CALL(t->module, t->name, C_GetSessionInfo, session, &info);
	*user = rv == CKR_OK &&
		(info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
	return rv;
}
