/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/place.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/change.h"
#include "engines/pkcs11/key.h"
#include "engines/pkcs11/login.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <string.h>

#define MAX_FREE_ID 0xffffUL

/* -- what the URI says ------------------------------------------------------------------- */

static int copy_attr(const struct p11_uri *uri, CK_ATTRIBUTE_TYPE type, CK_BYTE *to, CK_ULONG *len,
	struct ms_error *err)
{
	const CK_ATTRIBUTE *a = p11_uri_attr(uri, type);

	*len = 0;
	if (!a || !a->ulValueLen)
		return 0;
	if (a->ulValueLen > P11_MAX_ATTR)
		return err_set(err, MS_ERR_URI, "the URI's %s is longer than %d bytes",
			type == CKA_ID ? "id" : "object", P11_MAX_ATTR);
	memcpy(to, a->pValue, a->ulValueLen);
	*len = a->ulValueLen;
	return 0;
}

static int read_uri(struct p11_place *p, const char *ref, struct ms_error *err)
{
	int r = p11_uri_parse(ref, &p->uri, err);
	CK_OBJECT_CLASS class;

	if (r < 0)
		return r;
	class = p11_uri_class(p->uri);
	if (class != P11_ANY_CLASS && class != CKO_PRIVATE_KEY)
		return err_set(err, MS_ERR_URI,
			"%s: its type= is not private, but a key is to be made", p->uri->text);
	r = copy_attr(p->uri, CKA_ID, p->id, &p->id_len, err);
	if (r == 0)
		r = copy_attr(p->uri, CKA_LABEL, p->label, &p->label_len, err);
	if (r < 0 || p->id_len || p->label_len)
		return r;
	err_set(err, MS_ERR_URI, "%s does not say what the key is to be called", p->uri->text);
	err_hint(err,
		"Add a name: \";object=modules\" (and \";id=%%01\" for a CKA_ID of your choice).");
	return MS_ERR_URI;
}

/* -- what is there ----------------------------------------------------------------------- */

struct look {
	struct p11_reader reader;
	struct p11_place *place;
	bool duplicate;
};

static int taken(struct look *l, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class, const char *what)
{
	AUTO_FREE char *uri = p11_object_uri(&l->reader, object, class, l->place->uri);

	if (!uri)
		return l->reader.err->code;
	err_set(l->reader.err, MS_ERR_KEY, "there is something of that %s on the token: %s", what,
		uri);
	err_hint(l->reader.err,
		"Choose another name or id. --duplicate makes the key all the same, but "
		"then a URI has to tell the two apart.");
	return MS_ERR_KEY;
}

static int refuse_same(struct look *l, CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type)
{
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	const struct p11_place *p = l->place;
	struct p11_template tmpl;
	int r;

	if (!(type == CKA_ID ? p->id_len : p->label_len))
		return 0;
	p11_template_init(&tmpl, class);
	r = p11_template_add(&tmpl, type, type == CKA_ID ? p->id : p->label,
		type == CKA_ID ? p->id_len : p->label_len, l->reader.err);
	if (r == 0)
		r = p11_find(&l->reader, &tmpl, &found);
	if (r < 0 || !found.n)
		return r;
	return taken(l, found.list[0], class, type == CKA_ID ? "id" : "name");
}

/* Marks the ids of one and two bytes, as numbers. */
static int mark_ids(struct look *l, CK_OBJECT_CLASS class, unsigned char *used)
{
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	struct p11_template tmpl;
	int r;

	p11_template_init(&tmpl, class);
	r = p11_find(&l->reader, &tmpl, &found);
	for (size_t i = 0; i < found.n && r >= 0; i++) {
		AUTO_BUF struct buf id = { 0 };

		r = p11_attr(&l->reader, found.list[i], CKA_ID, &id);
		if (r == 1 && id.len == 1)
			used[id.data[0]] = 1;
		else if (r == 1 && id.len == 2)
			used[id.data[0] << 8 | id.data[1]] = 1;
	}
	return r < 0 ? r : 0;
}

static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE };
#define N_CLASSES (sizeof(classes) / sizeof(classes[0]))

/* The smallest number: short to write, and on a PIV card the first slot that is empty. */
static int choose_id(struct look *l)
{
	AUTO_FREE unsigned char *used = calloc(1, MAX_FREE_ID + 1);
	struct p11_place *p = l->place;
	unsigned long id = 1;
	int r = used ? 0 : err_nomem(l->reader.err);

	for (size_t i = 0; i < N_CLASSES && r == 0; i++)
		r = mark_ids(l, classes[i], used);
	while (r == 0 && id <= MAX_FREE_ID && used[id])
		id++;
	if (r < 0)
		return r;
	if (id > MAX_FREE_ID)
		return err_set(l->reader.err, MS_ERR_KEY,
			"%s has no free id; name one with id=", p->token->name);
	p->id_len = id > 0xff ? 2 : 1;
	p->id[0] = (CK_BYTE)(id > 0xff ? id >> 8 : id);
	p->id[1] = (CK_BYTE)id;
	return 0;
}

