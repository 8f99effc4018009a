/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/select_err.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <string.h>

#define ROOM_FOR_MORE 32 /* bytes of "and N more" */

static int code_of(const struct p11_selection *s)
{
	return s->class == CKO_CERTIFICATE ? MS_ERR_CERT : MS_ERR_KEY;
}

static const char *noun_of(const struct p11_selection *s)
{
	return s->class == CKO_CERTIFICATE ? "certificate" : "private key";
}

/* A list at the end of a message, a line each, as long as there is room. */
struct lines {
	struct ms_error *err;
	size_t left_out;
};

static void add_line(struct lines *l, const char *text)
{
	if (!l->err)
		return;
	if (!l->left_out && strlen(l->err->message) + strlen(text) + ROOM_FOR_MORE <
				    sizeof(l->err->message))
		err_append(l->err, "\n  %s", text);
	else
		l->left_out++;
}

static void end_lines(struct lines *l)
{
	if (l->left_out)
		err_append(l->err, "\n  and %zu more", l->left_out);
}

/* What could not be asked may be what was meant. */
static void add_trouble(const struct p11_selection *s, struct lines *l)
{
	if (!s->trouble.code)
		return;
	add_line(l, "and this could not be asked:");
	add_line(l, s->trouble.message);
}

static int add_token_line(struct lines *l, const struct p11_token *t, const struct p11_uri *like)
{
	AUTO_FREE char *uri = p11_token_uri(t, like);

	if (!uri)
		return err_nomem(l->err);
	add_line(l, uri);
	return 0;
}

static int list_tokens(const struct p11_selection *s, struct lines *lines, size_t *n)
{
	int r = 0;

	for (size_t i = 0; i < s->modules.n; i++) {
		const struct p11_module *m = s->modules.list[i];

		for (size_t j = 0; j < m->n_tokens && r == 0; j++) {
			if (!p11_token_usable(m->tokens[j]))
				continue;
			r = add_token_line(lines, m->tokens[j], s->uri);
			++*n;
		}
	}
	return r;
}

int p11_err_no_token(struct p11_selection *s, struct ms_error *err)
{
	struct lines lines = { .err = err };
	size_t n = 0;
	int r;

	err_set(err, MS_ERR_TOKEN, "no token matches %s; there are:", s->uri->text);
	r = list_tokens(s, &lines, &n);
	if (r < 0)
		return r;
	add_trouble(s, &lines);
	end_lines(&lines);
	if (n)
		return MS_ERR_TOKEN;
	if (s->trouble.code) {
		if (err)
			*err = s->trouble;
		err_prefix(err, "no token matches %s", s->uri->text);
		return s->trouble.code;
	}
	err_set(err, MS_ERR_TOKEN, "no token matches %s; %s", s->uri->text,
		s->modules.named ? "its module shows none" : "there is none at all");
	err_hint(err, "Is it plugged in, initialised, and its module known to p11-kit (p11-kit "
		      "list-modules)? --module PATH names a module.");
	return MS_ERR_TOKEN;
}

static int which_token(struct p11_selection *s, const char *why, struct ms_error *err)
{
	struct lines lines = { .err = err };
	int r = 0;

	err_set(err, MS_ERR_KEY, "several tokens match %s%s:", s->uri->text, why);
	for (size_t i = 0; i < s->n_tokens && r == 0; i++)
		r = add_token_line(&lines, s->tokens[i], s->uri);
	if (r < 0)
		return r;
	end_lines(&lines);
	err_hint(err, "Name the token: put its token= or serial= into the URI.");
	return MS_ERR_KEY;
}

int p11_err_which_token(struct p11_selection *s, struct ms_error *err)
{
	return which_token(s,
		", and each wants its PIN before it shows its keys, so none was tried", err);
}

int p11_err_several_tokens(struct p11_selection *s, struct ms_error *err)
{
	return which_token(s, "", err);
}

int p11_err_several(struct p11_selection *s, struct ms_error *err)
{
	struct lines lines = { .err = err };

	err_set(err, code_of(s), "%zu %ss match %s:", s->n_found, noun_of(s), s->uri->text);
	for (size_t i = 0; i < s->n_found; i++)
		add_line(&lines, s->found[i].uri);
	end_lines(&lines);
	err_hint(err, "Use the one that you mean (its id= or serial= tells it apart).");
	return code_of(s);
}

int p11_err_none(struct p11_selection *s, struct ms_error *err)
{
	struct lines lines = { .err = err };
	bool locked = false;

	s->any = true;
	for (size_t i = 0; i < s->n_tokens; i++) {
		int r = p11_select_on(s, s->tokens[i], err);

		if (r < 0)
			return r;
		locked |= p11_token_closed(s->tokens[i]);
	}
	err_set(err, code_of(s), "no %s matches %s; %s", noun_of(s), s->uri->text,
		s->n_found ? "there are:" : "the tokens that match have none");
	for (size_t i = 0; i < s->n_found; i++)
		add_line(&lines, s->found[i].uri);
	if (!s->n_found)
		for (size_t i = 0; i < s->n_tokens; i++)
			add_line(&lines, s->tokens[i]->name);
	add_trouble(s, &lines);
	end_lines(&lines);
	if (locked)
		err_hint(err, "Nobody is logged in, so what the token hides is not seen.");
	else
		err_hint(err, "modseal keys lists all tokens and what lies in them.");
	return code_of(s);
}
