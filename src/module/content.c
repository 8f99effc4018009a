/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/module/look.h"
#include "src/module/write.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The whole file shares its blocks (xfs, btrfs, ...), then what is too much is cut off. 1: done, 0: it
 * has to be copied, -1: errno. */
static int share(const struct module *m, uint64_t len, int fd)
{
	struct stat st;

	if (ioctl(fd, FICLONE, m->fd) < 0)
		return 0;
	if (!fstat(fd, &st) && (uint64_t)st.st_size >= len && !ftruncate(fd, (off_t)len) &&
		lseek(fd, (off_t)len, SEEK_SET) == (off_t)len)
		return 1;
	/* A clone that was too short has to go. */
	return ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
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
	int r = share(m, len, to->fd);

	if (r > 0)
		return 0;
	if (r == 0 && m->data) {
		r = file_write_all(to->fd, m->data, len);
		done = len;
	} else if (r == 0) {
		r = copy_in_kernel(m, len, to->fd, &done);
	}
	return r < 0 ? place_failed(to, errno, err) : copy_by_hand(m, len, to, done, err);
}
