/* SPDX-License-Identifier: Apache-2.0 */
/* What `inspect` shows of a TPM key file. */
#ifndef MODSEAL_CLI_TPMKEY_H
#define MODSEAL_CLI_TPMKEY_H

#include <json-c/json.h>
#include <modseal/error.h>

/* Prints it, or fills `json` if that is not NULL. */
int tpmkey_show(const char *path, struct json_object *json, struct ms_error *err);

#endif
