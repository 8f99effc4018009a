/* SPDX-License-Identifier: Apache-2.0 */
/* Results for people (lines of text) and for machines (JSON Lines: one object a line). */
#ifndef MODSEAL_CLI_OUTPUT_H
#define MODSEAL_CLI_OUTPUT_H

#include <json-c/json.h>
#include <modseal/error.h>
#include <modseal/list.h>
#include <stdbool.h>

/* Adds a string; null for NULL. */
void json_add_text(struct json_object *o, const char *key, const char *text);
void json_add_number(struct json_object *o, const char *key, unsigned long long value);
void json_add_bool(struct json_object *o, const char *key, bool value);
/* true, false, or null for an unknown answer. */
void json_add_answer(struct json_object *o, const char *key, enum ms_answer answer);
/* {"code": "io", "message": ..., "hint": ...} under "error". */
void json_add_error(struct json_object *o, const struct ms_error *err);
/* Prints it as one line on stdout and frees it. */
void json_print(struct json_object *o);

#endif
