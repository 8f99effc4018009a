/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/prompt.h"

#include "src/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

static const char *kind_name(enum ms_pin_kind kind)
{
	switch (kind) {
	case MS_PIN_SO:
		return "SO PIN";
	case MS_PIN_PASSPHRASE:
		return "Passphrase";
	case MS_PIN_AUTH:
		return "Auth value";
	default:
		return "PIN";
	}
}

static int read_line(int fd, char *line, size_t size)
{
	size_t len = 0;

	while (!interrupted) {
		char c;
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		if (c == '\n')
			break;
		if (len + 1 >= size)
			return -1;
		line[len++] = c;
	}
	line[len] = '\0';
	return interrupted || !len ? -1 : 0;
}

/* Signals that would end the program end the question first, so that echo comes back; they are
 * then raised again. */
int prompt_pin(void *user, const struct ms_pin_request *request, char *pin, size_t size)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	enum { N = sizeof(signals) / sizeof(signals[0]) };
	AUTO_CLOSE int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct sigaction old[N], sa = { .sa_handler = on_signal };
	struct termios saved, quiet;
	int r;

	if (fd < 0 || tcgetattr(fd, &saved) < 0)
		return -1;
	interrupted = 0;
	for (int i = 0; i < N; i++)
		sigaction(signals[i], &sa, &old[i]);
	quiet = saved;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s for %s: ", kind_name(request->kind), request->target);
	r = read_line(fd, pin, size);
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &saved);
	for (int i = 0; i < N; i++)
		sigaction(signals[i], &old[i], NULL);
	if (interrupted)
		raise(interrupted);
	return r;
}
