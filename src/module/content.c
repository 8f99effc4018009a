/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/module/look.h"
#include "src/module/write.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The whole file shares its blocks (xfs, btrfs, ...), then what is too much is cut off. Any
 * failure means that it has to be copied. */
static bool share(const struct module *m, uint64_t len, int fd)
{
	struct stat st;

	return !ioctl(fd, FICLONE, m->fd) && !fstat(fd, &st) && (uint64_t)st.st_size >= len &&
		!ftruncate(fd, (off_t)len) && lseek(fd, (off_t)len, SEEK_SET) == (off_t)len;
}

/* Lets the kernel copy; *done is how far it came, which may be nowhere. */
static int copy_in_kernel(const struct module *m, uint64_t len, int fd, uint64_t *done)
{
	while (*done < len) {
		off_t from = (off_t)*done;
		ssize_t n = copy_file_range(m->fd, &from, fd, NULL, len - *done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG))
			return -1;
		if (n <= 0) /* EXDEV, ENOSYS, EOPNOTSUPP, EINVAL, or a kernel that copies nothing */
			return 0;
		*done += (uint64_t)n;
	}
	return 0;
}

static int copy_by_hand(struct module *m, uint64_t len, const struct place *to, uint64_t done,
	struct ms_error *err)
{
	uint8_t chunk[MODULE_CHUNK];

	while (done < len) {
		size_t n = len - done < sizeof(chunk) ? (size_t)(len - done) : sizeof(chunk);
		int r = module_read(m, done, chunk, n, err);

		if (r)
			return r;
		if (file_write_all(to->fd, chunk, n) < 0)
			return place_failed(to, errno, err);
		done += n;
	}
	return 0;
}

int content_copy(struct module *m, uint64_t len, const struct place *to, struct ms_error *err)
{
	uint64_t done = 0;

	if (share(m, len, to->fd))
		return 0;
	/* A clone that was too short has to go. */
	if (ftruncate(to->fd, 0) < 0 || lseek(to->fd, 0, SEEK_SET) < 0)
		return place_failed(to, errno, err);
	if (copy_in_kernel(m, len, to->fd, &done) < 0)
		return place_failed(to, errno, err);
	return copy_by_hand(m, len, to, done, err);
}
