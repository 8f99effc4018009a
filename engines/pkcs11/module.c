/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/module.h"

#include "engines/engine.h"
#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "engines/pkcs11/loader.h"
#include "engines/pkcs11/token.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/ossl.h"

#include <stdlib.h>
#include <string.h>

/* What the engine keeps in a context. */
struct p11_state {
	struct ms_context *ctx;
	struct watch *loader; /* for what is not yet a module's */
	struct p11_module **modules;
	size_t n_modules;
	bool configured; /* p11-kit's configured modules are among them */
	pthread_mutex_t lock; /* of what follows */
	char **refused;
	size_t n_refused;
};

static void state_free(void *arg);

static struct p11_state *state_of(struct ms_context *ctx, struct ms_error *err)
{
	struct p11_state *state = context_get(ctx, &engine_pkcs11);

	if (state)
		return state;
	/* Before any module is loaded: SoftHSM2 uses OpenSSL's default context, which must not
	 * read an openssl.cnf that loads a PKCS#11 provider into it. */
	state = calloc(1, sizeof(*state));
	if (!state || !ossl_ctx() || !(state->loader = watch_new(ctx->timeout, NULL, NULL))) {
		free(state);
		err_nomem(err);
		return NULL;
	}
	state->ctx = ctx;
	pthread_mutex_init(&state->lock, NULL);
	if (context_put(ctx, &engine_pkcs11, state, state_free) < 0) {
		state_free(state);
		err_set(err, MS_ERR_INTERNAL, "the context has no room for the PKCS#11 engine");
		return NULL;
	}
	return state;
}

/* -- loading ----------------------------------------------------------------------------- */

static void module_free(struct p11_module *m)
{
	if (!m)
		return;
	watch_free(m->watch);
	free(m->name);
	free(m->place);
	free(m->tokens);
	free(m);
}

static char *module_name(CK_FUNCTION_LIST *functions, const char *path)
{
	char *name = path ? strdup(path) : p11_kit_module_get_name(functions);

	return name || path ? name : p11_kit_module_get_filename(functions);
}

/* Takes functions over, also on failure. */
static int add_module(struct p11_state *state, CK_FUNCTION_LIST *functions, const char *path,
	struct ms_error *err)
{
	struct p11_module *m = calloc(1, sizeof(*m));
	struct p11_module **list = reallocarray(state->modules, state->n_modules + 1, sizeof(*list));
	AUTO_FREE char *trust = p11_kit_config_option(functions, "trust-policy");

	if (list)
		state->modules = list;
	if (m) {
		m->ctx = state->ctx;
		m->state = state;
		m->functions = functions;
		m->by_path = path;
		m->trust_policy = trust && !strcmp(trust, "yes");
		m->watch = watch_new(state->ctx->timeout, p11_tell_slow, m);
		m->name = module_name(functions, path);
	}
	if (!m || !list || !m->watch || !m->name ||
		asprintf(&m->place, "PKCS#11 module %s", m->name) < 0) {
		if (m)
			m->place = NULL;
		module_free(m);
		p11_kit_module_release(functions);
		return err_nomem(err);
	}
	state->modules[state->n_modules++] = m;
	return 0;
}

static int load_modules(struct p11_state *state, const char *path, struct ms_error *err)
{
	AUTO_FREE CK_FUNCTION_LIST **list = NULL;
	int r = p11_load(state->ctx, state->loader, path, &list, err);

	for (size_t i = 0; list && list[i]; i++) {
		if (r == 0)
			r = add_module(state, list[i], path, err);
		else
			p11_kit_module_release(list[i]);
	}
	return r;
}

/* -- initialising ------------------------------------------------------------------------ */

struct init {
	struct p11_module *module;
	struct ms_error *err;
};

static int init_fn(void *arg)
{
	struct init *init = arg;
	struct p11_module *m = init->module;
	CK_INFO info;
	CK_RV rv;

	watch_enter("C_Initialize", m->place);
	rv = p11_kit_module_initialize(m->functions);
	watch_leave();
	if (rv != CKR_OK)
		return ckr_err(init->err, rv, m->place, "C_Initialize");
	m->ready = true;
	memset(&info, 0, sizeof(info));
	rv = P11_CALL(m, m->place, C_GetInfo, &info);
	m->info = info;
	return rv == CKR_OK ? 0 : ckr_err(init->err, rv, m->place, "C_GetInfo");
}

void p11_module_failed(struct p11_module *m, const struct ms_error *why)
{
	m->problem = *why;
	if (m->problem_told)
		return;
	m->problem_told = true;
	context_notice(m->ctx, "%s", why->message);
}

static int make_ready(struct p11_module *m)
{
	struct ms_error err = { 0 };

	watch_set_timeout(m->watch, m->ctx->timeout);
	if (m->ready && !m->problem.code)
		return 0;
	if (!m->problem.code && p11_run(m, init_fn, &(struct init){ m, &err }, &err) < 0)
		m->problem = err;
	return m->problem.code;
}

/* -- choosing ---------------------------------------------------------------------------- */

