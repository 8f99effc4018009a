/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of where a key lives, for engines. */
#ifndef MODSEAL_KEY_EVIDENCE_H
#define MODSEAL_KEY_EVIDENCE_H

#include <modseal/evidence.h>

/* Adds an item (name and meaning: string constants); past MS_EVIDENCE_MAX nothing is added. */
void evidence_add(struct ms_evidence *evidence, const char *name, const char *meaning,
	enum ms_answer answer, enum ms_answer wanted);

#endif
