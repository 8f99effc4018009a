/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/shim.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_MAX    64
#define SIGNATURE_MAX 8192

struct shim_mechs shim_key_mechs, shim_token_mechs;

static const char *flip, *cut; /* which signatures to spoil, NULL: none */
static atomic_ulong n_signatures;

static void mechs_load(const char *variable, struct shim_mechs *mechs)
{
	const char *env = getenv(variable);
	char *text, *next, *one;

	if (!env)
		return;
	text = next = strdup(env);
	if (!text)
		shim_bad(variable, "out of memory");
	while ((one = strsep(&next, ","))) {
		if (mechs->n == sizeof(mechs->list) / sizeof(mechs->list[0]) ||
			!shim_mech_parse(one, &mechs->list[mechs->n]))
			shim_bad(variable, one);
		mechs->n++;
	}
	free(text);
}

void shim_sign_load(void)
{
	mechs_load("MODSEAL_SHIM_MECHANISMS", &shim_key_mechs);
	mechs_load("MODSEAL_SHIM_TOKEN_MECHANISMS", &shim_token_mechs);
	flip = getenv("MODSEAL_SHIM_FLIP");
	cut = getenv("MODSEAL_SHIM_CUT");
	/* A range that nobody can read shall be told now. */
	if (flip)
		shim_range_has(flip, 1);
	if (cut)
		shim_range_has(cut, 1);
}

static bool mechs_have(const struct shim_mechs *mechs, CK_MECHANISM_TYPE type)
{
	for (CK_ULONG i = 0; i < mechs->n; i++)
		if (mechs->list[i] == type)
			return true;
	return false;
}

static bool mech_refused(CK_MECHANISM_TYPE type)
{
	return (shim_key_mechs.n && !mechs_have(&shim_key_mechs, type)) ||
		(shim_token_mechs.n && !mechs_have(&shim_token_mechs, type));
}

/* -- ECDSA over a message, which SoftHSM 2.6 lacks: hashed here, by the real module ---------- */

static CK_MECHANISM_TYPE ecdsa_hash(CK_MECHANISM_TYPE type)
{
	switch (type) {
	case CKM_ECDSA_SHA1:
		return CKM_SHA_1;
	case CKM_ECDSA_SHA224:
		return CKM_SHA224;
	case CKM_ECDSA_SHA256:
		return CKM_SHA256;
	case CKM_ECDSA_SHA384:
		return CKM_SHA384;
	case CKM_ECDSA_SHA512:
		return CKM_SHA512;
	}
	return 0;
}

/* The session's own operation is the signature, so the digest needs another session. */
static CK_RV hash_message(CK_SLOT_ID slot, CK_MECHANISM_TYPE hash, CK_BYTE *data, CK_ULONG len,
	CK_BYTE *digest, CK_ULONG *digest_len)
{
	CK_MECHANISM mech = { hash, NULL, 0 };
	CK_SESSION_HANDLE s;
	CK_RV rv;

	rv = shim_real->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s);
	if (rv != CKR_OK)
		return rv;
	rv = shim_real->C_DigestInit(s, &mech);
	if (rv == CKR_OK)
		rv = shim_real->C_Digest(s, data, len, digest, digest_len);
	shim_real->C_CloseSession(s);
	return rv;
}

/* -- mechanisms ----------------------------------------------------------------------------- */

CK_RV act_C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *n)
{
	const CK_ULONG have = shim_token_mechs.n;
	CK_RV rv = CKR_OK;

	if (!have)
		return shim_real->C_GetMechanismList(shim_slot(slot), list, n);
	if (list && *n < have)
		rv = CKR_BUFFER_TOO_SMALL;
	else if (list)
		memcpy(list, shim_token_mechs.list, have * sizeof(*list));
	*n = have;
	return rv;
}

CK_RV act_C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	CK_RV rv;

	if (shim_token_mechs.n && !mechs_have(&shim_token_mechs, type))
		return CKR_MECHANISM_INVALID;
	rv = shim_real->C_GetMechanismInfo(shim_slot(slot), type, info);
	if (rv == CKR_MECHANISM_INVALID && ecdsa_hash(type) &&
		(mechs_have(&shim_token_mechs, type) || mechs_have(&shim_key_mechs, type)))
		rv = shim_real->C_GetMechanismInfo(slot, CKM_ECDSA, info);
	if (rv == CKR_OK && shim_flags.modulus)
		info->ulMaxKeySize = 0; /* does not say */
	return rv;
}

/* -- signing -------------------------------------------------------------------------------- */

