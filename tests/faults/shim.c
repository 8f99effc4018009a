/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/shim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

CK_FUNCTION_LIST *shim_real;

#define PLAIN(kind, name, params, args)                                                            \
	static CK_RV shim_##name params                                                            \
	{                                                                                          \
		CK_RV rv;                                                                          \
		bool forward = shim_begin(FN_##name, kind, &rv);                                   \
                                                                                                   \
		if (forward)                                                                       \
			rv = shim_real->name args;                                                 \
		return shim_end(FN_##name, rv, forward);                                           \
	}
#define ACTED(kind, name, params, args)                                                            \
	static CK_RV shim_##name params                                                            \
	{                                                                                          \
		CK_RV rv;                                                                          \
		bool forward = shim_begin(FN_##name, kind, &rv);                                   \
                                                                                                   \
		if (forward)                                                                       \
			rv = act_##name args;                                                      \
		return shim_end(FN_##name, rv, forward);                                           \
	}
#define UNDONE(kind, name, params, args)                                                           \
	static CK_RV shim_##name params                                                            \
	{                                                                                          \
		CK_RV rv;                                                                          \
		bool forward = shim_begin(FN_##name, kind, &rv);                                   \
                                                                                                   \
		if (forward)                                                                       \
			rv = act_##name args;                                                      \
		else                                                                               \
			undo_##name(rv, SHIM_BARE args);                                           \
		return shim_end(FN_##name, rv, forward);                                           \
	}
#include "tests/faults/shim_functions.h"
#undef UNDONE
#undef ACTED
#undef PLAIN

static CK_FUNCTION_LIST functions = {
	.version = { 2, 40 },
#define PLAIN(kind, name, params, args) .name = shim_##name,
#define ACTED PLAIN
#define UNDONE PLAIN
#include "tests/faults/shim_functions.h"
#undef UNDONE
#undef ACTED
#undef PLAIN
};

/* Where Debian, Fedora and a plain `make install` put SoftHSM. */
static const char *const softhsm_paths[] = {
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib64/pkcs11/libsofthsm2.so",
	"/usr/lib64/softhsm/libsofthsm2.so",
	"/usr/local/lib/softhsm/libsofthsm2.so",
	NULL,
};

static void *open_real(void)
{
	const char *path = getenv("MODSEAL_SHIM_MODULE");
	void *handle = NULL;

	if (path)
		return dlopen(path, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; softhsm_paths[i] && !handle; i++)
		handle = dlopen(softhsm_paths[i], RTLD_NOW | RTLD_LOCAL);
	return handle;
}

static void load(void)
{
	CK_C_GetFunctionList get_list = NULL;
	void *handle;

	shim_rules_load();
	shim_token_load();
	shim_sign_load();
	/* Stays open as long as the process: hung calls may still be in it. */
	handle = open_real();
	if (handle)
		get_list = (CK_C_GetFunctionList)dlsym(handle, "C_GetFunctionList");
	if (!get_list || get_list(&shim_real) != CKR_OK)
		shim_bad("MODSEAL_SHIM_MODULE", handle ? "gives no function list" : dlerror());
}

CK_RV act_C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (!list)
		return CKR_ARGUMENTS_BAD;
	*list = &functions;
	return CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return shim_C_GetFunctionList(list);
}
