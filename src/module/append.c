/* SPDX-License-Identifier: Apache-2.0 */
/* The tail added to the file itself: nothing of the module is rewritten. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/module/write.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

/* IMA's and EVM's attributes are about the whole content; a new file leaves them out. */
static bool is_measured(int fd)
{
	return flistxattr(fd, NULL, 0) != 0 && /* most have none at all */
		(fgetxattr(fd, "security.ima", NULL, 0) >= 0 ||
			fgetxattr(fd, "security.evm", NULL, 0) >= 0);
}

bool module_can_append(const struct module *m)
{
	return m->compression == MODULE_PLAIN && m->tail == MODULE_UNSIGNED && m->st.st_nlink == 1 &&
		m->bare_len == m->size && !is_measured(m->fd);
}

/* On overlayfs opening it for writing has made a copy of what lay in a lower layer, which differs in
 * ctime. */
static bool copied_up(int fd, const struct stat *now, const struct stat *then)
{
	struct stat but_ctime = *now;
	struct statfs fs;

	but_ctime.st_ctim = then->st_ctim;
	return place_same(&but_ctime, then) && fstatfs(fd, &fs) == 0 &&
		fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

/* Two that append to one file would leave it refused for ever: the first one's tail would become
 * content of the second's. The lock keeps them apart, and what the first did shows in size and
 * time. */
static int lock(const struct module *m, int fd, struct ms_error *err)
{
	struct stat now;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be locked", m->path);
		err_set(err, MS_ERR_MODULE, "%s is locked: another process is writing to it", m->path);
		err_hint(err, "Run it again when that is over.");
		return MS_ERR_MODULE;
	}
	if (fstat(fd, &now) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s", m->path);
	/* place_same() forgives a changed number of names; here a new name would change, too. */
	if (now.st_nlink == 1 && (place_same(&now, &m->st) || copied_up(fd, &now, &m->st)))
		return 0;
	return place_changed(m->path, err);
}

static int write_tail(const struct module *m, int fd, const uint8_t *tail, size_t len,
	struct ms_error *err)
{
	struct stat now;
	size_t done = 0;
	int e;

	while (done < len) {
		ssize_t n = pwrite(fd, tail + done, len - done, (off_t)(m->size + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto failed;
		done += (size_t)n;
	}
	/* Who knows nothing of the lock (sign-file) may have appended as well. */
	if (fstat(fd, &now) < 0)
		goto failed;
	if ((uint64_t)now.st_size == m->size + len)
		return 0;
	place_changed(m->path, err); /* and cutting it would take from what the other wrote */
	err_hint(err, "Look at it with modseal inspect, or install it anew.");
	return MS_ERR_MODULE;

failed:
	e = errno;
	err_set_errno(err, MS_ERR_IO, e, "%s: the signature cannot be appended", m->path);
	if (ftruncate(fd, (off_t)m->size) < 0) {
		err_append(err, "; and what was written of it cannot be cut off: %s",
			strerror(errno));
		err_hint(err, "Run modseal strip on it when the disk is well again.");
	}
	return MS_ERR_IO;
}

/* It is opened for writing only now, for as long as that is so the kernel does not load it. */
int module_append(struct module *m, const void *tail, size_t tail_len, int *out,
	struct ms_error *err)
{
	AUTO_CLOSE int fd = open(m->target, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	int r;

	if (fd < 0 && (errno == EACCES || errno == EPERM || errno == ETXTBSY))
		return 1;
	if (fd < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be written", m->path);
	r = lock(m, fd, err);
	if (!r)
		r = write_tail(m, fd, tail, tail_len, err);
	if (r)
		return r;
	if (out) {
		*out = fd;
		fd = -1;
	}
	return 0;
}
