/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a key may be used: by its auth value, or by its policy. What a key's auth value is, and
 * whether a PCR is as it should be, only the TPM knows; so it is tried here, before anything is
 * touched.
 */
#include "engines/tpm2/info.h"
#include "engines/tpm2/key.h"
#include "engines/tpm2/policy_run.h"
#include "engines/tpm2/rc.h"
#include "src/base/error.h"
#include "src/key/pin.h"

#include <string.h>

#define FEW_TRIES 5 /* that few left are worth a word */

struct trial {
	struct tpm_key *key;
	struct tpm_way *way; /* NULL: the auth value */
	bool auth_refused, unsatisfied, locked;
	struct tpm_lockout lockout;
	struct ms_error *err;
};

static bool counts_tries(const struct tpm_key *k)
{
	return !(k->pub.publicArea.objectAttributes & TPMA_OBJECT_NODA);
}

/* -- trying --------------------------------------------------------------------------------- */

/* A hash that the key signs with, whatever it be; the signature is thrown away. */
static enum ms_hash trial_hash(const struct tpm_key *k)
{
	static const enum ms_hash hashes[] = { MS_HASH_SHA256, MS_HASH_SHA384, MS_HASH_SHA512 };

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (tpm_key_scheme(k, hashes[i], NULL) != TPM_SCHEME_NONE)
			return hashes[i];
	return MS_HASH_NONE;
}

static int try_signature(struct trial *t)
{
	static const uint8_t zeros[MS_HASH_MAX_SIZE];
	uint8_t sig[KEY_SIG_MAX];
	struct tpm_signing s = { .key = t->key,
		.hash = trial_hash(t->key),
		.digest = zeros,
		.sig = sig,
		.err = t->err };
	int r;

	if (!s.hash)
		return err_set(t->err, MS_ERR_KEY, "%s signs with no hash that kernels check",
			t->key->name);
	r = tpm_sign_once(&s);
	t->unsatisfied = s.unsatisfied || tpm_rc_policy(s.rc);
	t->auth_refused = tpm_rc_auth(s.rc);
	t->locked = tpm_rc(s.rc) == TPM2_RC_LOCKOUT;
	return r;
}

/* Without an auth value the policy's steps tell all that a signature would. */
static int try_steps(struct trial *t)
{
	struct tpm_key *k = t->key;
	TSS2_RC rc;
	int r = tpm_key_load(k, t->err);

	if (r < 0)
		return r;
	k->session_used = true;
	return tpm_way_run(k->tpm, k->way, k->session, k->pub.publicArea.nameAlg, &t->unsatisfied,
		&rc, t->err);
}

static int try_fn(void *arg)
{
	struct trial *t = arg;
	struct tpm_key *k = t->key;
	int r;

	tpm_key_unload(k);
	k->way = t->way;
	r = t->way && !t->way->auth ? try_steps(t) : try_signature(t);
	if (r < 0)
		tpm_key_unload(k);
	if (t->auth_refused || t->locked)
		(void)tpm_lockout(k->tpm, &t->lockout, NULL);
	return r;
}

static int try_way(struct trial *t, struct tpm_way *way)
{
	t->way = way;
	t->auth_refused = t->unsatisfied = t->locked = false;
	return tpm_run(t->key->tpm, try_fn, t, t->err);
}

/* -- the auth value ------------------------------------------------------------------------- */

static int lockout_fn(void *arg)
{
	struct trial *t = arg;

	return tpm_lockout(t->key->tpm, &t->lockout, t->err);
}

static void duration(uint32_t seconds, char *buf, size_t size)
{
	if (seconds % 3600 == 0 && seconds >= 3600)
		snprintf(buf, size, "%u h", seconds / 3600);
	else if (seconds % 60 == 0 && seconds >= 120)
		snprintf(buf, size, "%u minutes", seconds / 60);
	else
		snprintf(buf, size, "%u seconds", seconds);
}

