/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/batch.h"

#include "src/cli/output.h"

static int one_module(struct batch *batch, const struct source_item *item, struct ms_error *err)
{
	struct json_object *o = batch->tally.json ? json_object_new_object() : NULL;
	int r;

	if (o)
		json_add_text(o, "module", item->path);
	r = batch->one(item, o, err);
	if (r >= 0 && o)
		json_print(o);
	else
		json_object_put(o);
	return r;
}

int batch_run(struct batch *batch)
{
	struct source_item item;
	struct ms_error err;
	int r;

	for (;;) {
		err = (struct ms_error){ 0 };
		r = source_next(&batch->source, &item, &err);
		if (r == 0)
			break;
		if (r > 0)
			r = one_module(batch, &item, &err);
		if (r < 0)
			tally_fail(&batch->tally, item.path ? item.path : "?", &err);
		else
			tally_count(&batch->tally, (enum outcome)r);
		source_item_release(&item);
		if (r < 0 && tally_is_fatal(r)) {
			batch->tally.stopped = err;
			break;
		}
	}
	source_close(&batch->source);
	if (batch->rest && !batch->tally.stopped.code)
		batch->rest(&batch->tally);
	return tally_finish(&batch->tally);
}
