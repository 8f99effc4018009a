/* SPDX-License-Identifier: Apache-2.0 */
/* The `init_token` of struct engine. */
#ifndef MODSEAL_ENGINES_PKCS11_INIT_H
#define MODSEAL_ENGINES_PKCS11_INIT_H

#include <modseal/life.h>

int p11_init_token(struct ms_context *ctx, const struct ms_token_init *request, char **uri,
	struct ms_error *err);

#endif
