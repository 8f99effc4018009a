/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/names.h"

#include "src/base/error.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

int names_claim(void **names, const char *name, const char *path, const char *hint,
	struct ms_error *err)
{
	char *own = strdup(name), **found = own ? tsearch(own, names, compare) : NULL;

	if (!found) {
		free(own);
		return err_nomem(err);
	}
	if (*found == own)
		return 0;
	free(own);
	err_set(err, MS_ERR_USAGE, "%s is the second with the name %s", path, name);
	err_hint(err, "%s", hint);
	return MS_ERR_USAGE;
}

void names_forget(void *names)
{
	tdestroy(names, free);
}