CK_RV act_C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mech, CK_OBJECT_HANDLE key)
{
	struct shim_session *s = shim_session(handle);
	CK_MECHANISM raw = { CKM_ECDSA, NULL, 0 };
	CK_MECHANISM_TYPE hash = 0;
	CK_RV rv;

	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	if (mech && mech_refused(mech->mechanism))
		return CKR_MECHANISM_INVALID;
	rv = shim_real->C_SignInit(handle, mech, key);
	if (rv == CKR_MECHANISM_INVALID && mech) {
		hash = ecdsa_hash(mech->mechanism);
		if (hash)
			rv = shim_real->C_SignInit(handle, &raw, key);
	}
	if (rv != CKR_OK)
		return rv;
	shim_session_reset(s);
	s->signing = true;
	s->hash = hash;
	return rv;
}

void shim_sign_drop(CK_SESSION_HANDLE handle)
{
	struct shim_session *s = shim_session(handle);
	CK_BYTE scratch[SIGNATURE_MAX], data[20] = { 0 };
	CK_ULONG len = sizeof(scratch);

	if (!s || !s->signing)
		return;
	shim_real->C_Sign(handle, data, sizeof(data), scratch, &len);
	shim_session_reset(s);
}

/* An always-authenticate key wants its PIN between C_SignInit and C_Sign. */
static CK_RV demand_pin(struct shim_session *s)
{
	if (!shim_flags.always_authenticate || !s->signing || s->authenticated)
		return CKR_OK;
	shim_sign_drop(s->handle);
	return CKR_USER_NOT_LOGGED_IN;
}

/* What is left of the operation after C_Sign or C_SignFinal: a length query and a short buffer
 * leave it as it is, all else ends it. */
static CK_RV finish(struct shim_session *s, CK_BYTE *out, CK_ULONG *out_len, CK_RV rv)
{
	unsigned long n;

	if (rv == CKR_BUFFER_TOO_SMALL || (rv == CKR_OK && !out))
		return rv;
	shim_session_reset(s);
	if (rv != CKR_OK)
		return rv;
	n = atomic_fetch_add(&n_signatures, 1) + 1;
	if (flip && shim_range_has(flip, n))
		out[*out_len / 2] ^= 1;
	if (cut && shim_range_has(cut, n))
		*out_len -= 1;
	return rv;
}

CK_RV act_C_Sign(
	CK_SESSION_HANDLE handle, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out, CK_ULONG *out_len)
{
	struct shim_session *s = shim_session(handle);
	CK_BYTE digest[DIGEST_MAX];
	CK_ULONG digest_len = sizeof(digest);
	CK_RV rv;

	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	rv = demand_pin(s);
	if (rv == CKR_OK && s->hash) {
		rv = hash_message(s->slot, s->hash, in, in_len, digest, &digest_len);
		in = digest;
		in_len = digest_len;
	}
	if (rv != CKR_OK)
		return rv;
	return finish(s, out, out_len, shim_real->C_Sign(handle, in, in_len, out, out_len));
}

CK_RV act_C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE *in, CK_ULONG in_len)
{
	struct shim_session *s = shim_session(handle);
	CK_BYTE *more;
	CK_RV rv;

	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	rv = demand_pin(s);
	if (rv != CKR_OK)
		return rv;
	if (!s->hash)
		return shim_real->C_SignUpdate(handle, in, in_len);
	more = realloc(s->message, s->message_len + in_len + 1);
	if (!more)
		return CKR_HOST_MEMORY;
	memcpy(more + s->message_len, in, in_len);
	s->message = more;
	s->message_len += in_len;
	return CKR_OK;
}

CK_RV act_C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE *out, CK_ULONG *out_len)
{
	struct shim_session *s = shim_session(handle);
	CK_BYTE digest[DIGEST_MAX];
	CK_ULONG digest_len = sizeof(digest);
	CK_RV rv;

	if (!s)
		return CKR_SESSION_HANDLE_INVALID;
	rv = demand_pin(s);
	if (rv != CKR_OK)
		return rv;
	if (!s->hash)
		return finish(s, out, out_len, shim_real->C_SignFinal(handle, out, out_len));
	rv = hash_message(s->slot, s->hash, s->message, s->message_len, digest, &digest_len);
	if (rv != CKR_OK)
		return rv;
	return finish(s, out, out_len, shim_real->C_Sign(handle, digest, digest_len, out, out_len));
}

/* A signature that a rule refused is over in the token, unless only the buffer was short. */
static void undo_sign(CK_RV rv, CK_SESSION_HANDLE s)
{
	if (rv != CKR_BUFFER_TOO_SMALL)
		shim_sign_drop(s);
}

void undo_C_Sign(CK_RV rv, CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
	CK_ULONG *out_len)
{
	undo_sign(rv, s);
}

void undo_C_SignUpdate(CK_RV rv, CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len)
{
	undo_sign(rv, s);
}

void undo_C_SignFinal(CK_RV rv, CK_SESSION_HANDLE s, CK_BYTE *out, CK_ULONG *out_len)
{
	undo_sign(rv, s);
}
