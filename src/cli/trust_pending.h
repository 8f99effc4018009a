/* SPDX-License-Identifier: Apache-2.0 */
/* What MokManager is asked for: `modseal trust enrol --pending`, `--revoke-pending`. Both return an
 * exit status. */
#ifndef MODSEAL_CLI_TRUST_PENDING_H
#define MODSEAL_CLI_TRUST_PENDING_H

#include <modseal/mok.h>

/* "enrol", "delete", "revoke", "unrevoke" */
const char *mok_action_name(enum ms_mok_action action);

int trust_pending(const char *root, bool json);
int trust_revoke_pending(const char *root);

#endif
