/* SPDX-License-Identifier: Apache-2.0 */
/* What mokutil does (its src/mokutil.c): new lists stand before what was asked for already, each
 * certificate in a list of its own whose owner is shim; what undoes an opposite request that is
 * pending takes that one back. */
#include "src/trust/mok.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/trust/mokauth.h"

#include <openssl/err.h>
#include <string.h>

#define ATTRIBUTES (EFIVAR_NON_VOLATILE | EFIVAR_BOOTSERVICE_ACCESS | EFIVAR_RUNTIME_ACCESS)

const struct mok_names mok_names[MS_MOK_ACTIONS] = {
	[MS_MOK_ENROL] = { "MokNew", "MokAuth", "MokListRT", true },
	[MS_MOK_DELETE] = { "MokDel", "MokDelAuth", "MokListRT", false },
	[MS_MOK_REVOKE] = { "MokXNew", "MokXAuth", "MokListXRT", true },
	[MS_MOK_UNREVOKE] = { "MokXDel", "MokXDelAuth", "MokListXRT", false },
};

MS_API enum ms_mok_action ms_mok_opposite(enum ms_mok_action action)
{
	static const enum ms_mok_action opposites[MS_MOK_ACTIONS] = {
		[MS_MOK_ENROL] = MS_MOK_DELETE,
		[MS_MOK_DELETE] = MS_MOK_ENROL,
		[MS_MOK_REVOKE] = MS_MOK_UNREVOKE,
		[MS_MOK_UNREVOKE] = MS_MOK_REVOKE,
	};

	return opposites[action];
}

void mok_list_free(struct mok_list *list)
{
	esl_free(&list->esl);
	efivar_free(&list->var);
}

static int parse(const char *name, struct mok_list *list, struct ms_error *err)
{
	int r = esl_read(list->var.data.data, list->var.data.len, name, &list->esl, err);

	if (r < 0)
		mok_list_free(list);
	return r;
}

int mok_read_request(
	const char *root, enum ms_mok_action action, struct mok_list *list, struct ms_error *err)
{
	const char *name = mok_names[action].request;
	int r = efivar_read(root, name, &guid_shim, &list->var, err);

	return r < 0 ? r : parse(name, list, err);
}

int mok_read_shim(const char *root, const char *name, struct mok_list *list, struct ms_error *err)
{
	int r = efivar_read_shim(root, name, &list->var, err);

	return r < 0 ? r : parse(name, list, err);
}

/* -- certificates ---------------------------------------------------------------------------- */

struct der {
	uint8_t *data;
	int len; /* negative: out of memory */
};

static struct der der_of(const struct ms_cert *cert)
{
	struct der der = { 0 };

	der.len = i2d_X509(cert->x509, &der.data);
	return der;
}

const struct esl_entry *mok_find(const struct mok_list *list, const struct ms_cert *cert)
{
	struct der der = der_of(cert);
	const struct esl_entry *e =
		der.len < 0 ? NULL : esl_find(&list->esl, &guid_x509, der.data, (size_t)der.len);

	OPENSSL_free(der.data);
	return e;
}

static int add_cert(struct buf *lists, const struct ms_cert *cert, struct ms_error *err)
{
	struct der der = der_of(cert);
	int r = der.len < 0 ? -1
			    : esl_add(lists, &guid_x509, &guid_shim, der.data, (size_t)der.len);

	OPENSSL_free(der.data);
	return r < 0 ? err_nomem(err) : 0;
}

/* -- requests -------------------------------------------------------------------------------- */

static int delete_request(const char *root, enum ms_mok_action action, struct ms_error *err)
{
	/* A list without a password is ignored; a password without a list empties MokList. */
	int r = efivar_delete(root, mok_names[action].auth, &guid_shim, err);

	return r < 0 ? r : efivar_delete(root, mok_names[action].request, &guid_shim, err);
}

