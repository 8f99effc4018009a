/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/loader.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <stdlib.h>
#include <string.h>

struct load {
	const char *path;        /* NULL: the configured ones */
	CK_FUNCTION_LIST **list; /* NULL at its end; NULL: it failed */
	char why[512];
};

/* p11-kit's message is kept for each thread, so it is fetched here. */
static int load_fn(void *arg)
{
	struct load *load = arg;
	AUTO_FREE char *path = load->path ? strdup(load->path) : NULL;
	AUTO_FREE CK_FUNCTION_LIST **list = NULL;
	const char *why = NULL;

	if (path) {
		list = calloc(2, sizeof(CK_FUNCTION_LIST *));
		if (!list)
			return MS_ERR_NOMEM;
		watch_enter("p11_kit_module_load", NULL);
		list[0] = p11_kit_module_load(path, 0);
		watch_leave();
	} else if (!load->path) {
		watch_enter("p11_kit_modules_load", NULL);
		list = p11_kit_modules_load(NULL, 0);
		watch_leave();
	} else {
		return MS_ERR_NOMEM;
	}
	why = p11_kit_message();
	if (list && (list[0] || !path)) {
		load->list = STEAL(list);
		/* p11-kit leaves out a configured module that it cannot load; only its message tells
		 * of that, and of the last such one only. */
		if (!path && why)
			snprintf(load->why, sizeof(load->why), "%s", why);
		return 0;
	}
	snprintf(load->why, sizeof(load->why), "%s", why ? why : "no reason given");
	return 0;
}

int p11_load(struct ms_context *ctx, struct watch *watch, const char *path,
	CK_FUNCTION_LIST ***list, struct ms_error *err)
{
	const char *space = path ? " " : "s", *name = path ? path : "";
	struct load load = { .path = path };
	int ret = 0, r = watch_run(watch, load_fn, &load, &ret);

	*list = NULL;
	if (r == MS_ERR_TIMEOUT) {
		__atomic_store_n(&ctx->wedged, true, __ATOMIC_RELAXED);
		return err_set(err, r,
			"PKCS#11 module%s%s: loading it did not come back within %u seconds", space,
			name, ctx->timeout);
	}
	if (r == MS_ERR_INTERNAL)
		return err_set(err, r, "no thread can be started to load PKCS#11 modules");
	if (r < 0 || ret < 0)
		return err_nomem(err);
	*list = load.list;
	if (load.list) {
		if (load.why[0])
			context_notice(ctx, "a PKCS#11 module of p11-kit's configuration is left out: %s",
				load.why);
		return 0;
	}
	err_set(err, MS_ERR_TOKEN, "PKCS#11 module%s%s cannot be loaded: %s", space, name, load.why);
	err_hint(err, path ? "Check the path (its file name ends in .so)."
			   : "Check p11-kit's configuration (p11-kit list-modules), or name a module: "
			     "--module PATH.");
	return MS_ERR_TOKEN;
}
