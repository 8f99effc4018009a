/* SPDX-License-Identifier: Apache-2.0 */
/* A command that does one thing to each of many modules, one after the other. */
#ifndef MODSEAL_CLI_BATCH_H
#define MODSEAL_CLI_BATCH_H

#include "src/cli/source.h"
#include "src/cli/tally.h"

#include <json-c/json.h>

struct batch {
	struct source source;
	struct tally tally;
	/* Does it to the module at item->path, writing to item->dest (NULL: in place); prints its
	 * result line, or fills `json` if that is not NULL. Returns an outcome or a negative
	 * MS_ERR_*. */
	int (*one)(const struct source_item *item, struct json_object *json, struct ms_error *err);
	/* Called when all were done, to report and count what else there is to say; may be NULL. */
	void (*rest)(struct tally *tally);
};

/* Returns the exit status (see tally_finish()). */
int batch_run(struct batch *batch);

#endif