/* Takes a certificate out of what is pending. */
static int take_back(const char *root, enum ms_mok_action action, const struct mok_list *list,
	const struct esl_entry *entry, struct ms_error *err)
{
	AUTO_BUF struct buf rest = { 0 };
	const struct buf *data = &list->var.data;

	if (esl_without(data->data, data->len, entry, &rest) < 0)
		return err_nomem(err);
	if (!rest.len)
		return delete_request(root, action, err);
	return efivar_write(
		root, mok_names[action].request, &guid_shim, ATTRIBUTES, rest.data, rest.len, err);
}

static int take_back_opposite(const char *root, enum ms_mok_action action,
	const struct ms_cert *cert, bool *taken, struct ms_error *err)
{
	AUTO_MOK_LIST struct mok_list list = { 0 };
	const struct esl_entry *entry;
	int r = mok_read_request(root, ms_mok_opposite(action), &list, err);

	*taken = false;
	if (r < 0)
		return r;
	entry = mok_find(&list, cert);
	if (!entry)
		return 0;
	*taken = true;
	return take_back(root, ms_mok_opposite(action), &list, entry, err);
}

/* Both variables, or neither. */
static int write_request(const char *root, enum ms_mok_action action, const struct buf *lists,
	const struct efivar *before, const struct ms_mok_password *password, struct ms_error *err)
{
	const char *name = mok_names[action].request;
	struct ms_error again = { 0 };
	int r = efivar_write(root, name, &guid_shim, ATTRIBUTES, lists->data, lists->len, err);

	if (r < 0)
		return r;
	r = efivar_write(root, mok_names[action].auth, &guid_shim, ATTRIBUTES, password->auth,
		sizeof(password->auth), err);
	if (r == 0)
		return 0;
	if (before->found)
		efivar_write(root, name, &guid_shim, before->attributes, before->data.data,
			before->data.len, &again);
	else
		efivar_delete(root, name, &guid_shim, &again);
	if (again.code)
		err_append(err, "; and %s could not be taken back: %s", name, again.message);
	return r;
}

/* What is enrolled need not be enrolled, what is not need not be deleted. */
static bool is_so(
	const struct mok_list *enrolled, enum ms_mok_action action, const struct ms_cert *cert)
{
	return (mok_find(enrolled, cert) != NULL) == mok_names[action].adds;
}

static int ask_one(const char *root, enum ms_mok_action action, const struct ms_cert *cert,
	const struct mok_list *enrolled, struct buf *lists, enum ms_mok_outcome *outcome,
	struct ms_error *err)
{
	bool taken = false;
	int r = 0;

	if (is_so(enrolled, action, cert))
		r = take_back_opposite(root, action, cert, &taken, err);
	*outcome = taken ? MS_MOK_TAKEN_BACK : MS_MOK_ASKED;
	return r < 0 || taken ? r : add_cert(lists, cert, err);
}

static bool is_among(struct ms_cert *const *certs, size_t n, const struct ms_cert *cert)
{
	for (size_t i = 0; i < n; i++)
		if (X509_cmp(certs[i]->x509, cert->x509) == 0)
			return true;
	return false;
}

MS_API int ms_mok_ask(const char *root, enum ms_mok_action action, struct ms_cert *const *certs,
	size_t n_certs, const struct ms_mok_password *password, enum ms_mok_outcome *outcomes,
	struct ms_error *err)
{
	AUTO_MOK_LIST struct mok_list before = { 0 }, enrolled = { 0 };
	AUTO_BUF struct buf lists = { 0 };
	bool asked = false;
	int r = mok_read_request(root, action, &before, err);

	if (r == 0)
		r = mok_read_shim(root, mok_names[action].list, &enrolled, err);
	for (size_t i = 0; i < n_certs && r == 0; i++) {
		enum ms_mok_outcome outcome = MS_MOK_ASKED;

		/* Asked for already: only the password is new. */
		if (!mok_find(&before, certs[i]) && !is_among(certs, i, certs[i]))
			r = ask_one(root, action, certs[i], &enrolled, &lists, &outcome, err);
		asked |= outcome == MS_MOK_ASKED;
		if (outcomes)
			outcomes[i] = outcome;
	}
	if (r < 0 || !asked)
		return r;
	if (!password)
		return err_set(err, MS_ERR_PIN, "a request to MokManager needs a password");
	if (buf_add(&lists, before.var.data.data, before.var.data.len) < 0)
		return err_nomem(err);
	return write_request(root, action, &lists, &before.var, password, err);
}

