/* SPDX-License-Identifier: Apache-2.0 */
/* What `modseal keys` does besides listing. */
#ifndef MODSEAL_CLI_KEYS_H
#define MODSEAL_CLI_KEYS_H

#include <stdbool.h>

/* --check: what speaks for the key being bound to its hardware; an exit status. `root`: the file of
 * --attestation-root, NULL for none. */
int keys_check(const char *ref, const char *root, bool json);
/* --find: key files below `root` (NULL: /); an exit status. */
int keys_find(const char *root, bool json);

#endif
