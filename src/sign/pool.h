/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that share a signer's work: replicas of one key (an HSM cluster), or just one. Each is
 * given as many signatures at once as it can take; one that fails drops out, and what it had in
 * hand is done by the others.
 */
#ifndef MODSEAL_SIGN_POOL_H
#define MODSEAL_SIGN_POOL_H

#include "src/key/key.h"

#include <pthread.h>

#define POOL_MAX 16 /* keys */

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct {
		struct ms_key *key; /* borrowed */
		unsigned busy;      /* signatures under way */
		bool lost;
	} keys[POOL_MAX];
	size_t n;
	struct ms_error last_failure; /* of the key that dropped out last */
	unsigned busy;  /* of all keys */
	unsigned limit; /* of all keys at once */
	void (*key_lost)(void *user, const struct ms_key *key, const struct ms_error *err);
	void *user;
};

void pool_init(struct pool *pool);
void pool_destroy(struct pool *pool);
/* MS_ERR_KEY if its public half is not that of the first. */
int pool_add(struct pool *pool, struct ms_key *key, struct ms_error *err);
/*
 * Signatures at once: what was asked for, else (0) what the keys can take, but no more than there are
 * processors for those that may compute on this machine: they gain nothing from more. Several do not
 * share one machine: one for each at least. A key that is far away is given more by the user, who knows
 * its distance.
 */
unsigned pool_jobs(const struct pool *pool, unsigned asked);
/* Bounds the signatures under way at once; 0: what the keys can take. */
void pool_limit(struct pool *pool, unsigned limit);
/* The key that a caller of pool_sign() is at; all zero: none. */
struct pool_hold {
	unsigned key; /* its number, from 1 */
	const struct ms_key *signed_by; /* which it was in the end */
};

/*
 * crypto_key_sign() with the key that is free first. Waits for one. `hold` may be NULL; of two that are
 * as free as each other it is that which signed for it last: where a process of this machine serves the
 * connection, the two stay on one processor and need not wake each other from another one.
 */
int pool_sign(struct pool *pool, struct pool_hold *hold, enum key_input input, enum ms_hash hash,
	const uint8_t *data, size_t len, uint8_t sig[KEY_SIG_MAX], size_t *sig_len,
	struct ms_error *err);
/* The thread that was at the key will not come back. Others may use the key in its place: they
 * are told at once that it hangs. */
void pool_abandon(struct pool *pool, struct pool_hold *hold);
/* Whether a failure is the key's, so that it will meet every module to come. */
bool pool_is_key_failure(int code);

#endif