static int locked_err(const struct trial *t)
{
	char time[32];

	duration(t->lockout.interval, time, sizeof(time));
	err_set(t->err, MS_ERR_PIN,
		"%s: the TPM is locked after %u wrong auth values; it allows one more try in %s at "
		"most",
		t->key->name, t->lockout.tries, time);
	err_hint(t->err,
		"Wait so long, or have the lockout's owner reset it: tpm2_dictionarylockout "
		"--clear-lockout.");
	return MS_ERR_PIN;
}

static int wrong_err(const struct trial *t)
{
	char time[32];

	err_set(t->err, MS_ERR_PIN, "%s: the auth value from %s is wrong", t->key->name,
		t->key->auth_origin);
	if (!counts_tries(t->key) || !t->lockout.max)
		return MS_ERR_PIN;
	duration(t->lockout.interval, time, sizeof(time));
	err_append(t->err, " (%u of the %u that lock the TPM%s)", t->lockout.tries, t->lockout.max,
		t->lockout.tries >= t->lockout.max ? ": it is locked now" : "");
	err_hint(t->err,
		"Check it before you run it again; the TPM forgets one wrong try every %s.", time);
	return MS_ERR_PIN;
}

/* What became of a trial with an auth value, in words. */
static int explain(const struct trial *t, int r)
{
	if (t->locked)
		return locked_err(t);
	return t->auth_refused ? wrong_err(t) : r;
}

/* Asks for it; a TPM that is locked is left alone. */
static int get_auth(struct trial *t)
{
	struct tpm_key *k = t->key;
	struct ms_pin_request request = { .kind = MS_PIN_AUTH, .target = k->name };
	const struct tpm_lockout *l = &t->lockout;
	int r = 0;

	if (k->auth)
		return 0;
	if (counts_tries(k)) {
		r = tpm_run(k->tpm, lockout_fn, t, t->err);
		if (r == 0 && l->max && l->tries >= l->max)
			return locked_err(t);
		request.count_low = l->tries && l->max - l->tries <= FEW_TRIES;
		request.final_try = l->max && l->tries + 1 == l->max;
	}
	return r == 0
		? pin_get(k->tpm->ctx, &request, NULL, NULL, &k->auth, &k->auth_origin, t->err)
		: r;
}

/* -- by the auth value ---------------------------------------------------------------------- */

/* Whether the empty value may be tried although the key may have another: it costs no try, or not
 * the last one. */
static int may_try_empty(struct trial *t, bool *may)
{
	int r;

	*may = true;
	if (!counts_tries(t->key))
		return 0;
	r = tpm_run(t->key->tpm, lockout_fn, t, t->err);
	*may = r == 0 && (!t->lockout.max || t->lockout.tries + 1 < t->lockout.max);
	return r;
}

/* It seems that there is an auth value. If nobody knows one that may be wrong. */
static int by_needed_auth(struct trial *t, bool doubtful)
{
	struct ms_error none;
	bool may;
	int r = get_auth(t);

	if (r == 0)
		return explain(t, try_way(t, NULL));
	if (r != MS_ERR_PIN || !doubtful || !t->err)
		return r;
	none = *t->err;
	if (may_try_empty(t, &may) < 0 || !may || try_way(t, NULL) < 0) {
		*t->err = none;
		return none.code;
	}
	return 0;
}

/* It seems that there is none. If the TPM says otherwise the one that is given is tried. */
static int by_empty_auth(struct trial *t)
{
	bool may;
	int r = may_try_empty(t, &may);

	if (r == 0 && may) {
		r = try_way(t, NULL);
		if (!t->auth_refused)
			return t->locked ? locked_err(t) : r;
	}
	if (r < 0 && !t->auth_refused)
		return r;
	r = get_auth(t);
	return r == 0 ? explain(t, try_way(t, NULL)) : r;
}

