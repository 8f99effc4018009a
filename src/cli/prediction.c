/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/prediction.h"

#include "src/cli/output.h"

#include <stdio.h>

void prediction_print(const struct ms_prediction *p)
{
	printf(": %s", ms_load_name(p->verdict));
	if (p->error)
		printf(" (%s)", p->error);
	printf(": %s", p->reason);
	if (p->signer[0])
		printf(" (signer: %s; %s)", p->signer, p->hash);
	if (p->message[0])
		printf("; the kernel says: %s", p->message);
	if (p->note[0])
		printf("; %s", p->note);
}

void prediction_json(struct json_object *o, const struct ms_prediction *p)
{
	json_add_text(o, "verdict", ms_load_name(p->verdict));
	json_add_text(o, "errno", p->error);
	json_add_text(o, "store", p->store);
	json_add_text(o, "message", p->message[0] ? p->message : NULL);
	json_add_text(o, "reason", p->reason);
	json_add_text(o, "signer", p->signer[0] ? p->signer : NULL);
	json_add_text(o, "hash", p->hash[0] ? p->hash : NULL);
	json_add_text(o, "note", p->note[0] ? p->note : NULL);
}
