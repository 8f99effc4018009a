/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing PKCS#11 modules into the process. */
#ifndef MODSEAL_ENGINES_PKCS11_LOADER_H
#define MODSEAL_ENGINES_PKCS11_LOADER_H

#include "src/base/watch.h"
#include "src/key/context.h"

#include <p11-kit/p11-kit.h>

/*
 * Loads the module at `path`, or all that p11-kit is configured with (NULL), under the watch; calls
 * nothing of them but C_GetFunctionList. *list ends with NULL; the caller frees the array and
 * releases each module (p11_kit_module_release).
 */
int p11_load(struct ms_context *ctx, struct watch *watch, const char *path,
	CK_FUNCTION_LIST ***list, struct ms_error *err);

#endif
