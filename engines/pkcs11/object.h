/* SPDX-License-Identifier: Apache-2.0 */
/* Finding objects and reading their attributes. All of it is for inside p11_run(). */
#ifndef MODSEAL_ENGINES_PKCS11_OBJECT_H
#define MODSEAL_ENGINES_PKCS11_OBJECT_H

#include "engines/pkcs11/token.h"
#include "src/base/buf.h"

#include <modseal/list.h>

#define P11_MAX_ATTR 1024 /* bytes of the longest CKA_ID or CKA_LABEL that can be looked for */

/* What to look for; copies what it is given, so that it may lie on the stack of a call. */
struct p11_template {
	CK_OBJECT_CLASS class;
	CK_BYTE id[P11_MAX_ATTR], label[P11_MAX_ATTR];
	CK_ATTRIBUTE attrs[3];
	CK_ULONG n;
};

/* Objects of a class; add_attr narrows it: CKA_ID or CKA_LABEL. MS_ERR_URI if that is too long. */
void p11_template_init(struct p11_template *tmpl, CK_OBJECT_CLASS class);
int p11_template_add(struct p11_template *tmpl, CK_ATTRIBUTE_TYPE type, const void *value,
	size_t len, struct ms_error *err);
/* The URI's id and object (uri may be NULL). */
int p11_template_add_uri(struct p11_template *tmpl, const struct p11_uri *uri,
	struct ms_error *err);

struct p11_objects {
	CK_OBJECT_HANDLE *list;
	size_t n;
};
static inline void p11_objects_cleanup(struct p11_objects *o)
{
	free(o->list);
}
#define AUTO_P11_OBJECTS __attribute__((cleanup(p11_objects_cleanup)))

/* A token and one of its sessions; ended with p11_reader_end(). */
struct p11_reader {
	struct p11_token *token;
	CK_SESSION_HANDLE session;
	struct ms_error *err;
	CK_RV broken; /* why a call in it failed: then the session is not used again */
};

int p11_reader_begin(struct p11_reader *r, struct p11_token *token, struct ms_error *err);
void p11_reader_end(struct p11_reader *r);

/* Appends the handles of all objects that fit. */
int p11_find(struct p11_reader *r, struct p11_template *tmpl, struct p11_objects *found);

/*
 * Reads an attribute into an empty buffer: 1; 0 when the object has none or the token does not
 * show it (then the buffer stays empty); negative on failure.
 */
int p11_attr(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
	struct buf *value);
/* The same for numbers and truth values; an absent one leaves *value as it is. */
int p11_attr_ulong(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
	CK_ULONG *value);
int p11_attr_answer(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
	enum ms_answer *value);

/* Its full URI; free() it. NULL with err set when it failed. */
char *p11_object_uri(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class,
	const struct p11_uri *like);

#endif
