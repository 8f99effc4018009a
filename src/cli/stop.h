/* SPDX-License-Identifier: Apache-2.0 */
/* A run that a person ends: the first SIGINT or SIGTERM lets what is in hand be finished, the
 * second ends the program at once. */
#ifndef MODSEAL_CLI_STOP_H
#define MODSEAL_CLI_STOP_H

#include <stdbool.h>

void stop_on_signals(void);
bool stop_asked(void);

#endif
