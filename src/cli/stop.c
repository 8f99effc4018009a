/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_bool asked; /* any thread may be interrupted, and others look */

/* A module is whole at any moment, so that the second signal needs no care: what is left of
 * temporary files, or of a signature that was being appended, is cleared away by the next run. */
static void on_signal(int sig)
{
	static const char text[] = "\nmodseal: finishing what is in hand; once more stops at once\n";
	int e = errno;

	if (atomic_exchange(&asked, true)) {
		signal(sig, SIG_DFL);
		raise(sig);
	} else {
		(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	}
	errno = e;
}

void stop_on_signals(void)
{
	struct sigaction was, sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* A key that is in a TPM is taken out of it when the terminal goes; nohup(1) is heeded. */
	if (sigaction(SIGHUP, NULL, &was) == 0 && was.sa_handler == SIG_DFL)
		sigaction(SIGHUP, &sa, NULL);
}

bool stop_asked(void)
{
	return asked;
}
