/* SPDX-License-Identifier: Apache-2.0 */
#include "src/farm/input.h"

#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static int cannot_read(const struct input *in, struct ms_error *err)
{
	return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be read", in->name);
}

static ssize_t read_fd(int fd, void *data, size_t len)
{
	ssize_t n;

	do
		n = read(fd, data, len);
	while (n < 0 && errno == EINTR);
	return n;
}

int input_open(struct input *in, const char *path, struct ms_error *err)
{
	bool standard = !strcmp(path, "-");

	*in = (struct input){ .name = standard ? "standard input" : path };
	in->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			  : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (in->fd < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be opened", in->name);
	while (in->n_start < INPUT_START) {
		ssize_t n = read_fd(in->fd, in->start + in->n_start, INPUT_START - in->n_start);

		if (n < 0) {
			int r = cannot_read(in, err);

			input_close(in);
			return r;
		}
		if (n == 0)
			break;
		in->n_start += (size_t)n;
	}
	return 0;
}

ssize_t input_read(struct input *in, void *data, size_t len)
{
	if (in->used < in->n_start) {
		size_t n = in->n_start - in->used < len ? in->n_start - in->used : len;

		memcpy(data, in->start + in->used, n);
		in->used += n;
		return (ssize_t)n;
	}
	return read_fd(in->fd, data, len);
}

int input_read_all(struct input *in, size_t max, struct buf *out, struct ms_error *err)
{
	for (;;) {
		ssize_t n;

		if (buf_reserve(out, 65536) < 0)
			return err_nomem(err);
		n = input_read(in, out->data + out->len, out->size - out->len);
		if (n < 0)
			return cannot_read(in, err);
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		if (out->len > max)
			return err_set(err, MS_ERR_IO, "%s is larger than %zu bytes", in->name,
				max);
	}
}

void input_close(struct input *in)
{
	if (in->fd >= 0)
		close(in->fd);
	in->fd = -1;
}
