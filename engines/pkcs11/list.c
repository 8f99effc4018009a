/* SPDX-License-Identifier: Apache-2.0 */
/* What lies on the tokens. */
#include "engines/pkcs11/list.h"

#include "engines/engine.h"
#include "engines/pkcs11/call.h"
#include "engines/pkcs11/login.h"
#include "engines/pkcs11/object.h"
#include "engines/pkcs11/piv.h"
#include "engines/pkcs11/pubkey.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"

#include <openssl/bn.h>
#include <string.h>

/* -- objects ----------------------------------------------------------------------------- */

struct reading {
	struct p11_reader reader;
	const struct p11_uri *filter;
	struct ms_token *token; /* the objects go here */
};

static int read_name(struct reading *rd, CK_OBJECT_HANDLE handle, struct ms_object *o)
{
	AUTO_BUF struct buf id = { 0 }, label = { 0 };
	const char *slot;

	if (p11_attr(&rd->reader, handle, CKA_ID, &id) < 0 ||
		p11_attr(&rd->reader, handle, CKA_LABEL, &label) < 0)
		return rd->reader.err->code;
	if (id.len && !(o->id = cert_hex(id.data, id.len)))
		return err_nomem(rd->reader.err);
	if (label.len && !(o->label = p11_padded_text(label.data, label.len)))
		return err_nomem(rd->reader.err);
	slot = p11_piv_slot(&rd->reader.token->info, id.data, id.len);
	if (slot && !(o->slot = strdup(slot)))
		return err_nomem(rd->reader.err);
	return 0;
}

static int set_type(struct reading *rd, struct ms_object *o, const char *type, unsigned bits)
{
	o->type = strdup(type);
	o->bits = bits;
	return o->type ? 0 : err_nomem(rd->reader.err);
}

static int read_key_type(struct reading *rd, CK_OBJECT_HANDLE handle, struct ms_object *o)
{
	CK_KEY_TYPE type = (CK_KEY_TYPE)-1;
	AUTO_BUF struct buf value = { 0 };
	unsigned bits = 0;
	char name[64];
	BIGNUM *n;
	int r = p11_attr_ulong(&rd->reader, handle, CKA_KEY_TYPE, &type);

	if (r == 0 && type == CKK_RSA)
		r = p11_attr(&rd->reader, handle, CKA_MODULUS, &value);
	else if (r == 0 && type == CKK_EC)
		r = p11_attr(&rd->reader, handle, CKA_EC_PARAMS, &value);
	if (r < 0)
		return r;
	if (type == CKK_RSA) {
		n = value.len ? BN_bin2bn(value.data, (int)value.len, NULL) : NULL;
		bits = n ? (unsigned)BN_num_bits(n) : 0;
		BN_free(n);
		return set_type(rd, o, "RSA", bits);
	}
	if (type == CKK_EC) {
		p11_curve(&value, name, sizeof(name), &bits);
		return set_type(rd, o, name, bits);
	}
	snprintf(name, sizeof(name), "key type 0x%lx", type);
	return set_type(rd, o, name, 0);
}

static int read_private(struct reading *rd, CK_OBJECT_HANDLE handle, struct ms_object *o)
{
	const struct {
		CK_ATTRIBUTE_TYPE type;
		enum ms_answer *answer;
	} answers[] = {
		{ CKA_SENSITIVE, &o->sensitive },
		{ CKA_ALWAYS_SENSITIVE, &o->always_sensitive },
		{ CKA_EXTRACTABLE, &o->extractable },
		{ CKA_NEVER_EXTRACTABLE, &o->never_extractable },
		{ CKA_LOCAL, &o->local },
		{ CKA_SIGN, &o->sign },
		{ CKA_ALWAYS_AUTHENTICATE, &o->always_authenticate },
	};
	int r = read_key_type(rd, handle, o);

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]) && r == 0; i++)
		r = p11_attr_answer(&rd->reader, handle, answers[i].type, answers[i].answer);
	return r;
}

