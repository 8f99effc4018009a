/* SPDX-License-Identifier: Apache-2.0 */
/* Signing. */
#include "engines/pkcs11/key.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "engines/pkcs11/evidence.h"
#include "engines/pkcs11/login.h"
#include "engines/pkcs11/mech.h"
#include "engines/pkcs11/recover.h"
#include "src/base/error.h"

#include <string.h>

#define PIECE 16384 /* bytes of a message handed over at once */
#define TRIES 4     /* of a signature, while what was lost can be mended */

/* -- what it can do ---------------------------------------------------------------------- */

static enum key_input cannot(const struct ms_key *key, enum ms_hash hash, struct ms_error *err)
{
	const struct p11_key *k = key->priv;

	if (!k->may_sign) {
		err_set(err, MS_ERR_KEY, "%s: the token says that this key must not sign", key->uri);
		err_hint(err, "Use a key that was made with CKA_SIGN; modseal keys lists them.");
		return KEY_INPUT_NONE;
	}
	if (k->digest)
		err_set(err, MS_ERR_KEY, "%s: %s is too short a key for a %s signature", key->uri,
			key->type, ms_hash_name(hash));
	else
		err_set(err, MS_ERR_KEY, "%s: token and key allow no %s signature", key->uri,
			ms_hash_name(hash));
	err_hint(err, "Try another --hash, or another key.");
	return KEY_INPUT_NONE;
}

static enum key_input can(const struct ms_key *key, enum ms_hash hash, struct ms_error *err)
{
	const struct p11_key *k = key->priv;

	if (!k->may_sign || p11_mech_message(k->rsa, hash) == CK_UNAVAILABLE_INFORMATION)
		return cannot(key, hash, err);
	/* PKCS#1 v1.5 adds 11 bytes at least. */
	if (k->rsa && k->size < P11_DIGEST_INFO_MAX - MS_HASH_MAX_SIZE + ms_hash_size(hash) + 11)
		return cannot(key, hash, err);
	if (k->digest)
		return KEY_INPUT_DIGEST;
	if (k->messages & 1U << hash)
		return KEY_INPUT_MESSAGE;
	return cannot(key, hash, err);
}

/* -- one signature ----------------------------------------------------------------------- */

struct sign {
	const struct ms_key *of;
	const struct p11_key *key;
	struct p11_seen seen;
	CK_MECHANISM_TYPE mechanism;
	bool whole;          /* data is a message: given in pieces */
	const uint8_t *data; /* the caller's, copied before it goes into the module */
	size_t len;
	uint8_t *sig;        /* the caller's, KEY_SIG_MAX */
	size_t sig_len;
	CK_RV rv;            /* why the last try failed; CKR_OK if it was no call that failed */
	struct ms_error *err; /* never NULL */
};

static int failed(struct sign *s, CK_RV rv, const char *call)
{
	s->rv = rv;
	return ckr_err(s->err, rv, s->key->token->name, call);
}

static int sign_digest(struct sign *s, CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)
{
	struct p11_token *t = s->key->token;
	CK_BYTE input[P11_DIGEST_INFO_MAX];
	CK_ULONG len = s->len;
	CK_RV rv;

	memcpy(input, s->data, len);
	rv = P11_CALL(t->module, t->name, C_Sign, session, input, len, out, out_len);
	return rv == CKR_OK ? 0 : failed(s, rv, "C_Sign");
}

static int sign_message(struct sign *s, CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)
{
	struct p11_token *t = s->key->token;
	CK_BYTE piece[PIECE];
	CK_RV rv;

	for (size_t at = 0; at < s->len; at += PIECE) {
		size_t n = s->len - at < PIECE ? s->len - at : PIECE;

		memcpy(piece, s->data + at, n);
		rv = P11_CALL(t->module, t->name, C_SignUpdate, session, piece, n);
		if (rv != CKR_OK)
			return failed(s, rv, "C_SignUpdate");
	}
	rv = P11_CALL(t->module, t->name, C_SignFinal, session, out, out_len);
	return rv == CKR_OK ? 0 : failed(s, rv, "C_SignFinal");
}