static int look(struct look *l)
{
	int r = 0;

	for (size_t i = 0; i < N_CLASSES && r == 0 && !l->duplicate; i++) {
		r = refuse_same(l, classes[i], CKA_ID);
		if (r == 0 && classes[i] != CKO_CERTIFICATE)
			r = refuse_same(l, classes[i], CKA_LABEL);
	}
	return r == 0 && !l->place->id_len ? choose_id(l) : r;
}

static int look_fn(void *arg)
{
	struct look *l = arg;
	int r = p11_reader_begin(&l->reader, l->place->token, l->reader.err);

	if (r < 0)
		return r;
	r = look(l);
	p11_reader_end(&l->reader);
	return r;
}

int p11_place_find(struct ms_context *ctx, const char *ref, bool duplicate, struct p11_place *p,
	struct ms_error *err)
{
	struct ms_error own = { 0 };
	struct look l = { .reader.err = &own, .place = p, .duplicate = duplicate };
	int r = read_uri(p, ref, &own);

	p->selection =
		(struct p11_selection){ .ctx = ctx, .uri = p->uri, .class = CKO_PRIVATE_KEY };
	if (r == 0)
		r = p11_select_token(&p->selection, &p->token, &own);
	if (r == 0) {
		p11_change_intended(p->token);
		r = p11_login(p->token, p->uri, &own);
	}
	if (r == 0)
		r = p11_run(p->token->module, look_fn, &l, &own);
	if (r < 0 && err)
		*err = own;
	return r;
}

void p11_place_release(struct p11_place *p)
{
	p11_selection_free(&p->selection);
	p11_uri_free(p->uri);
}

char *p11_place_uri(const struct p11_place *p)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE attrs[3] = { { CKA_CLASS, &class, sizeof(class) } };
	CK_ULONG n = 1;

	if (p->id_len)
		attrs[n++] = (CK_ATTRIBUTE){ CKA_ID, (void *)p->id, p->id_len };
	if (p->label_len)
		attrs[n++] = (CK_ATTRIBUTE){ CKA_LABEL, (void *)p->label, p->label_len };
	return p11_uri_format(p->token->slot, &p->token->info, attrs, n, p->uri);
}

int p11_place_check_closed(struct ms_key **key, struct ms_error *err)
{
	const struct p11_key *k = (*key)->priv;

	if (k->extractable != MS_YES && k->sensitive != MS_NO)
		return 0;
	err_set(err, MS_ERR_KEY, "%s was made, but its token lets its value out", (*key)->uri);
	err_hint(err, "Delete it with the token's own tool, and make keys elsewhere.");
	ms_key_free(*key);
	*key = NULL;
	return MS_ERR_KEY;
}

struct again {
	const struct p11_place *place;
	CK_OBJECT_HANDLE handle;
	struct ms_error *err;
};

static int find_again_fn(void *arg)
{
	struct again *again = arg;
	const struct p11_place *p = again->place;
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	struct p11_template tmpl;
	struct p11_reader reader;
	int r = p11_reader_begin(&reader, p->token, again->err);

	if (r < 0)
		return r;
	p11_template_init(&tmpl, CKO_PRIVATE_KEY);
	r = p11_template_add(&tmpl, CKA_ID, p->id, p->id_len, again->err);
	if (r == 0)
		r = p11_find(&reader, &tmpl, &found);
	p11_reader_end(&reader);
	if (r == 0 && found.n != 1)
		r = err_set(again->err, MS_ERR_KEY, "%s shows %zu keys of its id", p->token->name,
			found.n);
	if (r == 0)
		again->handle = found.list[0];
	return r;
}

int p11_place_open(
	const struct p11_place *p, CK_OBJECT_HANDLE made, struct ms_key **key, struct ms_error *err)
{
	struct ms_error own = { 0 };
	struct again again = { p, made, &own };
	AUTO_FREE char *uri = p11_place_uri(p);
	int r = 0;

	if (!made)
		r = p11_run(p->token->module, find_again_fn, &again, &own);
	if (r == 0)
		r = p11_key_load(p->token, again.handle, p->uri, key, &own);
	if (r == 0)
		return 0;
	err_prefix(&own, "the key %s is on the token, but it cannot be used", uri ? uri : "");
	if (err)
		*err = own;
	return r;
}
