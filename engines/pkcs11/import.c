/* SPDX-License-Identifier: Apache-2.0 */
/* A key that was made in software, put into a token. */
#include "engines/pkcs11/import.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/change.h"
#include "engines/pkcs11/key.h"
#include "engines/pkcs11/place.h"
#include "engines/pkcs11/private.h"
#include "engines/pkcs11/yubico.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <string.h>

struct import {
	struct p11_change change; /* first: make() gets its address */
	struct p11_place place;
	struct p11_parts parts;
	bool public_half;      /* this time it is the public key object */
	bool sparing;	       /* Yubico's module wants to hear of nothing that it would do anyway, or can
				* make out of the rest, and newer ones call that a failure of the device */
	CK_OBJECT_HANDLE made; /* the private one */
};

/* -- the call ---------------------------------------------------------------------------- */

#define MAX_ATTRS 20

/* All that the module reads: on the stack of the function that calls it, or leaked with it. */
struct attributes {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_BBOOL yes, no;
	CK_BYTE id[P11_MAX_ATTR], label[P11_MAX_ATTR];
	CK_ATTRIBUTE attrs[MAX_ATTRS];
	CK_ULONG n;
};

static void add(struct attributes *t, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG len)
{
	t->attrs[t->n++] = (CK_ATTRIBUTE){ type, value, len };
}

static void add_flag(struct attributes *t, CK_ATTRIBUTE_TYPE type, bool value)
{
	add(t, type, value ? &t->yes : &t->no, sizeof(t->yes));
}

static void add_frame(struct attributes *t, const struct import *im)
{
	const struct p11_place *place = &im->place;

	*t = (struct attributes){
		.class = im->public_half ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY,
		.type = im->parts.rsa ? CKK_RSA : CKK_EC,
		.yes = CK_TRUE,
		.no = CK_FALSE,
	};
	memcpy(t->id, place->id, place->id_len);
	memcpy(t->label, place->label, place->label_len);
	add(t, CKA_CLASS, &t->class, sizeof(t->class));
	add(t, CKA_KEY_TYPE, &t->type, sizeof(t->type));
	add(t, CKA_ID, t->id, place->id_len);
	if (place->label_len)
		add(t, CKA_LABEL, t->label, place->label_len);
	add_flag(t, CKA_TOKEN, true);
	if (im->public_half) {
		add_flag(t, CKA_PRIVATE, false);
		add_flag(t, CKA_VERIFY, true);
		return;
	}
	add_flag(t, CKA_SENSITIVE, true);
	if (im->sparing)
		return;
	add_flag(t, CKA_PRIVATE, true);
	add_flag(t, CKA_EXTRACTABLE, false);
	add_flag(t, CKA_SIGN, true);
	add_flag(t, CKA_DECRYPT, false);
	add_flag(t, CKA_UNWRAP, false);
}

static bool is_wanted(const struct import *im, const struct p11_part *part)
{
	if (im->public_half)
		return !part->secret;
	if (im->sparing && (part->type == CKA_MODULUS || part->type == CKA_PRIVATE_EXPONENT))
		return false;
	return part->type != CKA_EC_POINT; /* a private key shows none */
}

static void add_parts(struct attributes *t, const struct import *im, const struct p11_parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		const struct p11_part *part = &parts->list[i];

		if (is_wanted(im, part))
			add(t, part->type, part->value.data, part->value.len);
	}
}

static CK_RV make(struct p11_change *change, CK_SESSION_HANDLE session)
{
	struct import *im = (struct import *)change;
	struct p11_token *token = change->token;
	AUTO_P11_PARTS struct p11_parts parts = { 0 };
	CK_OBJECT_HANDLE object = 0;
	struct attributes t;
	CK_RV rv;

	change->call = "C_CreateObject";
	if (p11_parts_dup(&im->parts, &parts) < 0)
		return CKR_HOST_MEMORY;
	add_frame(&t, im);
	add_parts(&t, im, &parts);
	rv = P11_CALL(token->module, token->name, C_CreateObject, session, t.attrs, t.n, &object);
	if (rv == CKR_OK && !im->public_half)
		im->made = object;
	return rv;
}

/* -- around it --------------------------------------------------------------------------- */

/* Tokens that make the public half themselves (PIV cards) refuse it as an object; whether it is to
 * be seen shows when the key is opened. */
static int put(struct import *im, struct ms_key **key, struct ms_error *err)
{
	struct p11_place *p = &im->place;
	struct ms_error public_half = { 0 };
	int r = p11_change(&im->change, p->uri, err);

	if (r < 0)
		return r;
	im->public_half = true;
	r = p11_change(&im->change, p->uri, &public_half);
	if (r == MS_ERR_TIMEOUT || r == MS_ERR_NOMEM) {
		*err = public_half;
		return r;
	}
	r = p11_place_open(p, im->change.officer ? 0 : im->made, key, err);
	if (r < 0 && public_half.code)
		err_append(err, "; its public half was refused: %s", public_half.message);
	return r == 0 ? p11_place_check_closed(key, err) : r;
}

int p11_import_key(struct ms_context *ctx, const struct ms_import *request, const EVP_PKEY *pkey,
	struct ms_key **key, struct ms_error *err)
{
	struct ms_error own = { 0 };
	struct import im = { .change.make = make };
	int r = 0;

	*key = NULL;
	if (p11_parts_of(pkey, &im.parts) < 0)
		r = err_set(&own, MS_ERR_KEY, "this key cannot be taken apart for a token");
	if (r == 0)
		r = p11_place_find(ctx, request->ref, request->duplicate, &im.place, &own);
	if (r == 0) {
		im.change.token = im.place.token;
		im.sparing = p11_yubico_is(im.place.token);
		r = put(&im, key, &own);
	}
	p11_place_release(&im.place);
	p11_parts_release(&im.parts);
	if (r < 0 && err)
		*err = own;
	return r;
}
