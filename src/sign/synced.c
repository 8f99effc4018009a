/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/synced.h"

#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void synced_init(struct synced *s, struct disk *disk)
{
	*s = (struct synced){ .disk = disk };
	pthread_mutex_init(&s->lock, NULL);
}

static int sync_failed(int errnum, struct ms_error *err)
{
	err_set_errno(err, MS_ERR_IO, errnum, "a file system cannot write what was signed");
	err_hint(err, "Look into the kernel's log, then run it again.");
	return MS_ERR_IO;
}

static int sync_fd(int fd, struct ms_error *err)
{
	return syncfs(fd) == 0 ? 0 : sync_failed(errno, err);
}

static struct synced_system *find(struct synced *s, dev_t dev)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->systems[i].dev == dev)
			return &s->systems[i];
	return NULL;
}

/* To be synced at the end; NULL: it cannot be kept until then. The writer's descriptor, or a copy of
 * it, would keep the kernel from loading that module as long as the run lasts. */
static struct synced_system *keep(struct synced *s, dev_t dev, const char *path)
{
	struct synced_system *system = &s->systems[s->n];
	struct stat st;
	int own;

	if (s->n == SYNCED_MAX)
		return NULL;
	own = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (own < 0)
		return NULL;
	if (fstat(own, &st) < 0 || st.st_dev != dev) {
		close(own);
		return NULL;
	}
	*system = (struct synced_system){ .owner = s, .dev = dev, .fd = own };
	s->n++;
	return system;
}

/* Whether it is to be synced now. */
static bool begin_early(struct synced_system *system)
{
	if (++system->written < SYNCED_EACH || system->syncing)
		return false;
	system->written = 0;
	system->syncing = true;
	return true;
}

/* A failure is for the end: it is of files that were written before. */
static void sync_early(void *arg)
{
	struct synced_system *system = arg;
	struct synced *s = system->owner;
	int errnum = syncfs(system->fd) < 0 ? errno : 0;

	pthread_mutex_lock(&s->lock);
	system->syncing = false;
	if (!s->errnum)
		s->errnum = errnum;
	pthread_mutex_unlock(&s->lock);
}

int synced_add(struct synced *s, int fd, const char *path, bool data, struct ms_error *err)
{
	struct synced_system *system;
	struct stat st;
	bool early;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "a signed module");
	pthread_mutex_lock(&s->lock);
	system = find(s, st.st_dev);
	if (!system)
		system = keep(s, st.st_dev, path);
	early = data && system && begin_early(system);
	pthread_mutex_unlock(&s->lock);
	if (early)
		disk_run(s->disk, sync_early, system);
	return system ? 0 : sync_fd(fd, err);
}

int synced_finish(struct synced *s, struct ms_error *err)
{
	int r = s->errnum ? sync_failed(s->errnum, err) : 0;

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
