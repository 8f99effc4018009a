/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/blank.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <string.h>

struct search {
	const struct p11_uri *uri;
	const struct ms_token_init *request;
	struct p11_modules modules;
	struct p11_token *found, *same_label;
	size_t n;
	struct ms_error *err;
};

static bool is_blank(const struct p11_token *t)
{
	return !(t->info.flags & CKF_TOKEN_INITIALIZED);
}

static bool is_meant(const struct search *s, const struct p11_token *t)
{
	return !s->uri ||
		p11_uri_match_token(s->uri, &t->module->info, t->slot, &t->slot_info, &t->info);
}

/* Compares as the module pads it. */
static bool has_label(const struct p11_token *t, const char *label)
{
	size_t len = p11_kit_space_strlen(t->info.label, sizeof(t->info.label));

	return !is_blank(t) && len == strlen(label) && !memcmp(t->info.label, label, len);
}

static void look_at(struct search *s, struct p11_token *t)
{
	if (!t->present || t->problem.code)
		return;
	if (has_label(t, s->request->label))
		s->same_label = t;
	if (!is_meant(s, t) || (!s->request->erase && !is_blank(t)))
		return;
	if (!s->found || strcmp(s->found->name, t->name) != 0)
		s->n++;
	s->found = t;
}

static int search(struct search *s, struct ms_context *ctx)
{
	int r = p11_modules_for(ctx, s->uri, &s->modules, s->err);

	for (size_t i = 0; i < s->modules.n && r == 0; i++) {
		struct p11_module *m = s->modules.list[i];
		struct ms_error why = m->problem;

		if (!why.code)
			p11_tokens_scan(m, &why);
		if (why.code && s->modules.n == 1) {
			*s->err = why;
			r = why.code;
		}
		for (size_t j = 0; j < m->n_tokens && !why.code; j++)
			look_at(s, m->tokens[j]);
	}
	return r;
}

static void list_all(struct search *s)
{
	for (size_t i = 0; i < s->modules.n; i++) {
		const struct p11_module *m = s->modules.list[i];

		for (size_t j = 0; j < m->n_tokens; j++) {
			const struct p11_token *t = m->tokens[j];

			if (t->present)
				err_append(s->err, "\n  %s in slot %lu%s", t->name, t->slot,
					is_blank(t) ? ", not initialised" : "");
		}
	}
}

static int judge(struct search *s)
{
	const struct ms_token_init *request = s->request;

	if (s->same_label && (!request->erase || (s->n == 1 && s->same_label != s->found))) {
		err_set(s->err, MS_ERR_TOKEN, "%s is initialised already", s->same_label->name);
		err_hint(s->err,
			"Choose another label. --force-erase erases it with all that it holds.");
		return MS_ERR_TOKEN;
	}
	if (s->n == 1)
		return 0;
	err_set(s->err, MS_ERR_TOKEN, "%s; there are:",
		s->n			 ? "several tokens could be meant"
			: request->erase ? "no token matches"
					 : "there is no token here that is not initialised");
	list_all(s);
	err_hint(s->err, "%s",
		s->n ? "Name the slot: -k 'pkcs11:slot-id=N'."
		     : "One that is initialised is erased with --force-erase, and named by -k.");
	return MS_ERR_TOKEN;
}

/* What is erased has to be named. */
static int check_erase(const struct p11_uri *uri, struct ms_error *err)
{
	const CK_TOKEN_INFO *info = uri ? p11_kit_uri_get_token_info(uri->kit) : NULL;

	if (info &&
		(info->label[0] || info->serialNumber[0] ||
			p11_kit_uri_get_slot_id(uri->kit) != (CK_SLOT_ID)-1))
		return 0;
	err_set(err, MS_ERR_USAGE, "a token that is to be erased has to be named");
	err_hint(err, "Put its token=, serial= or slot-id= into -k.");
	return MS_ERR_USAGE;
}

int p11_blank_find(struct ms_context *ctx, struct p11_uri *uri, const struct ms_token_init *request,
	struct p11_token **token, struct ms_error *err)
{
	struct search s = { .uri = uri, .request = request, .err = err };
	int r = request->erase ? check_erase(uri, err) : 0;

	/* The label of what is to come matches nothing yet. */
	if (r == 0 && uri && !request->erase)
		memset(p11_kit_uri_get_token_info(uri->kit)->label, 0, 32);
	if (r == 0)
		r = search(&s, ctx);
	if (r == 0)
		r = judge(&s);
	if (r == 0)
		*token = s.found;
	p11_modules_cleanup(&s.modules);
	return r;
}

char *p11_blank_uri(const struct p11_token *t, const struct p11_uri *like)
{
	const CK_ATTRIBUTE *id = like ? p11_uri_attr(like, CKA_ID) : NULL;
	const CK_ATTRIBUTE *label = like ? p11_uri_attr(like, CKA_LABEL) : NULL;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE attrs[3] = { { CKA_CLASS, &class, sizeof(class) } };
	CK_ULONG n = 1;

	if (!id && !label)
		return p11_token_uri(t, like);
	if (id)
		attrs[n++] = *id;
	if (label)
		attrs[n++] = *label;
	return p11_uri_format(t->slot, &t->info, attrs, n, like);
}