/* Nothing is known: the empty one first, if it is sure to cost nothing that matters. */
static int by_unknown_auth(struct trial *t)
{
	if (counts_tries(t->key)) {
		int r = tpm_run(t->key->tpm, lockout_fn, t, t->err);

		if (r < 0)
			return r;
		if (t->lockout.tries)
			return by_needed_auth(t, true);
	}
	return by_empty_auth(t);
}

static int by_auth(struct trial *t)
{
	const struct tpm_keyfile *file = t->key->file;

	if (!file)
		return by_unknown_auth(t);
	if (file->empty_auth != TPM_AUTH_EMPTY)
		return by_needed_auth(t, file->auth_doubtful);
	/* Said without doubt: nothing can go wrong that the first signature would not show. */
	return file->auth_doubtful ? by_empty_auth(t) : 0;
}

/* -- by the policy -------------------------------------------------------------------------- */

static void hint_at_policy(const struct tpm_key *k, struct ms_error *err)
{
	const struct tpm_keyfile *file = k->file;

	if (file->policy.steps[0].cc == TPM2_CC_PolicyAuthorize)
		err_hint(err,
			"If the change is right (an update), approve of it: modseal tpm approve "
			"FILE "
			"--pcr ... --policy-key URI.");
	else
		err_hint(err,
			"A key that is sealed to bare PCR values works only while they are those; "
			"after an update that changes them make a new key, with --policy-key or "
			"--recovery-auth this time.");
}

static int by_way(struct trial *t, struct tpm_way *way)
{
	struct tpm_key *k = t->key;

	if (way->auth && !k->auth && k->file->empty_auth != TPM_AUTH_EMPTY) {
		int r;

		if (way->recovery)
			context_notice(k->tpm->ctx,
				"%s: its PCRs have changed; its recovery auth value will do "
				"instead",
				k->name);
		t->way = way;
		r = get_auth(t);
		if (r < 0)
			return r;
	}
	return explain(t, try_way(t, way));
}

/* Why the way that should have gone does not, and why the one with the recovery value does not. */
static void join(const struct ms_error *first, const struct ms_error *last, struct ms_error *err)
{
	if (!err)
		return;
	*err = *first;
	err->code = last->code;
	err_append(err, "\n  and %s", last->message);
	err_hint(err, "%s", last->hint);
}

static int by_policy(struct trial *t)
{
	struct tpm_key *k = t->key;
	struct ms_error first = { 0 }, *err = t->err, why;
	int r = MS_ERR_KEY;

	for (size_t i = 0; i < k->ways.n; i++) {
		why = (struct ms_error){ 0 };
		t->err = &why;
		t->unsatisfied = false;
		r = by_way(t, &k->ways.list[i]);
		t->err = err;
		if (r == 0)
			return 0;
		if (!t->unsatisfied)
			break;
		if (!first.code) {
			first = why;
			err_prefix(&first, "%s", k->name);
			hint_at_policy(k, &first);
		}
	}
	if (t->unsatisfied) {
		if (err)
			*err = first;
	} else if (first.code && r == MS_ERR_PIN) {
		join(&first, &why, err);
	} else if (err) {
		*err = why;
	}
	return r;
}

int tpm_key_unlock(struct tpm_key *k, bool *unsatisfied, struct ms_error *err)
{
	struct trial t = { .key = k, .err = err };
	int r;

	*unsatisfied = false;
	if (k->pub.publicArea.objectAttributes & TPMA_OBJECT_USERWITHAUTH)
		return by_auth(&t);
	if (!k->file) {
		err_set(err, MS_ERR_KEY,
			"%s: it is used by its policy only, and nothing here tells it", k->name);
		err_hint(err,
			"modseal keygen writes it down when it makes such a key; with another "
			"program's key use the key file.");
		return MS_ERR_KEY;
	}
	r = tpm_ways_find(k->file, &k->ways, err);
	if (r < 0) {
		err_prefix(err, "%s", k->name);
		return r;
	}
	r = by_policy(&t);
	*unsatisfied = t.unsatisfied;
	return r;
}
