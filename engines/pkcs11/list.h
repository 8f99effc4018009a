/* SPDX-License-Identifier: Apache-2.0 */
/* The `list` of struct engine. */
#ifndef MODSEAL_ENGINES_PKCS11_LIST_H
#define MODSEAL_ENGINES_PKCS11_LIST_H

#include <modseal/list.h>

int p11_list(struct ms_context *ctx, const char *filter, bool login, struct ms_token_list *list,
	struct ms_error *err);

#endif
