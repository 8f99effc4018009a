/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines that a person pastes into a shell. */
#ifndef MODSEAL_BASE_QUOTE_H
#define MODSEAL_BASE_QUOTE_H

#include <stdio.h>

/* Prints a word so that a shell takes it as it is. */
void quote_word(FILE *out, const char *word);
/* " OPTION WORD"; nothing if the word is NULL. */
void quote_option(FILE *out, const char *option, const char *word);

#endif
