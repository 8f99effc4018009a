/* SPDX-License-Identifier: Apache-2.0 */
/* Where a key that is not there yet goes. */
#ifndef MODSEAL_LIFE_NEW_KEY_H
#define MODSEAL_LIFE_NEW_KEY_H

#include "engines/engine.h"

/* The engine that makes, or takes, the key that `ref` is to name. MS_ERR_UNSUPPORTED if there is
 * none; MS_ERR_USAGE if it does not know what a seal is and there is one. `verb` is for messages:
 * "makes", "puts". */
int life_engine_for_new(const char *ref, const struct ms_seal *seal, const char *verb,
	const struct engine **engine, struct ms_error *err);

#endif
