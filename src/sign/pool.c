/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/pool.h"

#include "src/base/cpus.h"
#include "src/base/error.h"
#include "src/crypto/sign_digest.h"

#include <openssl/err.h>

void pool_init(struct pool *pool)
{
	*pool = (struct pool){ 0 };
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->freed, NULL);
}

void pool_destroy(struct pool *pool)
{
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->lock);
}

int pool_add(struct pool *pool, struct ms_key *key, struct ms_error *err)
{
	if (pool->n == POOL_MAX)
		return err_set(err, MS_ERR_USAGE, "more than %d keys", POOL_MAX);
	if (pool->n && EVP_PKEY_eq(key->pub, pool->keys[0].key->pub) != 1) {
		ERR_clear_error();
		err_set(err, MS_ERR_KEY, "%s is not the same key as %s", key->uri,
			pool->keys[0].key->uri);
		err_hint(err, "Several -k are for copies of one key, as in a cluster of HSMs.");
		return MS_ERR_KEY;
	}
	pool->keys[pool->n++].key = key;
	return 0;
}

unsigned pool_jobs(const struct pool *pool, unsigned asked)
{
	unsigned here = 0, keys_here = 0, apart = 0, cpus = cpus_usable();
	unsigned most;

	for (size_t i = 0; i < pool->n; i++) {
		const struct ms_key *key = pool->keys[i].key;

		*(key->apart ? &apart : &here) += key->parallel;
		keys_here += !key->apart;
	}
	most = cpus > keys_here ? cpus : keys_here;
	return asked ? asked : (here < most ? here : most) + apart;
}

void pool_limit(struct pool *pool, unsigned limit)
{
	pool->limit = limit;
}

bool pool_is_key_failure(int code)
{
	switch (code) {
	case MS_ERR_URI:
	case MS_ERR_TOKEN:
	case MS_ERR_PIN:
	case MS_ERR_KEY:
	case MS_ERR_CERT:
	case MS_ERR_TIMEOUT:
	case MS_ERR_NOMEM:
		return true;
	default:
		return false;
	}
}

/* The key with the most room, of several `last` if it is one of them; -1: all are busy, -2: none is
 * left. */
static int find_free(const struct pool *pool, const struct ms_key *last)
{
	unsigned most = 0;
	int best = -2;

	for (size_t i = 0; i < pool->n; i++) {
		const struct ms_key *key = pool->keys[i].key;
		unsigned busy = pool->keys[i].busy;
		unsigned room = busy < key->parallel ? key->parallel - busy : 0;

		if (pool->keys[i].lost)
			continue;
		if (best == -2)
			best = -1;
		if (room > most || (room && room == most && key == last)) {
			most = room;
			best = (int)i;
		}
	}
	if (best >= 0 && pool->limit && pool->busy >= pool->limit)
		return -1;
	return best;
}

static int acquire(struct pool *pool, struct pool_hold *hold)
{
	int i;

	pthread_mutex_lock(&pool->lock);
	while ((i = find_free(pool, hold->signed_by)) == -1)
		pthread_cond_wait(&pool->freed, &pool->lock);
	if (i >= 0) {
		pool->keys[i].busy++;
		pool->busy++;
		hold->key = (unsigned)i + 1;
	}
	pthread_mutex_unlock(&pool->lock);
	return i;
}

/* With the lock held. Returns the key's index. */
static unsigned give_back(struct pool *pool, struct pool_hold *hold)
{
	unsigned i = hold->key - 1;

	pool->keys[i].busy--;
	pool->busy--;
	hold->key = 0;
	return i;
}

/* *others: whether another key is left to do it. */
static void release(struct pool *pool, struct pool_hold *hold, const struct ms_error *failure,
	bool *others)
{
	unsigned i;
	bool first;

	pthread_mutex_lock(&pool->lock);
	i = give_back(pool, hold);
	first = failure && !pool->keys[i].lost;
	if (first) {
		pool->keys[i].lost = true;
		pool->last_failure = *failure;
	}
	*others = find_free(pool, NULL) != -2;
	if (failure) /* those that wait may have nothing to wait for any more */
		pthread_cond_broadcast(&pool->freed);
	else
		pthread_cond_signal(&pool->freed);
	if (first && *others && pool->key_lost)
		pool->key_lost(pool->user, pool->keys[i].key, failure);
	pthread_mutex_unlock(&pool->lock);
}

void pool_abandon(struct pool *pool, struct pool_hold *hold)
{
	pthread_mutex_lock(&pool->lock);
	if (hold->key) {
		give_back(pool, hold);
		pthread_cond_signal(&pool->freed);
	}
	pthread_mutex_unlock(&pool->lock);
}

int pool_sign(struct pool *pool, struct pool_hold *hold, enum key_input input, enum ms_hash hash,
	const uint8_t *data, size_t len, uint8_t sig[KEY_SIG_MAX], size_t *sig_len,
	struct ms_error *err)
{
	struct pool_hold own = { 0 };

	if (!hold)
		hold = &own;
	for (;;) {
		struct ms_error failure = { 0 };
		bool others;
		int i = acquire(pool, hold);
		int r;

		if (i < 0) { /* why there is none is what the user wants to know */
			if (err)
				*err = pool->last_failure;
			return pool->last_failure.code;
		}
		r = crypto_key_sign(pool->keys[i].key, input, hash, data, len, sig, sig_len,
			&failure);
		release(pool, hold, pool_is_key_failure(r) ? &failure : NULL, &others);
		if (r == 0) {
			hold->signed_by = pool->keys[i].key;
			return 0;
		}
		if (!pool_is_key_failure(r) || !others) {
			if (err)
				*err = failure;
			return r;
		}
	}
}
