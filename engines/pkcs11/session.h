/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions that we hold on a token: one for each call under way, as many as the token gives.
 * They are opened when they are needed and kept, also because a login lasts only while a session
 * is open. All functions but the last are for inside p11_run().
 */
#ifndef MODSEAL_ENGINES_PKCS11_SESSION_H
#define MODSEAL_ENGINES_PKCS11_SESSION_H

#include <modseal/error.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdbool.h>

#define P11_MAX_SESSIONS 64

struct p11_token;

struct p11_pool {
	pthread_mutex_t lock; /* never held over a call into the module */
	pthread_cond_t freed;
	CK_SESSION_HANDLE idle[P11_MAX_SESSIONS];
	unsigned n_idle;
	unsigned n_open; /* idle, in use, being opened or closed */
	unsigned n_opening, n_closing; /* of these */
	unsigned max;    /* the token gives no more */
	bool reserved;   /* all are for this thread */
	pthread_t reserved_for;
	bool rw;         /* the sessions are read/write; set it while none is open */
};

void p11_pool_init(struct p11_pool *pool);
void p11_pool_destroy(struct p11_pool *pool);
/* Waits, with the lock held, until something is freed or a moment is over. */
void p11_pool_wait(struct p11_pool *pool);
/* How many sessions a token with this CK_TOKEN_INFO may give us. */
unsigned p11_pool_limit(const CK_TOKEN_INFO *info);

/* A session that nobody else uses; waits for one when the token gives no more. */
int p11_session_get(struct p11_token *token, CK_SESSION_HANDLE *session, struct ms_error *err);
/* One that is open and idle, if there is one. */
bool p11_session_get_idle(struct p11_token *token, CK_SESSION_HANDLE *session);
/* After p11_session_get_idle(), when the token does not know it any more. */
void p11_session_forget(struct p11_token *token);
void p11_session_put(struct p11_token *token, CK_SESSION_HANDLE session);
/*
 * Instead of p11_session_put() when a call in it failed (`why`): it is closed. The last one is
 * replaced by another first, and kept if the token gives no other: the login goes with it.
 */
void p11_session_drop(struct p11_token *token, CK_SESSION_HANDLE session, CK_RV why);

/* Closes all idle sessions, and the login with them if no other is open. */
void p11_session_close_idle(struct p11_token *token);
/* One that may write, outside the pool: *session, to be closed by the caller. */
CK_RV p11_session_open_rw(struct p11_token *token, CK_SESSION_HANDLE *session);

/* Whether a user is logged in, as the token sees it. Fails when the session is gone. */
CK_RV p11_session_state(struct p11_token *token, CK_SESSION_HANDLE session, bool *user);

/* Waits until no session is in use; then they are this thread's alone, and others wait for one until
 * p11_pool_release(). False: a call is stuck. One thread at a time, which has none itself. */
bool p11_pool_reserve(struct p11_token *token);
void p11_pool_release(struct p11_token *token);
/*
 * After p11_pool_reserve(): closes the sessions that the token does not know any more. Returns
 * whether one is left; *user is what it says of the login.
 */
bool p11_pool_clean(struct p11_token *token, bool *user);

/* How many signatures at once make sense. */
unsigned p11_session_limit(const struct p11_token *token);

#endif
