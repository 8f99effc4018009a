/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/printable.h"
#include "src/cli/cli.h"
#include "src/cli/keyopts.h"
#include "src/cli/progress.h"

#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdarg.h>
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
	&command_doctor,
	&command_tpm,
	&command_trust,
	&command_sign_file,
	NULL,
};

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
	struct ms_error own = *err;

	text_make_message_printable(own.message);
	text_make_message_printable(own.hint);
	fflush(stdout);
	progress_aside();
	fprintf(stderr, "modseal: %s\n", own.message);
	if (own.hint[0])
		fprintf(stderr, "  %s\n", own.hint);
	progress_back();
}

void print_notice(const char *fmt, ...)
{
	char text[2 * PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_make_message_printable(text);
	progress_aside();
	fprintf(stderr, "modseal: %s\n", text);
	progress_back();
}

static void list_commands(const struct command *const *list, FILE *out)
{
	fprintf(out, "Commands:\n");
	for (; *list; list++)
		fprintf(out, "  %-10s %s\n", command_word(*list), (*list)->summary);
}

static void usage(FILE *out)
{
	fprintf(out,
		"Usage: modseal COMMAND [OPTION]... [ARGUMENT]...\n"
		"Signs Linux kernel modules with keys that never leave the hardware.\n\n");
	list_commands(commands, out);
	fprintf(out,
		"\n'modseal COMMAND --help' tells a command's options; modseal(1) tells more.\n");
}

/* Of a command that has commands of its own. */
static void family_usage(const struct command *command, FILE *out)
{
	fprintf(out, "Usage: modseal %s COMMAND [OPTION]... [ARGUMENT]...\n\n%s\n\n", command->name,
		command->summary);
	list_commands(command->commands, out);
	fprintf(out, "\n'modseal %s COMMAND --help' tells a command's options.\n", command->name);
}

static const struct command *find(const struct command *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(name, command_word(*list)))
			return *list;
	return NULL;
}

/* The command that words name. `*used` is how many of them do; 0 when there is no such command. */
static const struct command *find_words(int argc, char **argv, int *used)
{
	const struct command *command = NULL, *next = argc ? find(commands, argv[0]) : NULL;

	for (*used = 0; next; (*used)++) {
		command = next;
		next = command->commands && *used + 1 < argc
			? find(command->commands, argv[*used + 1])
			: NULL;
	}
	return command;
}

static int unknown(const char *family, const char *name)
{
	fprintf(stderr, "modseal: there is no command '%s%s%s'; 'modseal%s%s --help' lists them\n",
		family, *family ? " " : "", name, *family ? " " : "", family);
	return EXIT_STATUS_USAGE;
}

/* For the man pages' build: `help --man-options PAGE`. */
static int man_options(const struct command *const *list, const char *page)
{
	for (; *list; list++) {
		char name[COMMAND_NAME_SIZE];

		command_page(*list, name);
		if ((*list)->commands && !man_options((*list)->commands, page))
			return 0;
		if (strcmp(name, page) != 0)
			continue;
		if (!(*list)->commands)
			options_man(*list, stdout);
		return 0;
	}
	return EXIT_STATUS_USAGE;
}

/* `help [COMMAND...]` */
static int help(int argc, char **argv)
{
	const struct command *command;
	int used;

	if (argc == 0) {
		usage(stdout);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[0], "--man-options"))
		return man_options(commands, argv[1]);
	command = find_words(argc, argv, &used);
	if (!command)
		return unknown("", argv[0]);
	if (!command->commands)
		options_help(command, stdout);
	else if (used < argc)
		return unknown(command->name, argv[used]);
	else
		family_usage(command, stdout);
	return 0;
}

static bool wants_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

/* A command that has commands of its own was named without one of them. */
static int family(const struct command *command, const char *word)
{
	if (word && !wants_help(word))
		return unknown(command->name, word);
	family_usage(command, word ? stdout : stderr);
	return word ? 0 : EXIT_STATUS_USAGE;
}

static int run(int argc, char **argv)
{
	const struct command *command;
	int r, used;

	if (argc < 2) {
		usage(stderr);
		return EXIT_STATUS_USAGE;
	}
	if (wants_help(argv[1]))
		return help(argc - 2, argv + 2);
	if (!strcmp(argv[1], "--version")) {
		printf("modseal %s\n", MODSEAL_VERSION);
		return 0;
	}
	command = find_words(argc - 1, argv + 1, &used);
	if (!command)
		return unknown("", argv[1]);
	argc -= used;
	argv += used;
	if (command->commands)
		return family(command, argc > 1 ? argv[1] : NULL);
	r = options_parse(command, &argc, &argv);
	if (r)
		return r < 0 ? 0 : r;
	return command->run(argc, argv);
}

/* What a large module or a compressor took goes back to the system at once. By default glibc keeps
 * up to 32 MiB of such blocks for each thread, once it has seen one. */
static void set_up_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	mallopt(M_TRIM_THRESHOLD, 256 * 1024);
#endif
}

/* The kernel enlarges a process's table of descriptors when it is full, and with several threads
 * all that open something then wait, for 15 ms or so each time. A batch holds some 500 files; as
 * long as there is one thread, room for them costs nothing. */
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
