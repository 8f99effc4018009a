/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel does with a module, for people and for machines. */
#ifndef MODSEAL_CLI_PREDICTION_H
#define MODSEAL_CLI_PREDICTION_H

#include <json-c/json.h>
#include <modseal/verify.h>

/* ": loads (CN=..., sha256): ...", behind a name; no newline. */
void prediction_print(const struct ms_prediction *prediction);
void prediction_json(struct json_object *o, const struct ms_prediction *prediction);

#endif