MS_API int ms_mok_revoke(const char *root, bool *any, struct ms_error *err)
{
	bool found = false;
	int r = 0;

	for (int action = 0; action < MS_MOK_ACTIONS && r == 0; action++) {
		struct efivar request = { 0 }, auth = { 0 };

		r = efivar_read(root, mok_names[action].request, &guid_shim, &request, err);
		if (r == 0)
			r = efivar_read(root, mok_names[action].auth, &guid_shim, &auth, err);
		found |= request.found || auth.found;
		efivar_free(&request);
		efivar_free(&auth);
		if (r == 0)
			r = delete_request(root, (enum ms_mok_action)action, err);
	}
	if (any)
		*any = found;
	return r;
}

/* -- what is pending --------------------------------------------------------------------------- */

/* NULL: it is none, or one that OpenSSL does not read. */
static struct ms_cert *cert_of(const struct esl_entry *e)
{
	X509 *x509 = e->kind == ESL_X509 ? cert_of_der(e->data, e->len) : NULL;

	ERR_clear_error();
	return x509 ? cert_wrap(x509) : NULL;
}

static char *text_of(const struct esl_entry *e, const struct ms_cert *cert)
{
	AUTO_FREE char *hex = NULL;
	char *text = NULL;

	if (cert)
		return strdup(cert->subject);
	hex = cert_hex(e->data, e->kind == ESL_HASH ? e->len : e->len < 16 ? e->len : 16);
	if (!hex ||
		asprintf(&text, e->kind == ESL_HASH ? "%s %s" : "%s that begins with %s",
			e->hash			      ? e->hash
				: e->kind == ESL_X509 ? "a certificate that cannot be read,"
						      : "an entry of an unknown kind",
			hex) < 0)
		return NULL;
	return text;
}

static int add_items(enum ms_mok_action action, const struct esl *esl,
	struct ms_mok_pending *pending, struct ms_error *err)
{
	struct ms_mok_item *items =
		reallocarray(pending->items, pending->n_items + esl->n + 1, sizeof(*items));

	if (!items)
		return err_nomem(err);
	pending->items = items;
	for (size_t i = 0; i < esl->n; i++) {
		struct ms_mok_item *item = &items[pending->n_items++];

		item->action = action;
		item->cert = cert_of(&esl->entries[i]);
		item->text = text_of(&esl->entries[i], item->cert);
		if (!item->text)
			return err_nomem(err);
	}
	return 0;
}

MS_API int ms_mok_pending_read(
	const char *root, struct ms_mok_pending *pending, struct ms_error *err)
{
	int r = 0;

	*pending = (struct ms_mok_pending){ 0 };
	for (int action = 0; action < MS_MOK_ACTIONS && r == 0; action++) {
		AUTO_MOK_LIST struct mok_list list = { 0 };
		AUTO_EFIVAR struct efivar auth = { 0 };

		r = mok_read_request(root, (enum ms_mok_action)action, &list, err);
		if (r == 0)
			r = add_items((enum ms_mok_action)action, &list.esl, pending, err);
		if (r < 0 || list.var.found)
			continue;
		r = efivar_read(root, mok_names[action].auth, &guid_shim, &auth, err);
		pending->reset |= auth.found && action == MS_MOK_ENROL;
		pending->reset_revoked |= auth.found && action == MS_MOK_REVOKE;
	}
	if (r < 0)
		ms_mok_pending_free(pending);
	return r;
}

MS_API void ms_mok_pending_free(struct ms_mok_pending *pending)
{
	for (size_t i = 0; i < pending->n_items; i++) {
		ms_cert_free(pending->items[i].cert);
		free(pending->items[i].text);
	}
	free(pending->items);
	*pending = (struct ms_mok_pending){ 0 };
}
