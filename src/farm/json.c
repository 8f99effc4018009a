/* SPDX-License-Identifier: Apache-2.0 */
#include "src/farm/formats.h"

#include <string.h>

static unsigned long count_lines(const char *text, size_t len)
{
	unsigned long n = 1;

	for (const char *p = text; (p = memchr(p, '\n', len - (size_t)(p - text))); p++)
		n++;
	return n;
}

struct json_object *json_read(const void *text, size_t len, unsigned long *line)
{
	struct json_tokener *tok = len > INT32_MAX ? NULL : json_tokener_new();
	struct json_object *o;
	size_t end;

	if (line)
		*line = 1;
	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	o = json_tokener_parse_ex(tok, text, (int)len);
	end = json_tokener_get_parse_end(tok);
	if (line)
		*line = count_lines(text, end);
	json_tokener_free(tok);
	for (; o && end < len; end++)
		if (!strchr(" \t\r\n", ((const char *)text)[end]) || !((const char *)text)[end]) {
			json_object_put(o);
			o = NULL;
		}
	if (json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	return NULL;
}

const char *json_text(struct json_object *o, const char *key)
{
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(o, key, &value) ||
		!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}
