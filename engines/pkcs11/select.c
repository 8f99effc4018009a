/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/select.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/login.h"
#include "engines/pkcs11/pubkey.h"
#include "engines/pkcs11/select_err.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <string.h>

void p11_selection_free(struct p11_selection *s)
{
	for (size_t i = 0; i < s->n_tokens; i++)
		p11_pin_wipe(s->tokens[i]);
	for (size_t i = 0; i < s->n_found; i++) {
		free(s->found[i].uri);
		X509_free(s->found[i].cert);
	}
	free(s->found);
	free(s->tokens);
	p11_modules_cleanup(&s->modules);
}

static void note_trouble(struct p11_selection *s, const struct ms_error *why)
{
	if (!s->trouble.code)
		s->trouble = *why;
}

/* -- tokens ------------------------------------------------------------------------------ */

static int add_token(struct p11_selection *s, struct p11_token *t, struct ms_error *err)
{
	struct p11_token **list = reallocarray(s->tokens, s->n_tokens + 1, sizeof(*list));

	if (!list)
		return err_nomem(err);
	s->tokens = list;
	list[s->n_tokens++] = t;
	return 0;
}

static int scan_module(struct p11_selection *s, struct p11_module *m, struct ms_error *err)
{
	struct ms_error why = { 0 };
	int r = 0;

	if (!m->problem.code && p11_tokens_scan(m, &why) < 0) {
		if (why.code == MS_ERR_TIMEOUT)
			m->problem = why;
		if (s->modules.n > 1)
			context_notice(s->ctx, "%s", why.message);
	} else if (m->problem.code) {
		why = m->problem;
	}
	if (why.code) {
		note_trouble(s, &why);
		return why.code == MS_ERR_NOMEM ? err_nomem(err) : 0;
	}
	for (size_t i = 0; i < m->n_tokens && r == 0; i++) {
		struct p11_token *t = m->tokens[i];

		if (t->present && t->problem.code)
			note_trouble(s, &t->problem);
		if (p11_token_matches(t, s->uri))
			r = add_token(s, t, err);
	}
	return r;
}

/* -- objects ----------------------------------------------------------------------------- */

struct look {
	struct p11_selection *selection;
	struct p11_reader reader;
};

/* Takes uri and cert over. The same object behind two modules is found twice. */
static int add_found(struct look *look, CK_OBJECT_HANDLE handle, char *uri, bool open,
	X509 *cert)
{
	struct p11_selection *s = look->selection;
	struct p11_candidate *list;
	bool known = false;

	for (size_t i = 0; i < s->n_found; i++) {
		const struct p11_candidate *c = &s->found[i];

		known |= c->token != look->reader.token && !strcmp(c->uri, uri);
		known |= cert && !X509_cmp(c->cert, cert);
	}
	list = known ? s->found : reallocarray(s->found, s->n_found + 1, sizeof(*list));
	if (known || !list) {
		free(uri);
		X509_free(cert);
		return known ? 0 : err_nomem(look->reader.err);
	}
	s->found = list;
	list[s->n_found++] =
		(struct p11_candidate){ look->reader.token, handle, uri, open, cert };
	return 0;
}

static int look_at(struct look *look, CK_OBJECT_HANDLE handle)
{
	struct p11_selection *s = look->selection;
	enum ms_answer private = MS_UNKNOWN;
	AUTO_FREE char *uri = NULL;
	X509 *cert = NULL;
	int r = 1;

	if (s->class == CKO_CERTIFICATE)
		r = p11_cert_of(&look->reader, handle, &cert);
	else if (p11_attr_answer(&look->reader, handle, CKA_PRIVATE, &private) < 0)
		r = look->reader.err->code;
	if (r != 1)
		return r;
	uri = p11_object_uri(&look->reader, handle, s->class, s->uri);
	if (!uri) {
		X509_free(cert);
		return look->reader.err->code;
	}
	return add_found(look, handle, STEAL(uri), private == MS_NO, cert);
}

