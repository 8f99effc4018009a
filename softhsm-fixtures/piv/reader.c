/* SPDX-License-Identifier: Apache-2.0 */
#include "softhsm-fixtures/piv/card.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_PASSED_FD 3 /* as systemd passes sockets to a service */

static bool is_free(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	close(fd);
	return is;
}

/* The driver makes two readers, on two ports in a row. They are sought below those that the kernel
 * gives to connections. */
static int free_port(void)
{
	srandom((unsigned)getpid());
	for (int i = 0; i < 1000; i++) {
		int port = 10000 + (int)(random() % 10000) * 2;

		if (is_free(port) && is_free(port + 1))
			return port;
	}
	die("no", "free port");
}

/* ykcs11 takes cards only in readers of Yubico's name. */
static void write_config(const char *dir, const char *driver, int port)
{
	char name[256];
	FILE *f;

	snprintf(name, sizeof(name), "%s/readers", dir);
	mkdir(name, 0700);
	snprintf(name, sizeof(name), "%s/readers/vpcd", dir);
	f = fopen(name, "we");
	if (!f ||
		fprintf(f,
			"FRIENDLYNAME \"Yubico YubiKey OTP+FIDO+CCID\"\nDEVICENAME /dev/null:0x%X\n"
			"LIBPATH %s\nCHANNELID 0x%X\n",
			(unsigned)port, driver, (unsigned)port) < 0 ||
		fclose(f))
		die("cannot write", name);
}

static int listen_at(const char *dir)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if ((size_t)snprintf(at.sun_path, sizeof(at.sun_path), "%s/pcscd.comm", dir) >=
		sizeof(at.sun_path))
		die("too long for a socket:", dir);
	unlink(at.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16))
		die("cannot listen at", at.sun_path);
	return fd;
}

/* pcscd writes to its place below /run whatever it is told: it gets a /run of its own, so that the
 * machine's pcscd is not disturbed. */
static void hide_run(void)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("tmpfs", "/run", "tmpfs", 0, "mode=755"))
		die("cannot (as root only) mount", "/run");
}

static _Noreturn void be_pcscd(const char *dir, const char *pcscd, int fd)
{
	char config[256], pid[16];
	int log;

	snprintf(config, sizeof(config), "%s/readers", dir);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	hide_run();
	log = open("pcscd.log", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(log, 1);
	dup2(log, 2);
	if (fd != FIRST_PASSED_FD)
		dup2(fd, FIRST_PASSED_FD);
	close_range(FIRST_PASSED_FD + 1, ~0U, 0);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	execl(pcscd, pcscd, "--foreground", "--config", config, NULL);
	die("cannot run", pcscd);
}

int reader_start(const char *dir, const char *pcscd, const char *driver)
{
	int port = free_port(), fd;
	pid_t pid;

	write_config(dir, driver, port);
	fd = listen_at(dir);
	pid = fork();
	if (pid < 0)
		die("cannot run", pcscd);
	if (pid == 0)
		be_pcscd(dir, pcscd, fd);
	close(fd);
	return port;
}
