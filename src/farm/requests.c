/* SPDX-License-Identifier: Apache-2.0 */
#include "src/farm/requests.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/farm/input.h"

#include <string.h>

enum ms_farm_format farm_format(enum ms_farm_format format, const struct input *in)
{
	if (format != MS_FARM_AUTO)
		return format;
	return in->n_start == INPUT_START && !memcmp(in->start, NEWC_MAGIC, INPUT_START)
		? MS_FARM_CPIO
		: MS_FARM_LINES;
}

/* Lines of JSON, or one object over all the text that names no digest. */
static bool is_debian(const struct buf *text)
{
	AUTO_JSON struct json_object *o = json_read(text->data, text->len, NULL);

	return o && !json_object_object_get_ex(o, "path", NULL) &&
		!json_object_object_get_ex(o, "digest", NULL);
}

static int read_text(struct ms_requests *q, struct input *in, bool automatic,
	const struct farm_want *want, struct ms_error *err)
{
	AUTO_BUF struct buf text = { 0 };
	int r = input_read_all(in, FARM_TEXT_MAX, &text, err);

	if (r < 0)
		return r;
	if (automatic && is_debian(&text))
		q->list.format = MS_FARM_DEBIAN;
	if (q->list.format == MS_FARM_LINES)
		return lines_read_requests(&q->list, &text, want, err);
	if (!q->root) {
		err_set(err, MS_ERR_USAGE, "%s names files: where are its packages unpacked?",
			in->name);
		err_hint(err, "Name the directory with --root.");
		return MS_ERR_USAGE;
	}
	return debian_read_requests(&q->list, &text, want, &q->trusts, err);
}

/* So that a file of which nothing is for us is told from one that is empty. */
struct skips {
	const struct ms_requests_options *options;
	bool any;
};

static void count_skip(void *user, const char *name, const char *why)
{
	struct skips *skips = user;

	skips->any = true;
	if (skips->options->skipped)
		skips->options->skipped(skips->options->user, name, why);
}

static int read_all(struct ms_requests *q, struct input *in,
	const struct ms_requests_options *options, struct ms_error *err)
{
	struct skips skips = { .options = options };
	struct farm_want want = { options->hash, options->flags, count_skip, &skips };
	int r;

	r = list_init(&q->list, in->name, farm_format(options->format, in), err);
	if (r < 0)
		return r;
	if (q->list.format == MS_FARM_CPIO)
		r = cpio_read_requests(&q->list, in, &want, err);
	else
		r = read_text(q, in, options->format == MS_FARM_AUTO, &want, err);
	if (r < 0 || (!q->list.n && skips.any))
		return r;
	r = list_index(&q->list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < q->list.n; i++)
		q->blind += q->list.entries[i].blind;
	if (q->list.entries[0].hash)
		q->hash = q->list.entries[0].hash;
	return 0;
}

MS_API int ms_requests_open(const char *path, const struct ms_requests_options *options,
	struct ms_requests **requests, struct ms_error *err)
{
	struct ms_requests *q = calloc(1, sizeof(*q));
	struct input in = { .fd = -1 };
	int r = q ? input_open(&in, path, err) : err_nomem(err);

	if (r == 0 && options->root && !(q->root = strdup(options->root)))
		r = err_nomem(err);
	if (r == 0) {
		q->flags = options->flags;
		q->hash = options->hash ? options->hash : MS_HASH_SHA256;
		r = read_all(q, &in, options, err);
	}
	input_close(&in);
	if (r < 0) {
		ms_requests_free(q);
		return r;
	}
	*requests = q;
	return 0;
}

MS_API void ms_requests_free(struct ms_requests *q)
{
	if (!q)
		return;
	list_free(&q->list);
	debian_trusts_free(&q->trusts);
	free(q->root);
	free(q);
}

MS_API size_t ms_requests_count(const struct ms_requests *q)
{
	return q->list.n;
}

MS_API size_t ms_requests_blind(const struct ms_requests *q)
{
	return q->blind;
}

MS_API enum ms_farm_format ms_requests_format(const struct ms_requests *q)
{
	return q->list.format;
}

MS_API enum ms_hash ms_requests_hash(const struct ms_requests *q)
{
	return q->hash;
}
