/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/prompt.h"

#include "src/base/cleanup.h"
#include "src/base/secret.h"

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
	case MS_PIN_MOK:
		return "Password";
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

/* Asks once; `again`: for a new one a second time. */
static int ask(int fd, const struct ms_pin_request *request, bool again, char *pin, size_t size)
{
	int r;

	if (again)
		dprintf(fd, "The same again: ");
	else
		dprintf(fd, "%s%s for %s: ", request->is_new ? "New " : "", kind_name(request->kind),
			request->target);
	r = read_line(fd, pin, size);
	dprintf(fd, "\n");
	return r;
}

/* What is typed unseen is typed twice. */
static int ask_new(int fd, const struct ms_pin_request *request, char *pin, size_t size)
{
	AUTO_SECRET struct secret *second = secret_new("", 0);
	int r = -1;

	for (int tries = 0; second && tries < 3; tries++) {
		r = ask(fd, request, false, pin, size);
		if (r == 0)
			r = ask(fd, request, true, second->data, sizeof(second->data));
		if (r < 0 || !strcmp(pin, second->data))
			return r;
		dprintf(fd, "They differ.\n");
		r = -1;
	}
	return r;
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
	r = request->is_new ? ask_new(fd, request, pin, size) : ask(fd, request, false, pin, size);
	tcsetattr(fd, TCSAFLUSH, &saved);
	for (int i = 0; i < N; i++)
		sigaction(signals[i], &old[i], NULL);
	if (interrupted)
		raise(interrupted);
	return r;
}
