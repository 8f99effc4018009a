/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/synced.h"

#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void synced_init(struct synced *s)
{
	pthread_mutex_init(&s->lock, NULL);
	s->n = 0;
}

static int sync_fd(int fd, struct ms_error *err)
{
	if (syncfs(fd) == 0)
		return 0;
	err_set_errno(err, MS_ERR_IO, errno, "a file system cannot write what was signed");
	err_hint(err, "Look into the kernel's log, then run it again.");
	return MS_ERR_IO;
}

static bool is_known(const struct synced *s, dev_t dev)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->systems[i].dev == dev)
			return true;
	return false;
}

/* Whether it will be synced at the end. */
static bool keep(struct synced *s, dev_t dev, int fd)
{
	int own;

	if (s->n == SYNCED_MAX)
		return false;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return false;
	flock(own, LOCK_UN);
	s->systems[s->n].dev = dev;
	s->systems[s->n++].fd = own;
	return true;
}

int synced_add(struct synced *s, int fd, struct ms_error *err)
{
	struct stat st;
	bool later;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "a signed module");
	pthread_mutex_lock(&s->lock);
	later = is_known(s, st.st_dev) || keep(s, st.st_dev, fd);
	pthread_mutex_unlock(&s->lock);
	return later ? 0 : sync_fd(fd, err);
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
	pthread_mutex_destroy(&s->lock);
	return r;
}
