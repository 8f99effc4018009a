/* SPDX-License-Identifier: Apache-2.0 */
/* The options by which a key is reached, and the context that follows from them. */
#ifndef MODSEAL_CLI_KEYOPTS_H
#define MODSEAL_CLI_KEYOPTS_H

#include "src/cli/options.h"

#include <modseal/context.h>

/* --module, --pin-source, --token-timeout, --pin-final-try: for commands that reach tokens. */
extern const struct option_def keyopts_table[];

/* --so-pin-source: for commands that write to tokens. */
extern const struct option_def keyopts_so_table[];
/* Prints those that say where things are and were given, for a command that goes on. */
void keyopts_print(FILE *out);

/* Takes MODSEAL_PIN and KBUILD_SIGN_PIN out of the environment; called once, before anything
 * that could start a child. */
void keyopts_take_environment(void);
/* The program's one context, made from the options at the first call; NULL: out of memory. */
struct ms_context *keyopts_context(void);
/* Frees the context and ends the program: with _exit() when a token's call never came back. */
void keyopts_exit(int status) __attribute__((noreturn));

#endif
