/* SPDX-License-Identifier: Apache-2.0 */
/* The `list` of struct engine: persistent keys. */
#ifndef MODSEAL_ENGINES_TPM2_LIST_H
#define MODSEAL_ENGINES_TPM2_LIST_H

#include "src/key/context.h"

#include <modseal/list.h>

int tpm_list(struct ms_context *ctx, const char *filter, bool login, struct ms_token_list *list,
	struct ms_error *err);

#endif
