/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of the program share. */
#ifndef MODSEAL_CLI_CLI_H
#define MODSEAL_CLI_CLI_H

#include "src/cli/options.h"

#include <modseal/context.h>
#include <modseal/key.h>

/* Documented in modseal(1) and stable. */
enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_NO = 1,      /* the answer is no, or some modules failed and others did not */
	EXIT_STATUS_USAGE = 2,
	EXIT_STATUS_KEY = 3,     /* URI, token, PIN, certificate */
	EXIT_STATUS_MACHINE = 4, /* I/O, memory */
	EXIT_STATUS_UNKNOWN = 5, /* what decides is not known */
	EXIT_STATUS_NONE = 6,    /* of several modules not one went well, each for a reason of its own */
};

extern const struct command
	command_attach,
	command_cert,
	command_csr,
	command_detach,
	command_digest,
	command_doctor,
	command_import,
	command_inspect,
	command_keygen,
	command_keys,
	command_sign,
	command_sign_file,
	command_strip,
	command_tpm,
	command_trust,
	command_verify;

/* The kernel's own command line, for sign-file under its own name and as a subcommand; argv[0]
 * is the name. Its exit statuses are sign-file's. */
int sign_file_main(int argc, char **argv);

/* The exit status that goes with an error code. */
int exit_status_of(int code);
/* Prints an error and its hint to stderr. */
void print_error(const struct ms_error *err);
/* Prints what is no failure, a sentence, to stderr. */
void print_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
