/* SPDX-License-Identifier: Apache-2.0 */
/* `modseal cert show`. */
#ifndef MODSEAL_CLI_CERT_SHOW_H
#define MODSEAL_CLI_CERT_SHOW_H

#include <stdbool.h>

/* Shows each certificate (file or URI) as a kernel sees it; an exit status. */
int cert_show(int n, char **refs, bool json);

#endif
