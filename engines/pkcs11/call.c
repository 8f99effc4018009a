/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/call.h"

#include "src/base/error.h"

#include <string.h>
#include <time.h>

#define SECONDS_BETWEEN_NOTICES 30

int p11_stuck_err(const struct p11_module *module, struct ms_error *err)
{
	const char *call = watch_stuck_call(module->watch);
	const char *on = watch_stuck_on(module->watch);

	__atomic_store_n(&module->ctx->wedged, true, __ATOMIC_RELAXED);
	err_set(err, MS_ERR_TIMEOUT, "%s: %s did not come back within %u seconds%s%s",
		on ? on : module->place, call, module->ctx->timeout,
		on && on != module->place ? "; " : "",
		on && on != module->place ? module->place : "");
	err_hint(err, "Is the token plugged in, its service or network up, does it wait for a touch? "
		      "--token-timeout gives it more time (0: for ever).");
	return MS_ERR_TIMEOUT;
}

int p11_run(struct p11_module *module, int (*fn)(void *arg), void *arg, struct ms_error *err)
{
	int ret = 0, r = watch_run(module->watch, fn, arg, &ret);

	if (r == 0)
		return ret;
	if (r == MS_ERR_TIMEOUT)
		return p11_stuck_err(module, err);
	if (r == MS_ERR_NOMEM)
		return err_nomem(err);
	return err_set(err, r, "%s: no thread can be started to call it", module->place);
}

static bool waits_for_a_person(const char *call)
{
	return !strcmp(call, "C_Login") || !strcmp(call, "C_Sign") || !strcmp(call, "C_SignFinal");
}

/* A token that wants a touch for each signature would else be told of at each. */
void p11_tell_slow(void *user, const char *call, const char *on)
{
	struct p11_module *module = user;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (module->told_at && now.tv_sec - module->told_at < SECONDS_BETWEEN_NOTICES)
		return;
	module->told_at = now.tv_sec;
	if (!strcmp(call, P11_PAD_LOGIN))
		context_notice(module->ctx, "waiting for %s: enter the PIN on the reader's pad", on);
	else if (waits_for_a_person(call))
		context_notice(module->ctx, "waiting for %s: touch it if it blinks", on);
	else
		context_notice(module->ctx, "waiting for %s (%s)", on ? on : module->place, call);
}
