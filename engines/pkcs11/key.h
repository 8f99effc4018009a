/* SPDX-License-Identifier: Apache-2.0 */
/* A private key of a token, as the rest of the house sees it. */
#ifndef MODSEAL_ENGINES_PKCS11_KEY_H
#define MODSEAL_ENGINES_PKCS11_KEY_H

#include "engines/pkcs11/token.h"
#include "src/key/key.h"

struct p11_key {
	struct p11_token *token;
	CK_OBJECT_HANDLE handle;  /* with epoch: under token->pool.lock once the key is made */
	unsigned epoch;           /* token->epoch of the handle */
	bool login;               /* the user was logged in when it was opened: it may need that */
	bool rsa;                 /* else EC */
	size_t size;              /* bytes of the modulus, or of the order */
	unsigned order_bits;      /* EC */
	bool always_authenticate; /* the PIN is given at each signature */
	bool may_sign;            /* CKA_SIGN is not false */
	bool digest;              /* token and key take digests: p11_mech_digest() */
	unsigned messages;        /* bit 1 << hash: they take messages for that hash */
	/* what the token says of it */
	enum ms_answer sensitive, always_sensitive, extractable, never_extractable, local;
};

extern const struct key_ops p11_key_ops;

/*
 * The whole key: reads what the token says of it, its public half and its certificate; holds the
 * PIN if the key wants it at each signature (asking for it if need be, so outside p11_run()).
 * `uri` is what named it.
 */
int p11_key_load(struct p11_token *token, CK_OBJECT_HANDLE handle, const struct p11_uri *uri,
	struct ms_key **key, struct ms_error *err);

#endif
