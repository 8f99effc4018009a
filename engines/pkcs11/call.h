/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a module is called. No function of it is called but by P11_CALL, and P11_CALL is used only
 * inside a function that p11_run() runs: so whoever waits does so for a bounded time.
 *
 * A call that never comes back keeps what it was given. So what goes into P11_CALL lies on the
 * stack of the function that p11_run() runs, or in a token or module (which are never freed once
 * a call is stuck), or on the heap under a local AUTO_FREE (then it leaks with its thread). That
 * goes for the arguments themselves too: they are read after the clock was started, so take what
 * the caller owns into a local first.
 */
#ifndef MODSEAL_ENGINES_PKCS11_CALL_H
#define MODSEAL_ENGINES_PKCS11_CALL_H

#include "engines/pkcs11/module.h"
#include "src/base/watch.h"

/* Runs fn(arg) under the module's watch and returns what it returned. MS_ERR_TIMEOUT with token
 * and call named when a call did not come back, now or earlier; the context is then wedged. */
int p11_run(struct p11_module *module, int (*fn)(void *arg), void *arg, struct ms_error *err);

/* The error for a module in which a call never returned; the context is wedged from here on. */
int p11_stuck_err(const struct p11_module *module, struct ms_error *err);

/* watch_slow_fn for a struct p11_module: tells the user what is waited for. */
void p11_tell_slow(void *module, const char *call, const char *on);

/* The call name of a login at the reader's own pad: the slow notice tells it from a touch. */
#define P11_PAD_LOGIN "C_Login at the PIN pad"

/* P11_CALL(module, on, C_Sign, args...): the function's CK_RV. `on` is the token's name, or the
 * module's place where there is no token. */
#define P11_CALL(module, on, fn, ...) P11_CALL_AS(module, on, #fn, fn, __VA_ARGS__)
#define P11_CALL_AS(module, on, name, fn, ...)                   \
	({                                                       \
		CK_RV rv_;                                       \
		watch_enter(name, on);                           \
		rv_ = (module)->functions->fn(__VA_ARGS__);      \
		watch_leave();                                   \
		rv_;                                             \
	})

#endif