/* Puts the token's signature into the form that CMS wants. */
static int take_signature(struct sign *s, const CK_BYTE *out, CK_ULONG len)
{
	const struct p11_key *k = s->key;
	size_t missing = 0;

	if (!k->rsa) {
		s->sig_len = len <= KEY_SIG_MAX ? p11_ecdsa_der(out, len, s->sig, KEY_SIG_MAX) : 0;
	} else if (len <= k->size && len > 0 && k->size <= KEY_SIG_MAX) {
		/* Some tokens drop leading zeros. */
		missing = k->size - len;
		memset(s->sig, 0, missing);
		memcpy(s->sig + missing, out, len);
		s->sig_len = k->size;
	} else {
		s->sig_len = 0;
	}
	if (s->sig_len)
		return 0;
	return err_set(s->err, MS_ERR_TOKEN,
		"%s: C_Sign gave %lu bytes that are no signature by this key", k->token->name, len);
}

static int sign_in(struct sign *s, CK_SESSION_HANDLE session)
{
	const struct p11_key *k = s->key;
	struct p11_token *t = k->token;
	CK_MECHANISM mechanism = { s->mechanism, NULL, 0 };
	CK_OBJECT_HANDLE handle = s->seen.handle;
	CK_BYTE out[KEY_SIG_MAX];
	CK_ULONG out_len = sizeof(out);
	CK_RV rv;
	int r;

	rv = P11_CALL(t->module, t->name, C_SignInit, session, &mechanism, handle);
	if (rv != CKR_OK)
		return failed(s, rv, "C_SignInit");
	if (k->always_authenticate) {
		r = p11_context_login(t, session, &s->rv, s->err);
		if (r < 0)
			return r;
	}
	r = s->whole ? sign_message(s, session, out, &out_len)
		     : sign_digest(s, session, out, &out_len);
	return r < 0 ? r : take_signature(s, out, out_len);
}

/* rv is CKR_GENERAL_ERROR when no session was to be had: the token may be gone. */
static int try(struct sign *s)
{
	struct p11_token *t = s->key->token;
	CK_SESSION_HANDLE session;
	int r;

	s->seen = p11_look(s->key);
	s->rv = CKR_GENERAL_ERROR;
	r = p11_session_get(t, &session, s->err);
	if (r < 0)
		return r;
	s->seen = p11_look(s->key);
	if (s->seen.stale) {
		p11_session_put(t, session);
		s->rv = CKR_KEY_HANDLE_INVALID;
		return err_set(s->err, MS_ERR_TOKEN, "%s was logged in to anew", t->name);
	}
	s->rv = CKR_OK;
	r = sign_in(s, session);
	if (r == 0)
		p11_session_put(t, session);
	else
		p11_session_drop(t, session, s->rv); /* it may still be active */
	return r;
}

static int sign_fn(void *arg)
{
	struct sign *s = arg;
	int tries = 0;

	for (;;) {
		int r = try(s);

		if (r == 0 || r == MS_ERR_TIMEOUT || !p11_may_be_lost(s->rv) || ++tries == TRIES)
			return r;
		r = p11_recover(s->of, s->seen, s->rv, s->err);
		if (r < 0)
			return r;
	}
}

static int sign(struct ms_key *key, enum key_input input, enum ms_hash hash, const uint8_t *data,
	size_t len, uint8_t *sig, size_t *sig_len, struct ms_error *err)
{
	const struct p11_key *k = key->priv;
	uint8_t digest_info[P11_DIGEST_INFO_MAX];
	struct ms_error own = { 0 };
	struct sign s = {
		.of = key, .key = k, .data = data, .len = len, .sig = sig, .err = err ? err : &own
	};
	int r;

	if (input == KEY_INPUT_MESSAGE) {
		s.mechanism = p11_mech_message(k->rsa, hash);
		s.whole = true;
	} else {
		/* SoftHSM2, for one, signs whatever length it gets. */
		if (len != ms_hash_size(hash) || !len)
			return err_set(err, MS_ERR_INTERNAL, "%zu bytes are no %s digest", len,
				ms_hash_name(hash));
		s.mechanism = p11_mech_digest(k->rsa);
		if (k->rsa) {
			s.data = digest_info;
			s.len = p11_digest_info(hash, data, digest_info);
		} else {
			s.len = p11_ecdsa_cut(len, k->order_bits);
		}
		if (!s.len)
			return err_set(err, MS_ERR_INTERNAL, "no signature is made with %s",
				ms_hash_name(hash));
	}
	r = p11_run(k->token->module, sign_fn, &s, err);
	*sig_len = r == 0 ? s.sig_len : 0;
	return r;
}

static void key_free(struct ms_key *key)
{
	struct p11_key *k = key->priv;

	if (k)
		p11_pin_release(k->token);
	free(k);
	key->priv = NULL;
}

const struct key_ops p11_key_ops = {
	.can = can,
	.sign = sign,
	.evidence = p11_evidence,
	.attestation = p11_attestation,
	.free = key_free,
};
