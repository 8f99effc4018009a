/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of files as they lie on the disk, whatever is in them. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/digest.h"
#include "src/module/look.h"

#include <errno.h>
#include <fcntl.h>

static int add_all(int fd, const char *name, struct digest *d, struct ms_error *err)
{
	uint8_t chunk[MODULE_CHUNK];
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, chunk, sizeof(chunk), at);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be read", name);
		if (n == 0)
			return 0;
		r = digest_add(d, chunk, (size_t)n, err);
		if (r)
			return r;
		at += n;
	}
}

int module_fd_digest(int fd, const char *name, enum ms_hash hash, uint8_t *out,
	struct ms_error *err)
{
	struct digest d = { 0 };
	int r = digest_begin(&d, hash, err);

	if (!r)
		r = add_all(fd, name, &d, err);
	if (!r)
		r = digest_end(&d, out, err);
	digest_free(&d);
	return r;
}

MS_API int ms_hash_file(const char *path, enum ms_hash hash, unsigned char *digest,
	struct ms_error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be opened", path);
	return module_fd_digest(fd, path, hash, digest, err);
}
