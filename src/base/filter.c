/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/filter.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* 0, or errno. */
static int start(const char *const argv[], int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	int e = posix_spawn_file_actions_init(&files);

	if (e)
		return e;
	e = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (!e)
		e = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (!e)
		e = posix_spawn_file_actions_addopen(
			&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!e)
		e = posix_spawnp(pid, argv[0], &files, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return e;
}

/* Whether it ended in time. */
static bool ends(pid_t pid, unsigned seconds)
{
	AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int r;

	if (fd < 0)
		return false;
	do
		r = poll(&poller, 1, (int)seconds * 1000);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

int filter_run(const char *const argv[], int in, int out, size_t max, unsigned seconds,
	struct ms_error *err)
{
	const struct rlimit limit = { max, max };
	bool in_time;
	int status = 0, e;
	pid_t pid;

	e = start(argv, in, out, &pid);
	if (e == ENOENT)
		return err_set(err, MS_ERR_UNSUPPORTED, "there is no program %s", argv[0]);
	if (e)
		return err_set_errno(err, MS_ERR_IO, e, "%s cannot be run", argv[0]);
	prlimit(pid, RLIMIT_FSIZE, &limit, NULL);
	in_time = ends(pid, seconds);
	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!in_time)
		return err_set(
			err, MS_ERR_IO, "%s did not end within %u seconds", argv[0], seconds);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ)
		return err_set(err, MS_ERR_IO, "%s wrote more than %zu MiB", argv[0], max >> 20);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, MS_ERR_IO, "%s failed", argv[0]);
	return 0;
}
