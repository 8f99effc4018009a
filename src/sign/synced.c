/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/synced.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static int sync_fd(int fd, struct ms_error *err)
{
	if (syncfs(fd) == 0)
		return 0;
	err_set_errno(err, MS_ERR_IO, errno, "a file system cannot write what was signed");
	err_hint(err, "Look into the kernel's log, then run it again.");
	return err ? err->code : MS_ERR_IO;
}

int synced_add(struct synced *s, int fd, struct ms_error *err)
{
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		r = err_set_errno(err, MS_ERR_IO, errno, "a signed module");
	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (s->systems[i].dev == st.st_dev) {
			close(fd);
			return 0;
		}
	if (r == 0 && s->n < SYNCED_MAX) {
		s->systems[s->n].dev = st.st_dev;
		s->systems[s->n++].fd = fd;
		return 0;
	}
	if (r == 0)
		r = sync_fd(fd, err);
	close(fd);
	return r;
}

int synced_finish(struct synced *s, struct ms_error *err)
{
	int r = 0;

	for (size_t i = 0; i < s->n; i++) {
		int one = sync_fd(s->systems[i].fd, r == 0 ? err : NULL);

		close(s->systems[i].fd);
		if (r == 0)
			r = one;
	}
	s->n = 0;
	return r;
}
