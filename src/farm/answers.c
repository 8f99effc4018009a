/* SPDX-License-Identifier: Apache-2.0 */
#include "src/farm/answers.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/farm/input.h"
#include "src/farm/requests.h"

static int read_all(struct ms_answers *a, struct input *in,
	const struct ms_answers_options *options, struct ms_error *err)
{
	AUTO_BUF struct buf text = { 0 };
	enum ms_farm_format format = farm_format(options->format, in);
	int r = list_init(&a->list, in->name, format, err);

	if (r < 0)
		return r;
	if (format == MS_FARM_DEBIAN)
		return err_set(err, MS_ERR_USAGE,
			"signatures of Debian's signing service are files, not %s", in->name);
	if (format == MS_FARM_CPIO) {
		r = cpio_read_answers(&a->list, in,
			options->hash ? options->hash : MS_HASH_SHA256, err);
	} else {
		r = input_read_all(in, FARM_TEXT_MAX, &text, err);
		if (r == 0)
			r = lines_read_answers(&a->list, &text, err);
	}
	return r < 0 ? r : list_index(&a->list, err);
}

MS_API int ms_answers_open(const char *path, const struct ms_answers_options *options,
	struct ms_answers **answers, struct ms_error *err)
{
	struct ms_answers *a = calloc(1, sizeof(*a));
	struct input in = { .fd = -1 };
	int r = a ? input_open(&in, path, err) : err_nomem(err);

	if (r == 0)
		r = read_all(a, &in, options, err);
	input_close(&in);
	if (r < 0) {
		ms_answers_free(a);
		return r;
	}
	*answers = a;
	return 0;
}

MS_API void ms_answers_free(struct ms_answers *a)
{
	if (a)
		list_free(&a->list);
	free(a);
}

MS_API size_t ms_answers_count(const struct ms_answers *a)
{
	return a->list.n;
}

MS_API bool ms_answers_have_cms(const struct ms_answers *a)
{
	for (size_t i = 0; i < a->list.n; i++)
		if (a->list.entries[i].cms.len)
			return true;
	return false;
}
