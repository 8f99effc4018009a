/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/certlist.h"

#include "src/base/error.h"
#include "src/cli/keyopts.h"

#include <stdlib.h>
#include <string.h>

static int open_all(const char *ref, struct ms_cert ***certs, size_t *n, struct ms_error *err)
{
	int r;

	if (strncmp(ref, "pkcs11:", 7) != 0)
		return ms_cert_open_all(ref, certs, n, err);
	*certs = calloc(1, sizeof(**certs));
	*n = 1;
	if (!*certs)
		return err_nomem(err);
	r = ms_cert_open(keyopts_context(), ref, *certs, err);
	if (r < 0)
		free(*certs);
	return r;
}

static int add(struct certlist *list, const char *ref, struct ms_error *err)
{
	struct ms_cert **more, **all;
	size_t n;
	int r = open_all(ref, &more, &n, err);

	if (r < 0)
		return r;
	all = reallocarray(list->certs, list->n + n, sizeof(*all));
	if (!all) {
		ms_cert_list_free(more, n);
		return err_nomem(err);
	}
	memcpy(all + list->n, more, n * sizeof(*all));
	free(more);
	list->certs = all;
	list->n += n;
	return 0;
}

int certlist_read(struct certlist *list, const struct option_list *refs, struct ms_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < refs->n; i++)
		r = add(list, refs->items[i], err);
	return r;
}

void certlist_free(struct certlist *list)
{
	ms_cert_list_free(list->certs, list->n);
	*list = (struct certlist){ 0 };
}
