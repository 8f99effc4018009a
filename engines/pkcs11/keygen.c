/* SPDX-License-Identifier: Apache-2.0 */
/* A key pair made on the token. */
#include "engines/pkcs11/keygen.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/change.h"
#include "engines/pkcs11/key.h"
#include "engines/pkcs11/place.h"
#include "engines/pkcs11/yubico.h"
#include "src/base/error.h"

#include <string.h>

struct kind {
	enum ms_key_kind kind;
	const char *name;
	CK_ULONG bits;	   /* RSA */
	CK_BYTE curve[10]; /* else the DER of the curve's OID */
	CK_ULONG curve_len;
};

static const struct kind kinds[] = {
	{ MS_KEY_RSA2048, "RSA-2048", .bits = 2048 },
	{ MS_KEY_RSA3072, "RSA-3072", .bits = 3072 },
	{ MS_KEY_RSA4096, "RSA-4096", .bits = 4096 },
	{ MS_KEY_P256, "P-256", 0, { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 },
		10 },
	{ MS_KEY_P384, "P-384", 0, { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 }, 7 },
};

struct keygen {
	struct p11_change change; /* first: make() gets its address */
	struct p11_place place;
	const struct kind *kind;
	CK_BYTE touch_policy, pin_policy; /* 0: not said */
	CK_OBJECT_HANDLE made;
};

/* -- the call ---------------------------------------------------------------------------- */

#define MAX_ATTRS 16

/* All that the module reads: on the stack of the function that calls it (call.h). */
struct templates {
	CK_BBOOL yes, no;
	CK_ULONG bits;
	CK_BYTE touch_policy, pin_policy;
	CK_BYTE exponent[3], curve[10], id[P11_MAX_ATTR], label[P11_MAX_ATTR];
	CK_ATTRIBUTE pub[MAX_ATTRS], key[MAX_ATTRS];
	CK_ULONG n_pub, n_key;
};

static void add_pub(struct templates *t, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG len)
{
	t->pub[t->n_pub++] = (CK_ATTRIBUTE){ type, value, len };
}

static void add_key(struct templates *t, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG len)
{
	t->key[t->n_key++] = (CK_ATTRIBUTE){ type, value, len };
}

static void add_key_flag(struct templates *t, CK_ATTRIBUTE_TYPE type, CK_BBOOL *value)
{
	add_key(t, type, value, sizeof(*value));
}

static void add_name(struct templates *t, const struct p11_place *place)
{
	memcpy(t->id, place->id, place->id_len);
	memcpy(t->label, place->label, place->label_len);
	add_pub(t, CKA_ID, t->id, place->id_len);
	add_key(t, CKA_ID, t->id, place->id_len);
	if (!place->label_len)
		return;
	add_pub(t, CKA_LABEL, t->label, place->label_len);
	add_key(t, CKA_LABEL, t->label, place->label_len);
}

static void add_policies(struct templates *t, const struct keygen *g)
{
	t->touch_policy = g->touch_policy;
	t->pin_policy = g->pin_policy;
	if (t->touch_policy)
		add_key(t, P11_YUBICO_TOUCH_POLICY, &t->touch_policy, sizeof(t->touch_policy));
	if (t->pin_policy)
		add_key(t, P11_YUBICO_PIN_POLICY, &t->pin_policy, sizeof(t->pin_policy));
}

/* Tokens refuse to hear of things that they would do anyway. What a new key is like is looked at
 * once it is there. */
enum words { ALL_WORDS, FEW_WORDS, FEWEST_WORDS };

static void fill(struct templates *t, const struct keygen *g, enum words words)
{
	static const CK_BYTE f4[] = { 1, 0, 1 };

	*t = (struct templates){ .yes = CK_TRUE, .no = CK_FALSE, .bits = g->kind->bits };
	memcpy(t->exponent, f4, sizeof(f4));
	memcpy(t->curve, g->kind->curve, g->kind->curve_len);
	add_name(t, &g->place);
	add_pub(t, CKA_TOKEN, &t->yes, sizeof(t->yes));
	add_pub(t, CKA_VERIFY, &t->yes, sizeof(t->yes));
	if (g->kind->bits) {
		add_pub(t, CKA_MODULUS_BITS, &t->bits, sizeof(t->bits));
		add_pub(t, CKA_PUBLIC_EXPONENT, t->exponent, sizeof(t->exponent));
	} else {
		add_pub(t, CKA_EC_PARAMS, t->curve, g->kind->curve_len);
	}
	add_key_flag(t, CKA_TOKEN, &t->yes);
	add_key_flag(t, CKA_PRIVATE, &t->yes);
	add_key_flag(t, CKA_SENSITIVE, &t->yes);
	add_key_flag(t, CKA_SIGN, &t->yes);
	add_policies(t, g);
	if (words == FEWEST_WORDS) /* Yubico's module: its keys cannot be extractable */
		return;
	add_key_flag(t, CKA_EXTRACTABLE, &t->no);
	if (words == FEW_WORDS)
		return;
	add_pub(t, CKA_PRIVATE, &t->no, sizeof(t->no));
	add_key_flag(t, CKA_DECRYPT, &t->no); /* tokens let even EC keys "decrypt" unless told */
	add_key_flag(t, CKA_UNWRAP, &t->no);
	if (g->kind->bits) {
		add_pub(t, CKA_ENCRYPT, &t->no, sizeof(t->no));
		add_pub(t, CKA_WRAP, &t->no, sizeof(t->no));
	} else {
		add_key_flag(t, CKA_DERIVE, &t->no);
	}
}

