/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/printable.h"

#include <stddef.h>
#include <string.h>

#define INDENTED "\n  "

/* Bytes of the control character that begins here; 0: none does. */
static size_t control_at(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
		return 2;
	return *c && (*c < ' ' || *c == 0x7f);
}

bool text_has_control(const char *text)
{
	while (*text && !control_at(text))
		text++;
	return *text;
}

static void make_printable(char *text, const char *kept)
{
	while (*text) {
		size_t len = control_at(text);

		if (!len || (kept && !strncmp(text, kept, strlen(kept)))) {
			text++;
			continue;
		}
		memset(text, '?', len);
		text += len;
	}
}

void text_make_printable(char *text)
{
	make_printable(text, NULL);
}

void text_make_message_printable(char *text)
{
	make_printable(text, INDENTED);
}
