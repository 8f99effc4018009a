/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/trust/efivar.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* efivarfs says by errno what the firmware said (efi_status_to_err() of the kernel). */
static int failed(const char *path, int errnum, struct ms_error *err)
{
	int r = err_set_errno(err, MS_ERR_IO, errnum, "%s cannot be written", path);

	switch (errnum) {
	case ENOSPC:
		err_hint(err,
			"The firmware's store of variables is full (or less than 5 KiB would be "
			"left): boot entries and crash dumps (dump-type0-* in that directory) "
			"that nobody needs can be removed.");
		break;
	case EROFS:
		err_hint(err,
			"The variables are mounted read-only: mount -o remount,rw "
			"/sys/firmware/efi/efivars");
		break;
	case EPERM:
	case EACCES:
		err_hint(err,
			geteuid() ? "Only root may write UEFI variables."
				  : "The firmware takes an update only if a key signed it that may "
				    "change this variable, and a replacement only if it is newer "
				    "than the last one.");
		break;
	case EINVAL:
		err_hint(err, "It is too large for the firmware, or of a kind that it does not take (many "
			      "take certificates of RSA keys only).");
		break;
	default:
		break;
	}
	return r;
}

/* efivarfs makes files of variables that it does not know immutable, which only
 * FS_IOC_SETFLAGS on a descriptor that may be open for reading alone takes away; other file systems
 * know no such call (ENOTTY). */
static void make_mutable(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & FS_IMMUTABLE_FL))
		return;
	flags &= ~FS_IMMUTABLE_FL;
	/* Where it fails, writing does, and says so. */
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* What is longer than its new content (in a directory that stands for efivarfs) is cut. After an append a
 * variable is longer than what was written; on efivarfs it must not be cut: before Linux 6.14 the
 * file would go on having that size. */
static int write_once(int fd, uint32_t attributes, const struct buf *content)
{
	struct stat st;
	ssize_t n;

	do
		n = write(fd, content->data, content->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n != content->len) {
		errno = ENOSPC;
		return -1;
	}
	if (attributes & EFIVAR_APPEND_WRITE)
		return 0;
	return fstat(fd, &st) == 0 && st.st_size > (off_t)content->len
		? ftruncate(fd, (off_t)content->len)
		: 0;
}

int efivar_write(const char *root, const char *name, const struct efi_guid *vendor,
	uint32_t attributes, const void *data, size_t len, struct ms_error *err)
{
	AUTO_FREE char *path = efivar_path(root, name, vendor);
	AUTO_BUF struct buf content = { 0 };
	const uint32_t attr = htole32(attributes);
	AUTO_CLOSE int fd = -1;
	bool created = false;

	if (!path || buf_add(&content, &attr, sizeof(attr)) < 0 || buf_add(&content, data, len) < 0)
		return err_nomem(err);
	make_mutable(path);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOENT) {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		created = fd >= 0;
	}
	if (fd < 0)
		return failed(path, errno, err);
	if (created)
		make_mutable(path);
	if (write_once(fd, attributes, &content) < 0) {
		int e = errno;

		if (created)
			unlink(path);
		return failed(path, e, err);
	}
	return 0;
}

int efivar_delete(
	const char *root, const char *name, const struct efi_guid *vendor, struct ms_error *err)
{
	AUTO_FREE char *path = efivar_path(root, name, vendor);

	if (!path)
		return err_nomem(err);
	make_mutable(path);
	return unlink(path) == 0 || errno == ENOENT ? 0 : failed(path, errno, err);
}
