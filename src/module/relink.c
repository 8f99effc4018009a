/* SPDX-License-Identifier: Apache-2.0 */
/* A second name for a file that was just written. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/module/write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>

#define TRIES 100

/* The six characters at the end of a temporary file's name. */
static void random_name(char *six)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned char bytes[6] = { 0 };

	/* A name that is taken is tried again, so that nothing rests on this. */
	(void)!getrandom(bytes, sizeof(bytes), GRND_NONBLOCK);
	for (size_t i = 0; i < sizeof(bytes); i++)
		six[i] = letters[bytes[i] % (sizeof(letters) - 1)];
}

/* What only means that this file cannot have a name there. */
static bool cannot_link(int errnum)
{
	return errnum == EXDEV || errnum == EPERM || errnum == EMLINK || errnum == EOPNOTSUPP ||
		errnum == ENOSYS;
}

static int make_link(const char *file, struct place *to, struct ms_error *err)
{
	int r = place_temp_path(to, err);

	for (int i = 0; r == 0 && i < TRIES; i++) {
		random_name(to->temp + strlen(to->temp) - 6);
		if (link(file, to->temp) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	if (r == 0 && cannot_link(errno))
		r = err_set_errno(err, MS_ERR_UNSUPPORTED, errno, "%s cannot be a name of %s",
			to->path, file);
	else if (r == 0)
		r = place_failed(to, errno, err);
	free(STEAL(to->temp)); /* there is none to remove */
	return r;
}

/* The lock keeps a sweep away from the temporary name; a shared one, for there may be a dozen. */
static int open_locked(const char *file, struct ms_error *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);

	if (fd < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be opened", file);
	if (flock(fd, LOCK_SH | LOCK_NB) < 0) {
		close(fd);
		return err_set(err, MS_ERR_MODULE, "%s is locked: another process is writing to it",
			file);
	}
	return fd;
}

static int give_name(const char *file, const char *path, const struct stat *was, struct place *to,
	struct ms_error *err)
{
	struct stat now;
	int r = place_resolve(path, to, &now, err);

	if (r == 0)
		r = make_link(file, to, err);
	if (r < 0)
		return r;
	if (was && (lstat(to->path, &now) < 0 || !place_same(&now, was)))
		return place_changed(path, err);
	if (rename(to->temp, to->path) < 0)
		return place_failed(to, errno, err);
	/* If it was a name of that file already, rename() did nothing. */
	unlink(to->temp);
	free(STEAL(to->temp));
	return 0;
}

int module_relink(const char *file, const char *path, const struct stat *was, struct ms_error *err)
{
	AUTO_FREE char *target = realpath(file, NULL);
	AUTO_CLOSE int fd = -1;
	struct place to = { .fd = -1 };
	int r;

	if (!target)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be opened", file);
	fd = open_locked(target, err);
	if (fd < 0)
		return fd;
	r = give_name(target, path, was, &to, err);
	place_free(&to);
	return r;
}
