/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/lanes.h"

#include "src/base/error.h"

#include <time.h>

#define QUICK_MS 50 /* with a slower TPM there is nothing to gain */

static int sign_fn(void *arg)
{
	struct tpm_signing *s = arg;
	struct tpm_key *k = s->key;
	int r;

	if (k->dead.code) {
		*s->err = k->dead;
		return k->dead.code;
	}
	r = tpm_sign_once(s);
	/* A wrong auth value is not tried again; but one more try may be on its way in the other lane. */
	if (r == MS_ERR_PIN)
		k->dead = *s->err;
	return r;
}

static int sign_by(struct tpm_key *k, struct tpm_signing *s)
{
	int r;

	s->key = k;
	k->waiting++;
	r = tpm_run(k->tpm, sign_fn, s, s->err);
	k->waiting--;
	return r;
}

/* Uses all that the first one has but its session. */
static struct tpm_key *second_new(struct tpm_key *first)
{
	TPM2_HANDLE handle = first->object_handle;
	struct tpm *tpm = handle ? tpm_second(first->tpm) : NULL;
	struct tpm_key *k = tpm ? calloc(1, sizeof(*k)) : NULL;

	if (!k)
		return NULL;
	k->first = first;
	k->tpm = tpm;
	k->name = first->name;
	k->file = first->file;
	k->handle = handle;
	k->pub = first->pub;
	k->way = first->way;
	k->auth = first->auth;
	k->auth_origin = first->auth_origin;
	k->object = k->session = ESYS_TR_NONE;
	return k;
}

static void open_second(struct tpm_key *first)
{
	if (!atomic_exchange(&first->second_tried, true))
		first->second = second_new(first);
}

static bool usable(const struct tpm_key *first, const struct tpm_key *second)
{
	/* An object that went out and came in again may have another handle. */
	return second && !first->second_over && first->object_handle == second->handle;
}

/* Not worth a try by the first, which has the same auth value and the same TPM. But where both
 * wait, it is the first that tells by which call. */
static bool is_final(const struct tpm_key *first, int r)
{
	return r == MS_ERR_PIN ||
		(r == MS_ERR_TIMEOUT && !first->waiting && !watch_stuck(first->tpm->watch));
}

/* True: it was done, or failed for good. */
static bool sign_by_second(struct tpm_key *first, struct tpm_signing *s, int *r)
{
	struct tpm_key *second = first->second;
	struct tpm_signing own = *s;
	struct ms_error why = { 0 };

	if (!usable(first, second) || second->waiting >= first->waiting)
		return false;
	own.err = &why;
	*r = sign_by(second, &own);
	if (*r == 0) {
		s->sig_len = own.sig_len;
		return true;
	}
	first->second_over = true;
	if (!is_final(first, *r))
		return false;
	*s->err = why;
	return true;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int tpm_lanes_sign(struct tpm_key *k, struct tpm_signing *s)
{
	long start;
	int r;

	if (sign_by_second(k, s, &r))
		return r;
	start = milliseconds();
	r = sign_by(k, s);
	if (r == 0 && milliseconds() - start < QUICK_MS)
		open_second(k);
	return r;
}

static int unload_fn(void *arg)
{
	tpm_key_unload(arg);
	return 0;
}

/* True: nothing is stuck. */
static bool unload(struct tpm_key *k)
{
	if (k->loaded)
		(void)tpm_run(k->tpm, unload_fn, k, NULL);
	return !watch_stuck(k->tpm->watch);
}

bool tpm_lanes_end(struct tpm_key *k)
{
	const struct tpm *lane = k->tpm->second;
	struct tpm_key *second = k->second;

	/* Behind a call that is stuck nothing comes through, in either lane. */
	if (watch_stuck(k->tpm->watch) || (lane && watch_stuck(lane->watch)))
		return false;
	if ((second && !unload(second)) || !unload(k))
		return false;
	free(second);
	return true;
}