static int read_cert(struct reading *rd, CK_OBJECT_HANDLE handle, struct ms_object *o)
{
	AUTO_X509 X509 *cert = NULL;
	const EVP_PKEY *pub;
	char type[32];
	int r = p11_cert_of(&rd->reader, handle, &cert);

	if (r != 1)
		return r; /* 0: not X.509, so there is no more to tell */
	o->subject = cert_name_text(X509_get_subject_name(cert));
	o->issuer = cert_name_text(X509_get_issuer_name(cert));
	o->serial = cert_serial_hex(X509_get0_serialNumber(cert));
	o->not_after = cert_time_text(X509_get0_notAfter(cert));
	if (!o->subject || !o->issuer || !o->serial)
		return err_nomem(rd->reader.err);
	pub = X509_get0_pubkey(cert);
	if (!pub)
		return 0;
	key_type_name(pub, type, sizeof(type));
	return set_type(rd, o, EVP_PKEY_is_a(pub, "RSA") ? "RSA" : type,
		(unsigned)EVP_PKEY_get_bits(pub));
}

static int read_object(struct reading *rd, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class)
{
	struct ms_object *o = token_add_object(rd->token);
	int r;

	if (!o)
		return err_nomem(rd->reader.err);
	o->kind = class == CKO_PRIVATE_KEY ? MS_OBJECT_PRIVATE_KEY :
		class == CKO_PUBLIC_KEY	   ? MS_OBJECT_PUBLIC_KEY :
					     MS_OBJECT_CERTIFICATE;
	o->uri = p11_object_uri(&rd->reader, handle, class, rd->filter);
	if (!o->uri)
		return rd->reader.err->code;
	r = read_name(rd, handle, o);
	if (r < 0)
		return r;
	switch (o->kind) {
	case MS_OBJECT_PRIVATE_KEY:
		return read_private(rd, handle, o);
	case MS_OBJECT_PUBLIC_KEY:
		return read_key_type(rd, handle, o);
	default:
		return read_cert(rd, handle, o);
	}
}

static int read_class(struct reading *rd, CK_OBJECT_CLASS class)
{
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	struct p11_template tmpl;
	int r;

	p11_template_init(&tmpl, class);
	r = p11_template_add_uri(&tmpl, rd->filter, rd->reader.err);
	if (r == 0)
		r = p11_find(&rd->reader, &tmpl, &found);
	for (size_t i = 0; i < found.n && r == 0; i++)
		r = read_object(rd, found.list[i], class);
	return r;
}

static int read_fn(void *arg)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY, CKO_PUBLIC_KEY,
		CKO_CERTIFICATE };
	struct reading *rd = arg;
	CK_OBJECT_CLASS wanted = rd->filter ? p11_uri_class(rd->filter) : P11_ANY_CLASS;
	int r = p11_reader_begin(&rd->reader, rd->reader.token, rd->reader.err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]) && r == 0; i++)
		if (wanted == P11_ANY_CLASS || wanted == classes[i])
			r = read_class(rd, classes[i]);
	p11_reader_end(&rd->reader);
	return r;
}

/* -- tokens ------------------------------------------------------------------------------ */

struct listing {
	struct ms_context *ctx;
	const struct p11_uri *filter; /* NULL: all */
	bool login;
	bool pin_for_none; /* the filter has a PIN, and leaves open whose it is */
	struct ms_token_list *list;
	struct ms_error *err;
};

static int fill_token(struct listing *l, const struct p11_token *t, struct ms_token *out)
{
	const CK_TOKEN_INFO *info = &t->info;

	out->module = strdup(t->module->name);
	out->label = p11_padded_text(info->label, sizeof(info->label));
	out->manufacturer = p11_padded_text(info->manufacturerID, sizeof(info->manufacturerID));
	out->model = p11_padded_text(info->model, sizeof(info->model));
	out->serial = p11_padded_text(info->serialNumber, sizeof(info->serialNumber));
	out->uri = p11_token_uri(t, l->filter);
	out->initialised = info->flags & CKF_TOKEN_INITIALIZED;
	out->login_required = info->flags & CKF_LOGIN_REQUIRED;
	out->pin_pad = info->flags & CKF_PROTECTED_AUTHENTICATION_PATH;
	out->pin_count_low = info->flags & CKF_USER_PIN_COUNT_LOW;
	out->pin_final_try = info->flags & CKF_USER_PIN_FINAL_TRY;
	out->pin_locked = info->flags & CKF_USER_PIN_LOCKED;
	if (out->module && out->label && out->manufacturer && out->model && out->serial && out->uri)
		return 0;
	return err_nomem(l->err);
}

static int add_problem(struct listing *l, const struct p11_module *m, const char *why)
{
	struct ms_token *out = token_list_add(l->list);

	if (!out)
		return err_nomem(l->err);
	out->module = strdup(m->name);
	out->problem = strdup(why);
	return out->module && out->problem ? 0 : err_nomem(l->err);
}

