/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/root.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

int root_open(const char *dir, struct root *root, struct ms_error *err)
{
	if (!dir)
		dir = "/";
	root->fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "the root %s", dir);
	root->live = !strcmp(dir, "/");
	return 0;
}

void root_close(struct root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
}

static int open_below(const struct root *root, const char *path, int flags)
{
	struct open_how how = { .resolve = RESOLVE_IN_ROOT };
	int fd;

	flags |= O_CLOEXEC;
	if (!(flags & O_PATH)) /* openat2(2) takes no flag that does not matter */
		flags |= O_NOCTTY | O_NONBLOCK;

	while (*path == '/')
		path++;
	if (!*path)
		path = ".";
	if (root->live) {
		fd = openat(root->fd, path, flags);
	} else {
		how.flags = (unsigned)flags;
		fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	}
	return fd < 0 ? -errno : fd;
}

int root_open_file(const struct root *root, const char *path)
{
	return open_below(root, path, O_RDONLY);
}

bool root_exists(const struct root *root, const char *path)
{
	int fd = open_below(root, path, O_PATH);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int root_read(const struct root *root, const char *path, struct buf *out)
{
	AUTO_CLOSE int fd = root_open_file(root, path);

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n;

		if (buf_reserve(out, 16384) < 0)
			return -ENOMEM;
		n = read(fd, out->data + out->len, out->size - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		if (out->len > ROOT_FILE_MAX)
			return -EFBIG;
	}
}

int root_text(const struct root *root, const char *path, char **text)
{
	AUTO_BUF struct buf b = { 0 };
	int r = root_read(root, path, &b);

	if (r < 0)
		return r;
	while (b.len && isspace(b.data[b.len - 1]))
		b.len--;
	*text = strndup(b.data ? (char *)b.data : "", b.len);
	return *text ? 0 : -ENOMEM;
}

DIR *root_dir(const struct root *root, const char *path)
{
	int fd = open_below(root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	dir = fdopendir(fd);
	if (!dir)
		close(fd);
	return dir;
}
