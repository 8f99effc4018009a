/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmodseal_calls.so, for LD_PRELOAD: counts the calls by which a program changes files below a
 * directory, and at a given one ends, stops or finds the disk full. README.md beside this file says
 * what the variables do. One that cannot be understood ends the process, so that no test passes by
 * a typing error.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

enum deed { NOTHING, HALF, FULL };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char directory[PATH_MAX];
static unsigned long count, kill_at, taken, full_from; /* taken: of those that take space */
static const char *stop_at; /* "each", or the name of a call, whose first one it is */
static char refused[32];    /* the name of a call that is always refused */
static int refusal;         /* with this errno */
static int log_fd = -1;

static _Noreturn void bad(const char *variable)
{
	fprintf(stderr, "modseal_calls: %s makes no sense\n", variable);
	abort();
}

static unsigned long number(const char *variable)
{
	const char *text = getenv(variable);
	unsigned long n;
	char *end;

	if (!text)
		return 0;
	n = strtoul(text, &end, 10);
	if (*end || !n)
		bad(variable);
	return n;
}

static void load_refusal(void)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = { { "EIO", EIO }, { "EPERM", EPERM }, { "EXDEV", EXDEV } };
	const char *text = getenv("MODSEAL_CALLS_REFUSE"), *colon = text ? strchr(text, ':') : NULL;

	if (!text)
		return;
	for (size_t i = 0; colon && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(colon + 1, errors[i].name))
			refusal = errors[i].number;
	if (!refusal || colon - text >= (long)sizeof(refused))
		bad("MODSEAL_CALLS_REFUSE");
	memcpy(refused, text, (size_t)(colon - text));
}

__attribute__((constructor)) static void load(void)
{
	const char *dir = getenv("MODSEAL_CALLS_DIR"), *log = getenv("MODSEAL_CALLS_LOG");

	if (!dir || !realpath(dir, directory))
		bad("MODSEAL_CALLS_DIR");
	kill_at = number("MODSEAL_CALLS_KILL");
	full_from = number("MODSEAL_CALLS_FULL");
	stop_at = getenv("MODSEAL_CALLS_STOP");
	load_refusal();
	if (log) {
		log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (log_fd < 0)
			bad("MODSEAL_CALLS_LOG");
	}
}

static bool is_below(const char *path)
{
	size_t n = strlen(directory);

	return !strncmp(path, directory, n) && (!path[n] || path[n] == '/');
}

static bool fd_counts(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return is_below(path);
}

/* Whether the directory of a path is one that counts. */
static bool path_counts(const char *path)
{
	char dir[PATH_MAX], real[PATH_MAX], *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	return realpath(slash ? dir : ".", real) && is_below(real);
}

static void say(const char *name)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%lu %s\n", count, name);

	if (log_fd >= 0)
		syscall(SYS_write, log_fd, line, (size_t)n);
}

static _Noreturn void end(void)
{
	for (;;)
		kill(getpid(), SIGKILL);
}

/* With the lock held. */
static bool stops(const char *name)
{
	if (!stop_at || (strcmp(stop_at, "each") != 0 && strcmp(stop_at, name) != 0))
		return false;
	if (strcmp(stop_at, "each") != 0)
		stop_at = NULL;
	return true;
}

/* A call that counts is about to be made: what is to become of it. HALF and the end come for calls
 * that can be cut in two; the others end before they are made. */
static enum deed begin(const char *name, bool divisible, bool takes_space)
{
	enum deed deed = NOTHING;
	unsigned long n, nth = 0;
	int e = errno;
	bool stop;

	pthread_mutex_lock(&lock);
	n = ++count;
	say(name);
	if (n == kill_at && !divisible)
		end();
	if (takes_space)
		nth = ++taken;
	stop = stops(name);
	pthread_mutex_unlock(&lock);
	if (stop)
		raise(SIGSTOP);
	if (n == kill_at || (nth && nth == full_from && divisible))
		deed = HALF;
	else if (full_from && nth >= full_from)
		deed = FULL;
	errno = e;
	return deed;
}

#define REAL(name)                                               \
	static __typeof__(name) *real;                           \
	if (!real)                                               \
	real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* Half of a write, or none; -1 with errno, or how much. */
#define WRITE(name, fd, len, ...)                                \
	REAL(name);                                              \
	if (fd_counts(fd)) {                                     \
		switch (begin(#name, (len) > 1, true)) {         \
		case HALF: {                                     \
			size_t all = (len);                      \
			ssize_t half;                            \
			len = all / 2;                           \
			half = real(__VA_ARGS__);                \
			if (kill_at)                             \
				end();                           \
			return half;                             \
		}                                                \
		case FULL:                                       \
			errno = ENOSPC;                          \
			return -1;                               \
		case NOTHING:                                    \
			break;                                   \
		}                                                \
	}                                                        \
	return real(__VA_ARGS__)

ssize_t write(int fd, const void *data, size_t len)
{
	WRITE(write, fd, len, fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	WRITE(pwrite, fd, len, fd, data, len, offset);
}

ssize_t copy_file_range(int from, off64_t *from_at, int fd, off64_t *to_at, size_t len,
	unsigned flags)
{
	WRITE(copy_file_range, fd, len, from, from_at, fd, to_at, len, flags);
}

#define WHOLE(name, counts, ...)                                 \
	REAL(name);                                              \
	if (counts) {                                            \
		begin(#name, false, false);                      \
		if (refusal && !strcmp(refused, #name)) {        \
			errno = refusal;                         \
			return -1;                               \
		}                                                \
	}                                                        \
	return real(__VA_ARGS__)

int ftruncate(int fd, off_t len)
{
	WHOLE(ftruncate, fd_counts(fd), fd, len);
}

int flock(int fd, int what)
{
	WHOLE(flock, fd_counts(fd), fd, what);
}

int fsync(int fd)
{
	WHOLE(fsync, fd_counts(fd), fd);
}

int syncfs(int fd)
{
	WHOLE(syncfs, fd_counts(fd), fd);
}

int fchmod(int fd, mode_t mode)
{
	WHOLE(fchmod, fd_counts(fd), fd, mode);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	WHOLE(fchown, fd_counts(fd), fd, uid, gid);
}

int futimens(int fd, const struct timespec times[2])
{
	WHOLE(futimens, fd_counts(fd), fd, times);
}

int fsetxattr(int fd, const char *name, const void *value, size_t len, int flags)
{
	WHOLE(fsetxattr, fd_counts(fd), fd, name, value, len, flags);
}

int rename(const char *from, const char *to)
{
	WHOLE(rename, path_counts(to), from, to);
}

int link(const char *from, const char *to)
{
	WHOLE(link, path_counts(to), from, to);
}

int unlink(const char *path)
{
	WHOLE(unlink, path_counts(path), path);
}

int unlinkat(int dir, const char *path, int flags)
{
	WHOLE(unlinkat, fd_counts(dir), dir, path, flags);
}

int mkostemp(char *path, int flags)
{
	REAL(mkostemp);
	if (path_counts(path) && begin("mkostemp", false, true) == FULL) {
		errno = ENOSPC;
		return -1;
	}
	return real(path, flags);
}
