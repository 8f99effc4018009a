/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a person on the terminal, without echo. */
#ifndef MODSEAL_CLI_PROMPT_H
#define MODSEAL_CLI_PROMPT_H

#include <modseal/context.h>

/* An ms_ask_pin_fn on /dev/tty; -1 without a terminal, on end of file and on ^C. */
int prompt_pin(void *user, const struct ms_pin_request *request, char *pin, size_t size);

#endif
