/* SPDX-License-Identifier: Apache-2.0 */
#include "src/key/evidence.h"

void evidence_add(struct ms_evidence *e, const char *name, const char *meaning,
	enum ms_answer answer, enum ms_answer wanted)
{
	if (e->n_items < MS_EVIDENCE_MAX)
		e->items[e->n_items++] = (struct ms_evidence_item){ name, meaning, answer, wanted };
}
