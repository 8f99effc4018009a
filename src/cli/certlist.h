/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that options name. */
#ifndef MODSEAL_CLI_CERTLIST_H
#define MODSEAL_CLI_CERTLIST_H

#include "src/cli/options.h"

#include <modseal/key.h>

struct certlist {
	struct ms_cert **certs;
	size_t n;
};

/* Adds those of each reference: all of a file's, or the one that a PKCS#11 URI names. */
int certlist_read(struct certlist *list, const struct option_list *refs, struct ms_error *err);
void certlist_free(struct certlist *list);

#endif
