/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/quote.h"

#include <string.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%"

void quote_word(FILE *out, const char *word)
{
	if (*word && word[strspn(word, PLAIN)] == '\0') {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

void quote_option(FILE *out, const char *option, const char *word)
{
	if (!word)
		return;
	fprintf(out, " %s ", option);
	quote_word(out, word);
}
