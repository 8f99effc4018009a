/* SPDX-License-Identifier: Apache-2.0 */
/* Where on a token a new key goes: the token that a URI names, logged into, with label and CKA_ID.
 */
#ifndef MODSEAL_ENGINES_PKCS11_PLACE_H
#define MODSEAL_ENGINES_PKCS11_PLACE_H

#include "engines/pkcs11/object.h"
#include "engines/pkcs11/select.h"
#include "src/key/key.h"

struct p11_place {
	struct p11_uri *uri;
	struct p11_selection selection;
	struct p11_token *token;
	/* copied, so that they may be given to a call; len 0: none */
	CK_BYTE id[P11_MAX_ATTR], label[P11_MAX_ATTR];
	CK_ULONG id_len, label_len;
};

/*
 * Finds it, logs in, and takes label and id from the URI, or a free id if that has none; its
 * sessions will be able to write. Unless `duplicate`, a key there with this label, or anything with
 * this id, is MS_ERR_KEY. To be released in each case.
 */
int p11_place_find(struct ms_context *ctx, const char *ref, bool duplicate, struct p11_place *place,
	struct ms_error *err);
void p11_place_release(struct p11_place *place);

/* Opens the key that was put there. `made` is its handle; 0: it is to be found again, since handles
 * do not outlive a logout. A failure says that there is a key. */
int p11_place_open(const struct p11_place *place, CK_OBJECT_HANDLE made, struct ms_key **key,
	struct ms_error *err);

/* MS_ERR_KEY for a key that was put there and that its token lets out; *key is then freed. */
int p11_place_check_closed(struct ms_key **key, struct ms_error *err);

/* The full URI of a private key there; free() it, NULL: no memory. */
char *p11_place_uri(const struct p11_place *place);

#endif