/* Whether it would be given the filter's PIN. */
static bool takes_pin(const struct p11_token *t)
{
	return p11_token_closed(t) && !(t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH);
}

static int log_in(struct listing *l, struct p11_token *t, struct ms_error *err)
{
	if (l->pin_for_none && takes_pin(t))
		return err_set(err, MS_ERR_PIN,
			"%s: several tokens match, so the PIN in the URI was tried on none", t->name);
	return p11_login(t, l->filter, err);
}

static int add_token(struct listing *l, struct p11_token *t)
{
	struct ms_token *out = token_list_add(l->list);
	struct ms_error why = { 0 };
	struct reading rd = { .reader = { .token = t, .err = &why }, .filter = l->filter,
		.token = out };
	int r = out ? fill_token(l, t, out) : err_nomem(l->err);

	if (r < 0 || !out->initialised)
		return r;
	if (l->login)
		r = log_in(l, t, &why);
	p11_pin_wipe(t);
	/* Without the login there may still be public objects. */
	if (r != MS_ERR_TIMEOUT) {
		struct ms_error login = why;

		r = p11_run(t->module, read_fn, &rd, &why);
		if (r == 0)
			why = login;
	}
	out->logged_in = t->logged_in;
	if (!why.code)
		return 0;
	out->problem = strdup(why.message);
	return out->problem ? 0 : err_nomem(l->err);
}

static bool is_meant(const struct listing *l, const struct p11_token *t)
{
	return t->present && (!l->filter || p11_uri_match_token(l->filter, &t->module->info, t->slot,
						    &t->slot_info, &t->info));
}

static int add_module(struct listing *l, struct p11_module *m, const struct ms_error *why)
{
	int r = 0;

	if (why->code)
		return add_problem(l, m, why->message);
	for (size_t i = 0; i < m->n_tokens && r == 0; i++) {
		struct p11_token *t = m->tokens[i];

		if (t->present && t->problem.code)
			r = add_problem(l, m, t->problem.message);
		else if (is_meant(l, t))
			r = add_token(l, t);
	}
	return r;
}

/* Why each module cannot be listed; code 0: it can. */
static struct ms_error *scan(const struct p11_modules *modules, struct ms_error *err)
{
	struct ms_error *why = calloc(modules->n + 1, sizeof(*why));

	if (!why) {
		err_nomem(err);
		return NULL;
	}
	for (size_t i = 0; i < modules->n; i++) {
		why[i] = modules->list[i]->problem;
		if (!why[i].code && p11_tokens_scan(modules->list[i], &why[i]) == 0)
			why[i].code = 0;
	}
	return why;
}

/* By name, as p11_select() tells tokens apart: one card behind two modules may have two. */
static bool several_take_pin(const struct p11_modules *modules, const struct p11_uri *filter)
{
	const struct p11_token *first = NULL;

	for (size_t i = 0; i < modules->n; i++) {
		const struct p11_module *m = modules->list[i];

		for (size_t j = 0; j < m->n_tokens; j++) {
			const struct p11_token *t = m->tokens[j];

			if (!p11_token_matches(t, filter) || !takes_pin(t))
				continue;
			if (first && strcmp(first->name, t->name) != 0)
				return true;
			first = t;
		}
	}
	return false;
}

int p11_list(struct ms_context *ctx, const char *filter, bool login, struct ms_token_list *list,
	struct ms_error *err)
{
	AUTO_P11_URI struct p11_uri *uri = NULL;
	AUTO_P11_MODULES struct p11_modules modules = { 0 };
	AUTO_FREE struct ms_error *why = NULL;
	struct listing l = { .ctx = ctx, .login = login, .list = list, .err = err };
	int r = filter ? p11_uri_parse(filter, &uri, err) : 0;

	l.filter = uri;
	if (r == 0)
		r = p11_modules_for(ctx, uri, &modules, err);
	if (r == 0 && !(why = scan(&modules, err)))
		r = MS_ERR_NOMEM;
	if (r < 0)
		return r;
	l.pin_for_none =
		uri && (uri->pin_value || uri->pin_source) && several_take_pin(&modules, uri);
	for (size_t i = 0; i < modules.n && r == 0; i++)
		r = add_module(&l, modules.list[i], &why[i]);
	return r;
}
