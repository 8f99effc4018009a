/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#11 URIs (RFC 7512): what the user wrote, and what is printed for pasting. */
#ifndef MODSEAL_ENGINES_PKCS11_URI_H
#define MODSEAL_ENGINES_PKCS11_URI_H

#include "src/base/secret.h"

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>
#include <stdbool.h>

#define P11_ANY_CLASS ((CK_OBJECT_CLASS)-1)

struct p11_uri {
	P11KitUri *kit;           /* the path: module, slot, token and object */
	char *module_path;        /* the query's attributes; NULL where they are absent */
	char *module_name;
	char *pin_source;         /* a path, without file: */
	struct secret *pin_value;
	char *text;               /* as it was written, without pin-value and pin-source */
};

/* An attribute that is not understood, written twice, in the wrong half or with a value that
 * cannot be is MS_ERR_URI and named. */
int p11_uri_parse(const char *ref, struct p11_uri **uri, struct ms_error *err);
void p11_uri_free(struct p11_uri *uri);

static inline void p11_uri_cleanup(struct p11_uri **uri)
{
	p11_uri_free(*uri);
}
#define AUTO_P11_URI __attribute__((cleanup(p11_uri_cleanup)))

/* What `type` asks for, P11_ANY_CLASS if it is not there. */
CK_OBJECT_CLASS p11_uri_class(const struct p11_uri *uri);
/* CKA_ID or CKA_LABEL as the URI has it, NULL if it has not; belongs to the URI. */
const CK_ATTRIBUTE *p11_uri_attr(const struct p11_uri *uri, CK_ATTRIBUTE_TYPE type);

/* Whether slot and token are among those that the URI means. */
bool p11_uri_match_token(const struct p11_uri *uri, const CK_INFO *module, CK_SLOT_ID slot,
	const CK_SLOT_INFO *slot_info, const CK_TOKEN_INFO *token);
bool p11_uri_match_module(const struct p11_uri *uri, const CK_INFO *module);

/*
 * The full URI of a token (object == NULL) or of an object, for pasting; free() it, NULL when
 * memory is out. `object` holds CKA_CLASS, CKA_ID and CKA_LABEL as far as they are known. `like`
 * is the URI that led there, or NULL: the module that it names is named again. `slot` is named only
 * when the token has no serial number.
 */
char *p11_uri_format(CK_SLOT_ID slot, const CK_TOKEN_INFO *token, const CK_ATTRIBUTE *object,
	CK_ULONG n_object, const struct p11_uri *like);

#endif
