/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/root.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
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
	struct stat st;

	if (fd < 0)
		return fd;
	/* Nobody may ever write into it; that it is empty would be a guess. */
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
		return -EINVAL;
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

/* What the kernel calls an open file. */
static int name_of(int fd, char name[PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	name[n] = '\0';
	return 0;
}

int root_resolve(const struct root *root, const char *path, char **resolved)
{
	AUTO_CLOSE int fd = open_below(root, path, O_PATH);
	char top[PATH_MAX], name[PATH_MAX];
	size_t len;
	int r = fd < 0 ? fd : name_of(root->fd, top);

	if (r == 0)
		r = name_of(fd, name);
	if (r < 0)
		return r;
	len = strcmp(top, "/") ? strlen(top) : 0;
	if (strncmp(name, top, len) != 0) /* moved meanwhile */
		return -ENOENT;
	*resolved = strdup(name[len] ? name + len : "/");
	return *resolved ? 0 : -ENOMEM;
}

bool root_is_same(const struct root *root, const char *path, const char *outside)
{
	AUTO_CLOSE int fd = open_below(root, path, O_PATH);
	struct stat here, there;

	return fd >= 0 && fstat(fd, &here) == 0 && stat(outside, &there) == 0 &&
		here.st_dev == there.st_dev && here.st_ino == there.st_ino;
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