static CK_RV generate(struct keygen *g, CK_SESSION_HANDLE session, enum words words)
{
	struct p11_token *token = g->place.token;
	CK_MECHANISM mechanism = { g->kind->bits ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN,
		NULL, 0 };
	CK_OBJECT_HANDLE pub = 0, key = 0;
	struct templates t;
	CK_RV rv;

	fill(&t, g, words);
	rv = P11_CALL(token->module, token->name, C_GenerateKeyPair, session, &mechanism, t.pub,
		t.n_pub, t.key, t.n_key, &pub, &key);
	if (rv == CKR_OK)
		g->made = key;
	return rv;
}

static bool is_of_words(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
		rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV make(struct p11_change *change, CK_SESSION_HANDLE session)
{
	struct keygen *g = (struct keygen *)change;
	CK_RV rv;

	change->call = "C_GenerateKeyPair";
	rv = generate(g, session, ALL_WORDS);
	if (is_of_words(rv))
		rv = generate(g, session, FEW_WORDS);
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID)
		rv = generate(g, session, FEWEST_WORDS);
	return rv;
}

/* -- around it --------------------------------------------------------------------------- */

/* What the words of ckr.c, which are of signing, do not say well. */
static int explain(const struct keygen *g, int r, struct ms_error *err)
{
	const char *name = g->place.token->name;

	if (g->change.rv == CKR_ATTRIBUTE_TYPE_INVALID && (g->touch_policy || g->pin_policy))
		return p11_yubico_refused(g->place.token, err);
	switch (g->change.rv) {
	case CKR_MECHANISM_INVALID:
	case CKR_FUNCTION_NOT_SUPPORTED:
		err_set(err, MS_ERR_KEY, "%s: its module makes no %s keys (C_GenerateKeyPair: %s)",
			name, g->kind->name,
			g->change.rv == CKR_MECHANISM_INVALID ? "CKR_MECHANISM_INVALID"
							      : "CKR_FUNCTION_NOT_SUPPORTED");
		err_hint(err,
			"Try another --type, another module for this token (--module), or make "
			"the key with its vendor's tool.");
		return MS_ERR_KEY;
	case CKR_KEY_SIZE_RANGE:
		err_set(err, MS_ERR_KEY,
			"%s makes no %s keys (C_GenerateKeyPair: CKR_KEY_SIZE_RANGE)", name,
			g->kind->name);
		err_hint(err, "Try another --type.");
		return MS_ERR_KEY;
	case CKR_ATTRIBUTE_VALUE_INVALID:
		err_hint(err, "It may make no %s keys: try another --type.", g->kind->name);
		return r;
	default:
		if (r == MS_ERR_TIMEOUT)
			err_append(err,
				"; whether there is a key now is seen with modseal keys --login");
		return r;
	}
}

static const struct kind *find_kind(enum ms_key_kind kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind)
			return &kinds[i];
	return NULL;
}

int p11_keygen(struct ms_context *ctx, const struct ms_keygen *request, struct ms_key **key,
	struct ms_error *err)
{
	struct keygen g = {
		.change.make = make,
		.kind = find_kind(request->kind),
		.touch_policy = (CK_BYTE)request->touch_policy,
		.pin_policy = (CK_BYTE)request->pin_policy,
	};
	int r;

	*key = NULL;
	if (!g.kind)
		return err_set(err, MS_ERR_USAGE, "a key needs a type");
	r = p11_place_find(ctx, request->ref, request->duplicate, &g.place, err);
	if (r == 0)
		r = p11_yubico_check(g.place.token, request, err);
	if (r == 0) {
		g.change.token = g.place.token;
		r = p11_change(&g.change, g.place.uri, err);
		if (r < 0)
			r = explain(&g, r, err);
	}
	if (r == 0)
		r = p11_place_open(&g.place, g.change.officer ? 0 : g.made, key, err);
	if (r == 0)
		r = p11_place_check_closed(key, err);
	p11_place_release(&g.place);
	return r;
}
