/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/outpath.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <errno.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool outpath_is_dir(const char *output, int n_operands, char **operands)
{
	size_t len = strlen(output);

	return n_operands > 1 || (len && output[len - 1] == '/') || is_dir(output) ||
		(n_operands == 1 && is_dir(operands[0]));
}

int outpath_make_parents(char *path, struct ms_error *err)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		int r;

		*p = '\0';
		r = mkdir(path, 0777);
		if (r < 0 && errno == EEXIST && is_dir(path))
			r = 0;
		if (r < 0)
			return err_set_errno(err, MS_ERR_IO, errno, "directory %s cannot be made",
				path);
		*p = '/';
	}
	return 0;
}

int outpath_join(const char *output, const char *relative, char **path, struct ms_error *err)
{
	if (asprintf(path, "%s/%s", output, relative) >= 0)
		return 0;
	*path = NULL;
	return err_nomem(err);
}

struct claim {
	char *path, *source;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct claim *)a)->path, ((const struct claim *)b)->path);
}

static void claim_free(void *p)
{
	struct claim *claim = p;

	free(claim->path);
	free(claim->source);
	free(claim);
}

int outpath_claim(void **claims, const char *path, const char *source, struct ms_error *err)
{
	struct claim *claim = calloc(1, sizeof(*claim));
	struct claim **found;

	if (!claim || !(claim->path = strdup(path)) || !(claim->source = strdup(source)) ||
		!(found = tsearch(claim, claims, compare))) {
		if (claim)
			claim_free(claim);
		return err_nomem(err);
	}
	if (*found == claim)
		return 0;
	claim_free(claim);
	err_set(err, MS_ERR_USAGE, "%s and %s would both be written to %s", (*found)->source,
		source, path);
	err_hint(err, "Run one of them by itself, with another -o.");
	return MS_ERR_USAGE;
}

void outpath_forget(void *claims)
{
	tdestroy(claims, claim_free);
}
