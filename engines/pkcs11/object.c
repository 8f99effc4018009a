/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/object.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <string.h>

#define AT_ONCE     64    /* handles a C_FindObjects */
#define MAX_OBJECTS 65536 /* of one search; more is a token gone mad */
#define MAX_VALUE   (1 << 20)

/* -- templates --------------------------------------------------------------------------- */

void p11_template_init(struct p11_template *tmpl, CK_OBJECT_CLASS class)
{
	tmpl->class = class;
	tmpl->attrs[0] = (CK_ATTRIBUTE){ CKA_CLASS, &tmpl->class, sizeof(tmpl->class) };
	tmpl->n = 1;
}

int p11_template_add(struct p11_template *tmpl, CK_ATTRIBUTE_TYPE type, const void *value,
	size_t len, struct ms_error *err)
{
	CK_BYTE *copy = type == CKA_ID ? tmpl->id : tmpl->label;

	if (len > P11_MAX_ATTR)
		return err_set(err, MS_ERR_URI, "the URI's %s is longer than %d bytes",
			type == CKA_ID ? "id" : "object", P11_MAX_ATTR);
	if (len)
		memcpy(copy, value, len);
	tmpl->attrs[tmpl->n++] = (CK_ATTRIBUTE){ type, copy, len };
	return 0;
}

int p11_template_add_uri(struct p11_template *tmpl, const struct p11_uri *uri,
	struct ms_error *err)
{
	static const CK_ATTRIBUTE_TYPE types[] = { CKA_ID, CKA_LABEL };
	int r = 0;

	for (size_t i = 0; uri && i < 2 && r == 0; i++) {
		const CK_ATTRIBUTE *a = p11_uri_attr(uri, types[i]);

		if (a)
			r = p11_template_add(tmpl, types[i], a->pValue, a->ulValueLen, err);
	}
	return r;
}

/* -- reading ----------------------------------------------------------------------------- */

int p11_reader_begin(struct p11_reader *r, struct p11_token *token, struct ms_error *err)
{
	*r = (struct p11_reader){ .token = token, .err = err };
	return p11_session_get(token, &r->session, err);
}

void p11_reader_end(struct p11_reader *r)
{
	if (r->broken != CKR_OK)
		p11_session_drop(r->token, r->session, r->broken);
	else
		p11_session_put(r->token, r->session);
}

static int failed(struct p11_reader *r, CK_RV rv, const char *call)
{
	r->broken = rv;
	return ckr_err(r->err, rv, r->token->name, call);
}

/* Between C_FindObjectsInit and C_FindObjectsFinal. */
static int collect(struct p11_reader *r, struct p11_objects *found)
{
	struct p11_token *t = r->token;
	CK_SESSION_HANDLE session = r->session;
	CK_OBJECT_HANDLE batch[AT_ONCE];
	CK_ULONG n;

	do {
		CK_OBJECT_HANDLE *list;
		CK_RV rv;

		n = 0;
		rv = P11_CALL(t->module, t->name, C_FindObjects, session, batch, AT_ONCE, &n);
		if (rv != CKR_OK)
			return failed(r, rv, "C_FindObjects");
		if (n > AT_ONCE || found->n + n > MAX_OBJECTS) {
			r->broken = CKR_GENERAL_ERROR;
			return err_set(r->err, MS_ERR_TOKEN, "%s: claims to have more than %d objects",
				t->name, MAX_OBJECTS);
		}
		list = reallocarray(found->list, found->n + n + 1, sizeof(*list));
		if (!list)
			return err_nomem(r->err);
		found->list = list;
		memcpy(list + found->n, batch, n * sizeof(*list));
		found->n += n;
	} while (n > 0);
	return 0;
}

int p11_find(struct p11_reader *r, struct p11_template *tmpl, struct p11_objects *found)
{
	struct p11_token *t = r->token;
	CK_SESSION_HANDLE session = r->session;
	int result;
	CK_RV rv;

	rv = P11_CALL(t->module, t->name, C_FindObjectsInit, session, tmpl->attrs, tmpl->n);
	if (rv != CKR_OK)
		return failed(r, rv, "C_FindObjectsInit");
	result = collect(r, found);
	rv = P11_CALL(t->module, t->name, C_FindObjectsFinal, session);
	if (rv != CKR_OK && result == 0)
		return failed(r, rv, "C_FindObjectsFinal");
	return result;
}

static bool not_shown(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE;
}

/* Asks the length first: many modules write nothing when the buffer is too short, and some
 * complain of one that is longer than the value. */
int p11_attr(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
	struct buf *value)
{
	struct p11_token *t = r->token;
	CK_SESSION_HANDLE session = r->session;
	CK_ATTRIBUTE a = { .type = type };
	AUTO_FREE void *data = NULL;
	CK_RV rv;

	rv = P11_CALL(t->module, t->name, C_GetAttributeValue, session, object, &a, 1);
	if (not_shown(rv) || (rv == CKR_OK && a.ulValueLen == CK_UNAVAILABLE_INFORMATION))
		return 0;
	if (rv != CKR_OK)
		return failed(r, rv, "C_GetAttributeValue");
	if (a.ulValueLen > MAX_VALUE)
		return err_set(r->err, MS_ERR_TOKEN, "%s: an attribute has %lu bytes", t->name,
			a.ulValueLen);
	data = malloc(a.ulValueLen + 1);
	if (!data)
		return err_nomem(r->err);
	a.pValue = data;
	rv = P11_CALL(t->module, t->name, C_GetAttributeValue, session, object, &a, 1);
	if (not_shown(rv) || (rv == CKR_OK && a.ulValueLen == CK_UNAVAILABLE_INFORMATION))
		return 0;
	if (rv != CKR_OK)
		return failed(r, rv, "C_GetAttributeValue");
	return buf_add(value, data, a.ulValueLen) < 0 ? err_nomem(r->err) : 1;
}

int p11_attr_ulong(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
	CK_ULONG *value)
{
	AUTO_BUF struct buf b = { 0 };
	int found = p11_attr(r, object, type, &b);

	if (found == 1 && b.len == sizeof(*value))
		memcpy(value, b.data, sizeof(*value));
	return found < 0 ? found : 0;
}

int p11_attr_answer(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
	enum ms_answer *value)
{
	AUTO_BUF struct buf b = { 0 };
	int found = p11_attr(r, object, type, &b);

	if (found == 1 && b.len == sizeof(CK_BBOOL))
		*value = b.data[0] ? MS_YES : MS_NO;
	return found < 0 ? found : 0;
}

char *p11_object_uri(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class,
	const struct p11_uri *like)
{
	AUTO_BUF struct buf id = { 0 }, label = { 0 };
	CK_ATTRIBUTE attrs[3] = { { CKA_CLASS, &class, sizeof(class) } };
	CK_ULONG n = 1;
	char *uri;

	if (p11_attr(r, object, CKA_ID, &id) < 0 || p11_attr(r, object, CKA_LABEL, &label) < 0)
		return NULL;
	if (id.len)
		attrs[n++] = (CK_ATTRIBUTE){ CKA_ID, id.data, id.len };
	if (label.len)
		attrs[n++] = (CK_ATTRIBUTE){ CKA_LABEL, label.data, label.len };
	uri = p11_uri_format(r->token->slot, &r->token->info, attrs, n, like);
	if (!uri)
		err_nomem(r->err);
	return uri;
}
