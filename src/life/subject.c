/* SPDX-License-Identifier: Apache-2.0 */
#include "src/life/subject.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <openssl/err.h>
#include <string.h>

/* Takes one "TYPE=value" off the text, up to an unescaped separator; both without escapes and
 * blanks around. */
static const char *take_part(const char *p, char separator, char *type, char *value)
{
	char *to = type, *start = type;
	int equals = 0;

	while (*p == ' ')
		p++;
	for (; *p && *p != separator; p++) {
		if (*p == '=' && !equals) {
			equals = 1;
			while (to > start && to[-1] == ' ')
				to--;
			*to = '\0';
			to = start = value;
			while (p[1] == ' ')
				p++;
			continue;
		}
		if (*p == '\\' && p[1])
			p++;
		*to++ = *p;
	}
	while (to > start && to[-1] == ' ')
		to--;
	*to = '\0';
	if (!equals)
		*value = '\0';
	return *p ? p + 1 : p;
}

int subject_parse(const char *text, X509_NAME **out, struct ms_error *err)
{
	AUTO_NAME X509_NAME *name = X509_NAME_new();
	AUTO_FREE char *type = malloc(strlen(text) + 1), *value = malloc(strlen(text) + 1);
	char separator = *text == '/' ? '/' : ',';
	const char *p = *text == '/' ? text + 1 : text;

	if (!name || !type || !value)
		return err_nomem(err);
	while (*p) {
		p = take_part(p, separator, type, value);
		if (*value && X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
				      (const unsigned char *)value, -1, -1, 0))
			continue;
		ERR_clear_error();
		err_set(err, MS_ERR_USAGE, "the subject \"%s\": '%s%s%s' is not understood", text,
			type, *value ? "=" : "", value);
		err_hint(err, "Write it like \"CN=Modules of example.org,O=Example\".");
		return MS_ERR_USAGE;
	}
	if (!X509_NAME_entry_count(name))
		return err_set(err, MS_ERR_USAGE, "the subject is empty");
	*out = STEAL(name);
	return 0;
}
