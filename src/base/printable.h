/* SPDX-License-Identifier: Apache-2.0 */
/* Text of others on a terminal or in a log: control characters in it would lead the one elsewhere,
 * or forge lines of the other. */
#ifndef MODSEAL_BASE_PRINTABLE_H
#define MODSEAL_BASE_PRINTABLE_H

#include <stdbool.h>

/* Whether there is one of C0, C1 (in UTF-8) or DEL in it. */
bool text_has_control(const char *text);
/* Puts '?' in the place of each byte of them. */
void text_make_printable(char *text);
/* The same for a message, which keeps a line break if the next line is indented, as our lists are:
 * none of its lines looks like the first of another message. */
void text_make_message_printable(char *text);

#endif
