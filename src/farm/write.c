/* SPDX-License-Identifier: Apache-2.0 */
#include "src/farm/write.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/farm/formats.h"
#include "src/farm/names.h"

#include <errno.h>
#include <string.h>

static int to_stdout(struct buf *out, struct ms_error *err)
{
	if (file_write_all(STDOUT_FILENO, out->data, out->len) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "standard output cannot be written");
	out->len = 0;
	return 0;
}

static int add_line(struct answer_writer *w, const struct farm_entry *entry, struct ms_error *err)
{
	AUTO_FREE char *line = lines_answer(entry);

	if (!line || buf_add(&w->out, line, strlen(line)) < 0 || buf_add(&w->out, "\n", 1) < 0)
		return err_nomem(err);
	return w->output ? 0 : to_stdout(&w->out, err);
}

static int add_file(struct answer_writer *w, const struct farm_entry *entry, struct ms_error *err)
{
	AUTO_FREE char *name = NULL;

	if (asprintf(&name, "%s.sig", entry->name) < 0) {
		name = NULL;
		return err_nomem(err);
	}
	return beneath_write(w->output, name, entry->cms.data, entry->cms.len, err);
}

int answers_add(struct answer_writer *w, const struct farm_entry *entry, struct ms_error *err)
{
	w->n++;
	switch (w->format) {
	case MS_FARM_DEBIAN:
		return add_file(w, entry, err);
	case MS_FARM_CPIO:
		return cpio_answer(&w->out, entry) < 0 ? err_nomem(err) : 0;
	default:
		return add_line(w, entry, err);
	}
}

static int finish(struct answer_writer *w, struct ms_error *err)
{
	int r;

	if (!w->n)
		return 0;
	if (w->format == MS_FARM_DEBIAN)
		return beneath_sync(w->output, err);
	if (w->format == MS_FARM_CPIO && newc_end(&w->out) < 0)
		return err_nomem(err);
	if (!w->output)
		return to_stdout(&w->out, err);
	r = file_replace(w->output, w->out.data, w->out.len, 0666, err);
	if (r < 0)
		err_append(err, " (%zu signature%s lost)", w->n, w->n == 1 ? "" : "s");
	return r;
}

int answers_end(struct answer_writer *w, struct ms_error *err)
{
	int r = finish(w, err);

	buf_free(&w->out);
	return r;
}