static int look_fn(void *arg)
{
	struct look *look = arg;
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	struct p11_template tmpl;
	int r;

	p11_template_init(&tmpl, look->selection->class);
	r = p11_template_add_uri(&tmpl, look->selection->any ? NULL : look->selection->uri,
		look->reader.err);
	if (r == 0)
		r = p11_reader_begin(&look->reader, look->reader.token, look->reader.err);
	if (r < 0)
		return r;
	r = p11_find(&look->reader, &tmpl, &found);
	for (size_t i = 0; i < found.n && r >= 0; i++)
		r = look_at(look, found.list[i]);
	p11_reader_end(&look->reader);
	return r < 0 ? r : 0;
}

int p11_select_on(struct p11_selection *s, struct p11_token *t, struct ms_error *err)
{
	struct look look = { .selection = s, .reader = { .token = t, .err = err } };

	return p11_run(t->module, look_fn, &look, err);
}

static int look_everywhere(struct p11_selection *s, struct ms_error *err)
{
	for (size_t i = 0; i < s->n_tokens; i++) {
		struct ms_error why = { 0 };

		if (p11_select_on(s, s->tokens[i], &why) == 0)
			continue;
		if (why.code == MS_ERR_NOMEM || why.code == MS_ERR_URI || s->n_tokens == 1) {
			*err = why;
			return why.code;
		}
		context_notice(s->ctx, "%s", why.message);
		note_trouble(s, &why);
	}
	return 0;
}

static void forget_found_on(struct p11_selection *s, const struct p11_token *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_found; i++) {
		if (s->found[i].token != t) {
			s->found[kept++] = s->found[i];
			continue;
		}
		free(s->found[i].uri);
		X509_free(s->found[i].cert);
	}
	s->n_found = kept;
}

/* -- logging in -------------------------------------------------------------------------- */

/* The token to log into: the one where keys are seen already (they may need the login to sign),
 * else the only one that could hide some. NULL if there is none, or no telling (*several). */
static struct p11_token *token_to_open(const struct p11_selection *s, bool *several)
{
	struct p11_token *only = NULL;

	*several = false;
	for (size_t i = 0; i < s->n_found; i++) {
		if ((only && only != s->found[i].token) || s->found[i].open)
			return NULL; /* several keys, an error soon; or one that needs no login */
		only = s->found[i].token;
	}
	if (only)
		return p11_token_closed(only) ? only : NULL;
	for (size_t i = 0; i < s->n_tokens; i++) {
		struct p11_token *t = s->tokens[i];

		if (!p11_token_closed(t))
			continue;
		if (only && strcmp(only->name, t->name) != 0) {
			*several = true;
			return NULL;
		}
		if (!only)
			only = t;
	}
	return only;
}

static int log_in_and_look(struct p11_selection *s, struct ms_error *err)
{
	bool several;
	struct p11_token *t = token_to_open(s, &several);
	int r;

	if (several)
		return p11_err_which_token(s, err);
	if (!t)
		return 0;
	r = p11_login(t, s->uri, err);
	if (r < 0)
		return r;
	forget_found_on(s, t);
	return p11_select_on(s, t, err);
}

static int find_tokens(struct p11_selection *s, struct ms_error *err)
{
	int r = p11_modules_for(s->ctx, s->uri, &s->modules, err);

	for (size_t i = 0; i < s->modules.n && r == 0; i++)
		r = scan_module(s, s->modules.list[i], err);
	if (r < 0)
		return r;
	return s->n_tokens ? 0 : p11_err_no_token(s, err);
}

int p11_select_token(struct p11_selection *s, struct p11_token **token, struct ms_error *err)
{
	int r = find_tokens(s, err);

	for (size_t i = 1; i < s->n_tokens && r == 0; i++)
		if (strcmp(s->tokens[i]->name, s->tokens[0]->name) != 0)
			r = p11_err_several_tokens(s, err);
	if (r == 0)
		*token = s->tokens[0];
	return r;
}

int p11_select(struct p11_selection *s, struct ms_error *err)
{
	int r = find_tokens(s, err);

	if (r == 0)
		r = look_everywhere(s, err);
	if (r == 0 && s->class == CKO_PRIVATE_KEY)
		r = log_in_and_look(s, err);
	if (r < 0)
		return r;
	if (!s->n_found)
		return p11_err_none(s, err);
	return s->n_found > 1 ? p11_err_several(s, err) : 0;
}
