/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command's options: one table feeds parsing, --help and the option list of its man page
 * (`modseal help --man-options COMMAND`, used by docs/CMakeLists.txt).
 */
#ifndef MODSEAL_CLI_OPTIONS_H
#define MODSEAL_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum option_type {
	OPT_FLAG,   /* bool *: set to true */
	OPT_STRING, /* const char **: the argument, of argv */
	OPT_LIST,   /* struct option_list *: may be given several times */
	OPT_UINT,   /* unsigned * */
	OPT_HEX,    /* unsigned *, written as 0x... */
	OPT_CHOICE, /* int *: one of `choices` */
};

struct option_choice {
	const char *name; /* NULL ends the table */
	int value;
};

struct option_list {
	const char **items;
	size_t n;
};

struct option_def {
	const char *name; /* long option; NULL ends the table */
	char letter;      /* short option, 0 for none */
	const char *arg;  /* what its argument is called, NULL for a flag */
	enum option_type type;
	void *value;
	const struct option_choice *choices;
	const char *help; /* one or more sentences */
};

#define OPTION_GROUPS 5

struct command {
	const char *name;     /* of a sub-command with its command's: "trust list" */
	const char *operands; /* "MODULE|DIR..." */
	const char *summary;  /* one line for the command list */
	const struct option_def *options[OPTION_GROUPS]; /* tables; NULL at the end */
	int min_operands, max_operands;                  /* max -1: any number */
	int (*run)(int argc, char **argv);               /* operands only; returns an exit status */
	const struct command *const *commands; /* its sub-commands, NULL at the end: it has name and
						  summary itself, and all else is theirs */
};

/* What is typed for it behind its command's name: "list". */
const char *command_word(const struct command *command);
#define COMMAND_NAME_SIZE 32
/* The name as the man page's has it: "trust-list". */
void command_page(const struct command *command, char page[COMMAND_NAME_SIZE]);

/* Parses argv (argv[0] is the command's name), fills the values and moves the operands to
 * *argv. 0; EXIT_STATUS_USAGE after a message on stderr; -1 when --help was asked for and given.
 */
int options_parse(const struct command *command, int *argc, char ***argv);
void options_help(const struct command *command, FILE *out);
/* The same as man(7) macros. */
void options_man(const struct command *command, FILE *out);

#endif
