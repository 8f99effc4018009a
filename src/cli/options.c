/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/options.h"

#include "src/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 48
#define LONG_ONLY   256 /* getopt values of options without a letter start here */

static const struct option_def help_option[] = {
	{ "help", 'h', NULL, OPT_FLAG, NULL, NULL, "Show this help and exit." },
	{ 0 },
};

const char *command_word(const struct command *command)
{
	const char *blank = strrchr(command->name, ' ');

	return blank ? blank + 1 : command->name;
}

void command_page(const struct command *command, char page[COMMAND_NAME_SIZE])
{
	snprintf(page, COMMAND_NAME_SIZE, "%s", command->name);
	for (char *p = page; *p; p++)
		if (*p == ' ')
			*p = '-';
}

/* All options of a command, its own tables first. */
static size_t collect(const struct command *command, const struct option_def **list)
{
	size_t n = 0;

	for (int g = 0; g <= OPTION_GROUPS; g++) {
		const struct option_def *def =
			g < OPTION_GROUPS ? command->options[g] : help_option;

		for (; def && def->name && n < MAX_OPTIONS; def++)
			list[n++] = def;
	}
	return n;
}

static int bad_value(const struct option_def *def, const char *value, const char *why)
{
	fprintf(stderr, "modseal: --%s: '%s' %s\n", def->name, value, why);
	return EXIT_STATUS_USAGE;
}

static int store_choice(const struct option_def *def, const char *arg)
{
	for (const struct option_choice *c = def->choices; c->name; c++)
		if (!strcmp(c->name, arg)) {
			*(int *)def->value = c->value;
			return 0;
		}
	fprintf(stderr, "modseal: --%s: '%s' is none of", def->name, arg);
	for (const struct option_choice *c = def->choices; c->name; c++)
		fprintf(stderr, "%s %s", c == def->choices ? "" : ",", c->name);
	fprintf(stderr, "\n");
	return EXIT_STATUS_USAGE;
}

static int store_uint(const struct option_def *def, const char *arg)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || *end || end == arg || *arg == '-' || value > UINT_MAX)
		return bad_value(def, arg, "is not a whole number");
	*(unsigned *)def->value = (unsigned)value;
	return 0;
}

static int store_hex(const struct option_def *def, const char *arg)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(arg, &end, 16);
	if (errno || *end || strncmp(arg, "0x", 2) != 0 || end == arg + 2 || value > UINT_MAX)
		return bad_value(def, arg, "is no number in hex (0x...)");
	*(unsigned *)def->value = (unsigned)value;
	return 0;
}

static int store_list(const struct option_def *def, const char *arg)
{
	struct option_list *list = def->value;
	const char **items = reallocarray(list->items, list->n + 1, sizeof(*items));

	if (!items) {
		fprintf(stderr, "modseal: out of memory\n");
		return EXIT_STATUS_MACHINE;
	}
	list->items = items;
	list->items[list->n++] = arg;
	return 0;
}

static int store(const struct option_def *def, const char *arg)
{
	switch (def->type) {
	case OPT_FLAG:
		*(bool *)def->value = true;
		return 0;
	case OPT_STRING:
		*(const char **)def->value = arg;
		return 0;
	case OPT_LIST:
		return store_list(def, arg);
	case OPT_UINT:
		return store_uint(def, arg);
	case OPT_HEX:
		return store_hex(def, arg);
	case OPT_CHOICE:
		return store_choice(def, arg);
	}
	return EXIT_STATUS_USAGE;
}

static int check_operands(const struct command *command, int n)
{
	if (n >= command->min_operands && (command->max_operands < 0 || n <= command->max_operands))
		return 0;
	fprintf(stderr, "modseal %s: %s\nUsage: modseal %s [OPTION]... %s\n", command->name,
		n < command->min_operands ? "something is missing" : "too many arguments",
		command->name, command->operands);
	return EXIT_STATUS_USAGE;
}

int options_parse(const struct command *command, int *argc, char ***argv)
{
	const struct option_def *list[MAX_OPTIONS];
	struct option longs[MAX_OPTIONS + 1] = { 0 };
	char shorts[2 * MAX_OPTIONS + 2] = "", *s = shorts;
	size_t n = collect(command, list);
	static char title[64];
	int c, r;

	/* getopt's messages begin with it */
	if (!strcmp((*argv)[0], command_word(command))) {
		snprintf(title, sizeof(title), "modseal %s", command->name);
		(*argv)[0] = title;
	}
	for (size_t i = 0; i < n; i++) {
		longs[i].name = list[i]->name;
		longs[i].has_arg = list[i]->arg ? required_argument : no_argument;
		longs[i].val = LONG_ONLY + (int)i;
		if (list[i]->letter) {
			*s++ = list[i]->letter;
			if (list[i]->arg)
				*s++ = ':';
		}
	}
	*s = '\0';
	optind = 0;
	while ((c = getopt_long(*argc, *argv, shorts, longs, NULL)) != -1) {
		const struct option_def *def = NULL;

		for (size_t i = 0; i < n && !def; i++)
			if (c == LONG_ONLY + (int)i || (c < LONG_ONLY && c == list[i]->letter))
				def = list[i];
		if (!def) {
			fprintf(stderr, "Try 'modseal %s --help'.\n", command->name);
			return EXIT_STATUS_USAGE;
		}
		if (def == help_option) {
			options_help(command, stdout);
			return -1;
		}
		r = store(def, optarg);
		if (r)
			return r;
	}
	*argc -= optind;
	*argv += optind;
	return check_operands(command, *argc);
}

/* Words of `text` in lines of 80 columns, each indented. */
static void print_wrapped(const char *text, int indent, FILE *out)
{
	int column = 0;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column && column + 1 + len > 80) {
			fputc('\n', out);
			column = 0;
		}
		if (!column)
			column = fprintf(out, "%*s%.*s", indent, "", len, text);
		else
			column += fprintf(out, " %.*s", len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

void options_help(const struct command *command, FILE *out)
{
	const struct option_def *list[MAX_OPTIONS];
	char page[COMMAND_NAME_SIZE];
	size_t n = collect(command, list);

	fprintf(out, "Usage: modseal %s [OPTION]... %s\n\n", command->name, command->operands);
	print_wrapped(command->summary, 0, out);
	fprintf(out, "\nOptions:\n");
	for (size_t i = 0; i < n; i++) {
		if (list[i]->letter)
			fprintf(out, "  -%c, --%s", list[i]->letter, list[i]->name);
		else
			fprintf(out, "      --%s", list[i]->name);
		fprintf(out, list[i]->arg ? " %s\n" : "%s\n", list[i]->arg ? list[i]->arg : "");
		print_wrapped(list[i]->help, 10, out);
	}
	command_page(command, page);
	fprintf(out, "\nMore in modseal-%s(1).\n", page);
}

/* Text for troff: '-' and '\' would otherwise be typographic. */
static void print_escaped(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
}

void options_man(const struct command *command, FILE *out)
{
	const struct option_def *list[MAX_OPTIONS];
	size_t n = collect(command, list);

	for (size_t i = 0; i < n; i++) {
		fprintf(out, ".TP\n");
		if (list[i]->letter)
			fprintf(out, "\\fB\\-%c\\fR, ", list[i]->letter);
		fprintf(out, "\\fB\\-\\-");
		print_escaped(list[i]->name, out);
		fprintf(out, "\\fR");
		if (list[i]->arg) {
			fprintf(out, " \\fI");
			print_escaped(list[i]->arg, out);
			fprintf(out, "\\fR");
		}
		fputc('\n', out);
		print_escaped(list[i]->help, out);
		fputc('\n', out);
	}
}
