/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PKCS#11 modules of a context. Each is loaded once, by p11-kit, and stays until the context
 * is freed; each has a watch of its own, so that one that is stuck does not stop the others.
 */
#ifndef MODSEAL_ENGINES_PKCS11_MODULE_H
#define MODSEAL_ENGINES_PKCS11_MODULE_H

#include "engines/pkcs11/uri.h"
#include "src/key/context.h"

#include <p11-kit/p11-kit.h>
#include <stdlib.h>
#include <time.h>

struct p11_token;
struct watch;

struct p11_module {
	struct ms_context *ctx;
	struct p11_state *state;
	CK_FUNCTION_LIST *functions;
	char *name;            /* p11-kit's ("softhsm2"), or the path that it was loaded by */
	char *place;           /* for messages: "PKCS#11 module softhsm2" */
	bool by_path;          /* asked for by its path, not one of p11-kit's configured */
	bool trust_policy;     /* holds CA certificates for TLS, no keys (p11-kit-trust) */
	struct watch *watch;
	bool ready;            /* C_Initialize went well */
	struct ms_error problem; /* why it cannot be used; code 0 if nothing is known against it */
	bool problem_told;
	time_t told_at;        /* last notice of a slow call, seconds of CLOCK_MONOTONIC; 0: none */
	CK_INFO info;
	struct p11_token **tokens; /* all that were ever seen; see token.h */
	size_t n_tokens;
};

/* The modules that a reference means; the array is the caller's, the modules are the context's. */
struct p11_modules {
	struct p11_module **list;
	size_t n;
	bool named; /* by a path, or by module-name */
};

/*
 * The modules for this URI (NULL: any): that of its module-path, else of --module, else those
 * that p11-kit is configured with (without trust-policy modules, unless module-name names one),
 * loaded and initialised. One that fails is in the list with `problem` set; a notice was given.
 * MS_ERR_TOKEN when a module that was named cannot be used, or when there is none at all.
 */
int p11_modules_for(struct ms_context *ctx, const struct p11_uri *uri, struct p11_modules *modules,
	struct ms_error *err);

static inline void p11_modules_cleanup(struct p11_modules *m)
{
	free(m->list);
}
#define AUTO_P11_MODULES __attribute__((cleanup(p11_modules_cleanup)))

/* Notes why the module cannot be used and tells it once. */
void p11_module_failed(struct p11_module *module, const struct ms_error *why);

/*
 * Tokens (by name, see token.h) whose PIN was refused: whatever module shows such a token again,
 * no PIN is tried on it in this context.
 */
bool p11_pin_was_refused(const struct p11_module *module, const char *token);
int p11_remember_refusal(const struct p11_module *module, const char *token);

#endif