/* Whether "softhsm2" means this module: its name, or its file's without lib and .so. */
static bool is_named(const struct p11_module *m, const char *name)
{
	AUTO_FREE char *file = p11_kit_module_get_filename(m->functions);
	const char *base = file ? strrchr(file, '/') : NULL;
	size_t len = strlen(name);

	if (!strcmp(m->name, name))
		return true;
	base = base ? base + 1 : file;
	if (!base)
		return false;
	if (!strcmp(base, name))
		return true;
	if (!strncmp(base, "lib", 3) && strncmp(name, "lib", 3) != 0)
		base += 3;
	return !strncmp(base, name, len) && !strncmp(base + len, ".so", 3);
}

static bool is_wanted(const struct p11_module *m, const char *path, const char *name)
{
	if (path && (!m->by_path || strcmp(m->name, path) != 0))
		return false;
	if (!path && m->by_path)
		return false;
	return name ? is_named(m, name) : path || !m->trust_policy;
}

static bool is_loaded(const struct p11_state *state, const char *path)
{
	for (size_t i = 0; i < state->n_modules; i++)
		if (state->modules[i]->by_path && !strcmp(state->modules[i]->name, path))
			return true;
	return false;
}

static int load_wanted(struct p11_state *state, const char *path, struct ms_error *err)
{
	int r = 0;

	if (path ? is_loaded(state, path) : state->configured)
		return 0;
	watch_set_timeout(state->loader, state->ctx->timeout);
	r = load_modules(state, path, err);
	if (r == 0 && !path)
		state->configured = true;
	return r;
}

static int none_wanted(const char *name, struct ms_error *err)
{
	if (name)
		err_set(err, MS_ERR_TOKEN, "no PKCS#11 module is named %s", name);
	else
		err_set(err, MS_ERR_TOKEN, "p11-kit is configured with no PKCS#11 module");
	err_hint(err, "p11-kit list-modules shows those that there are; --module PATH names another.");
	return MS_ERR_TOKEN;
}

int p11_modules_for(struct ms_context *ctx, const struct p11_uri *uri, struct p11_modules *modules,
	struct ms_error *err)
{
	const char *path = uri && uri->module_path ? uri->module_path : ctx->module;
	const char *name = uri ? uri->module_name : NULL;
	struct p11_state *state = state_of(ctx, err);
	int r;

	if (!state)
		return MS_ERR_NOMEM;
	r = load_wanted(state, path, err);
	if (r < 0)
		return r;
	modules->list = calloc(state->n_modules + 1, sizeof(*modules->list));
	if (!modules->list)
		return err_nomem(err);
	for (size_t i = 0; i < state->n_modules; i++)
		if (is_wanted(state->modules[i], path, name))
			modules->list[modules->n++] = state->modules[i];
	modules->named = path || name;
	if (!modules->n)
		return none_wanted(name, err);
	for (size_t i = 0; i < modules->n; i++) {
		struct p11_module *m = modules->list[i];

		if (make_ready(m) == 0)
			continue;
		if (modules->named && modules->n == 1) {
			*err = m->problem;
			return m->problem.code;
		}
		p11_module_failed(m, &m->problem);
	}
	return 0;
}

/* -- PINs that were refused -------------------------------------------------------------- */

/* The lock: a login is renewed by a thread that signs. */
bool p11_pin_was_refused(const struct p11_module *module, const char *token)
{
	struct p11_state *state = module->state;
	bool was = false;

	pthread_mutex_lock(&state->lock);
	for (size_t i = 0; i < state->n_refused && !was; i++)
		was = !strcmp(state->refused[i], token);
	pthread_mutex_unlock(&state->lock);
	return was;
}

static int add_refused(struct p11_state *state, const char *token)
{
	char **list = reallocarray(state->refused, state->n_refused + 1, sizeof(*list));

	if (!list)
		return -1;
	state->refused = list;
	list[state->n_refused] = strdup(token);
	if (!list[state->n_refused])
		return -1;
	state->n_refused++;
	return 0;
}

int p11_remember_refusal(const struct p11_module *module, const char *token)
{
	struct p11_state *state = module->state;
	int r;

	pthread_mutex_lock(&state->lock);
	r = add_refused(state, token);
	pthread_mutex_unlock(&state->lock);
	return r;
}

/* -- the end ----------------------------------------------------------------------------- */

static int finalize_fn(void *arg)
{
	struct p11_module *m = arg;

	p11_tokens_close(m);
	watch_enter("C_Finalize", m->place);
	p11_kit_module_finalize(m->functions);
	watch_leave();
	return 0;
}

/* Leaves a module in which a call is stuck as it is: its code and data are still in use. */
static void unload(struct p11_module *m)
{
	struct ms_error err = { 0 };

	if (watch_stuck(m->watch))
		return;
	if (m->ready && p11_run(m, finalize_fn, m, &err) < 0)
		context_notice(m->ctx, "%s", err.message);
	if (watch_stuck(m->watch))
		return;
	p11_tokens_free(m);
	p11_kit_module_release(m->functions);
	module_free(m);
}

static void state_free(void *arg)
{
	struct p11_state *state = arg;

	for (size_t i = 0; i < state->n_modules; i++)
		unload(state->modules[i]);
	free(state->modules);
	watch_free(state->loader);
	for (size_t i = 0; i < state->n_refused; i++)
		free(state->refused[i]);
	free(state->refused);
	pthread_mutex_destroy(&state->lock);
	free(state);
}
