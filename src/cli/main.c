/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cpus.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"

#include <fcntl.h>
#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {
	&command_sign,
	&command_verify,
	&command_inspect,
	&command_keys,
	&command_keygen,
	&command_cert,
	&command_csr,
	&command_import,
	&command_strip,
	&command_detach,
	&command_attach,
	&command_digest,
	&command_tpm,
	&command_sign_file,
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int exit_status_of(int code)
{
	switch (code) {
	case 0:
		return EXIT_STATUS_OK;
	case MS_ERR_USAGE:
		return EXIT_STATUS_USAGE;
	case MS_ERR_URI:
	case MS_ERR_TOKEN:
	case MS_ERR_PIN:
	case MS_ERR_KEY:
	case MS_ERR_CERT:
	case MS_ERR_TIMEOUT:
		return EXIT_STATUS_KEY;
	case MS_ERR_NOMEM:
	case MS_ERR_IO:
	case MS_ERR_INTERNAL:
		return EXIT_STATUS_MACHINE;
	default:
		return EXIT_STATUS_NO;
	}
}

void print_error(const struct ms_error *err)
{
	fflush(stdout);
	fprintf(stderr, "modseal: %s\n", err->message);
	if (err->hint[0])
		fprintf(stderr, "  %s\n", err->hint);
}

static void usage(FILE *out)
{
	fprintf(out, "Usage: modseal COMMAND [OPTION]... [ARGUMENT]...\n"
		     "Signs Linux kernel modules with keys that never leave the hardware.\n\n"
		     "Commands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out, "\n'modseal COMMAND --help' tells a command's options; modseal(1) tells more.\n");
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(name, commands[i]->name))
			return commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	fprintf(stderr, "modseal: there is no command '%s'; 'modseal --help' lists them\n", name);
	return EXIT_STATUS_USAGE;
}

/* `help [COMMAND]`; `help --man-options COMMAND` for the man pages' build. */
static int help(int argc, char **argv)
{
	bool man = argc > 1 && !strcmp(argv[1], "--man-options");
	const char *name = argc > 1 + man ? argv[1 + man] : NULL;
	const struct command *command = name ? find(name) : NULL;

	if (name && !command)
		return unknown(name);
	if (!command)
		usage(stdout);
	else if (man)
		options_man(command, stdout);
	else
		options_help(command, stdout);
	return 0;
}

static int run(int argc, char **argv)
{
	const struct command *command;
	int r;

	if (argc < 2) {
		usage(stderr);
		return EXIT_STATUS_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--version")) {
		printf("modseal %s\n", MODSEAL_VERSION);
		return 0;
	}
	command = find(argv[1]);
	if (!command)
		return unknown(argv[1]);
	argc--;
	argv++;
	r = options_parse(command, &argc, &argv);
	if (r)
		return r < 0 ? 0 : r;
	return command->run(argc, argv);
}

/* What a large module or a compressor took goes back to the system at once. By default glibc keeps
 * up to 32 MiB of such blocks for each thread, once it has seen one. And there are more threads than
 * run at once: each with a heap of its own would be more than they gain by it. */
static void set_up_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	mallopt(M_TRIM_THRESHOLD, 256 * 1024);
	mallopt(M_ARENA_MAX, 2 * (int)cpus_usable());
#endif
}

/* The kernel enlarges a process's table of descriptors when it is full, and with several threads all
 * that open something then wait, for 15 ms or so each time. A batch holds some 500 files; as long as
 * there is one thread, room for them costs nothing. */
static void set_up_descriptors(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 1023);

	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "";

	set_up_memory();
	set_up_descriptors();
	setlocale(LC_CTYPE, "");
	keyopts_take_environment();
	if (!strcmp(name, "sign-file"))
		keyopts_exit(sign_file_main(argc, argv));
	keyopts_exit(run(argc, argv));
}
