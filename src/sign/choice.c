/* SPDX-License-Identifier: Apache-2.0 */
/* The digest for each kernel that modules are for, and what speaks against it there. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/sign/signer.h"
#include "src/trust/can_check.h"
#include "src/trust/target.h"

#include <stdio.h>
#include <string.h>

DEFINE_CLEANUP(struct module, module_close, cleanup_module);

/* Made once for each kernel. */
struct choice {
	const struct target *target;
	enum ms_hash hash;
	struct ms_error unfit; /* code 0: nothing speaks against it */
	struct choice *next;
};

void signer_forget_choices(struct ms_signer *s)
{
	for (struct choice *next; s->choices; s->choices = next) {
		next = s->choices->next;
		free(s->choices);
	}
}

/* Without signatures there is nothing that the kernel could not check. */
static int judge(const struct ms_signer *s, struct choice *c, struct ms_error *err)
{
	const struct ms_machine *m = c->target->m;
	struct ms_cert cert = { .x509 = s->cert };
	struct ms_cert_view *view = NULL;
	char why[256];
	int r;

	if (ms_machine_option_on(m, "MODULE_SIG") != MS_YES)
		return 0;
	r = ms_cert_view_new(&cert, &view, err);
	if (r < 0)
		return r;
	if (can_check_key(m, view, why, sizeof(why)) == MS_NO) {
		err_set(&c->unfit, MS_ERR_UNSUPPORTED,
			"the kernel %s cannot check signatures by a %s "
			"key: %s",
			c->target->release, view->key_type, why);
		err_hint(&c->unfit, "Sign with a key of another type for this kernel.");
	} else if (can_check_hash(m, c->hash, why, sizeof(why)) == MS_NO) {
		err_set(&c->unfit, MS_ERR_UNSUPPORTED,
			"the kernel %s cannot check signatures with %s: %s", c->target->release,
			ms_hash_name(c->hash), why);
		err_hint(&c->unfit, "Sign with --hash %s for this kernel.",
			ms_hash_name(c->target->hash ? c->target->hash : MS_HASH_SHA256));
	}
	ms_cert_view_free(view);
	return 0;
}

static void warn(const struct ms_signer *s, const struct ms_error *unfit)
{
	char text[sizeof(unfit->message) + sizeof(unfit->hint) + 32];

	if (!s->options.notice)
		return;
	snprintf(text, sizeof(text), "WARNING: %s. %s", unfit->message, unfit->hint);
	s->options.notice(s->options.notice_user, text);
}

static int add(struct ms_signer *s, const struct target *target, struct choice **choice,
	struct ms_error *err)
{
	struct choice *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_nomem(err);
	c->target = target;
	c->hash = s->options.hash;
	if (!s->hash_given && target->hash && s->inputs[target->hash])
		c->hash = target->hash;
	r = judge(s, c, err);
	if (r < 0) {
		free(c);
		return r;
	}
	if (c->unfit.code && !s->options.strict)
		warn(s, &c->unfit);
	c->next = s->choices;
	*choice = s->choices = c;
	return 0;
}

int signer_choose_hash(
	struct ms_signer *s, const struct module *m, enum ms_hash *hash, struct ms_error *err)
{
	const struct target *target = NULL;
	struct choice *c;
	int r = 0;

	*hash = s->options.hash;
	if (s->options.targets)
		r = targets_find(s->options.targets, m->vermagic, &target, err);
	if (r < 0 || !target)
		return r;
	pthread_mutex_lock(&s->choice);
	for (c = s->choices; c && c->target != target; c = c->next)
		;
	if (!c)
		r = add(s, target, &c, err);
	pthread_mutex_unlock(&s->choice);
	if (r < 0)
		return r;
	*hash = c->hash;
	if (!s->options.strict || !c->unfit.code)
		return 0;
	if (err)
		*err = c->unfit;
	return c->unfit.code;
}

MS_API int ms_signer_check(struct ms_signer *s, const char *path, struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	enum ms_hash hash;
	int r = module_open(path, s->options.flags, &m, err);

	return r < 0 ? r : signer_choose_hash(s, m, &hash, err);
}
