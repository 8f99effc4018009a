/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/output.h"

#include <stdio.h>

void json_add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text ? json_object_new_string(text) : NULL);
}

void json_add_number(struct json_object *o, const char *key, unsigned long long value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

void json_add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

void json_add_answer(struct json_object *o, const char *key, enum ms_answer answer)
{
	json_object_object_add(o, key,
		answer == MS_UNKNOWN ? NULL : json_object_new_boolean(answer == MS_YES));
}

static const char *code_name(int code)
{
	switch (code) {
	case MS_ERR_USAGE:
		return "usage";
	case MS_ERR_NOMEM:
		return "nomem";
	case MS_ERR_IO:
		return "io";
	case MS_ERR_URI:
		return "uri";
	case MS_ERR_TOKEN:
		return "token";
	case MS_ERR_PIN:
		return "pin";
	case MS_ERR_KEY:
		return "key";
	case MS_ERR_CERT:
		return "cert";
	case MS_ERR_TIMEOUT:
		return "timeout";
	case MS_ERR_MODULE:
		return "module";
	case MS_ERR_UNSUPPORTED:
		return "unsupported";
	case MS_ERR_SIGNATURE:
		return "signature";
	case MS_ERR_STOPPED:
		return "stopped";
	default:
		return "internal";
	}
}

void json_add_error(struct json_object *o, const struct ms_error *err)
{
	struct json_object *e = json_object_new_object();

	json_add_text(e, "code", code_name(err->code));
	json_add_text(e, "message", err->message);
	json_add_text(e, "hint", err->hint[0] ? err->hint : NULL);
	json_object_object_add(o, "error", e);
}

void json_print(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}
