/* SPDX-License-Identifier: Apache-2.0 */
/* What MokManager is asked for: `modseal trust enrol --pending`, `--revoke-pending`. Both return an
 * exit status. */
#ifndef MODSEAL_CLI_TRUST_PENDING_H
#define MODSEAL_CLI_TRUST_PENDING_H

#include <modseal/mok.h>

/* "enrol", "delete", "revoke", "unrevoke" */
const char *mok_action_name(enum ms_mok_action action);

#define MOK_FINGERPRINT_SIZE 60
/* SHA-1 of the certificate, "12 ab ...": by it one knows the certificate on MokManager's screen. */
void mok_fingerprint(const struct ms_cert *cert, char text[MOK_FINGERPRINT_SIZE]);

int trust_pending(const char *root, bool json);
int trust_revoke_pending(const char *root);

#endif
