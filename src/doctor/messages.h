/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel, modprobe and insmod say when a module is refused, or almost: each line in its
 * older and newer wordings, what it means, and which way leads out. The lines are those of
 * kernel/module/ (before 5.19: kernel/module.c), kernel/module_signature.c, security/lockdown and
 * the lockdown patches of distributions before 5.4, crypto/asymmetric_keys, security/integrity,
 * and kmod's tools.
 */
#ifndef MODSEAL_DOCTOR_MESSAGES_H
#define MODSEAL_DOCTOR_MESSAGES_H

#include "src/doctor/remedy.h"

#include <stddef.h>

/* What became of the module. */
enum outcome {
	OUTCOME_REFUSED,
	OUTCOME_DOUBTFUL, /* it was loaded, but would not be under other circumstances */
	OUTCOME_TOLD,     /* nothing went wrong */
};

#define MESSAGE_FORMS 4
#define MODULE_NAME_MAX 64 /* the kernel's MODULE_NAME_LEN is 56 */

struct message {
	const char *id; /* stable: --json has it */
	/* One of these is in the line, in any case of letters. '*' is any text, '%' a module's
	 * name. */
	const char *forms[MESSAGE_FORMS];
	enum outcome outcome;
	const char *errnum; /* what the system call returned, NULL if it says nothing of that */
	const char *summary; /* follows "the kernel said: " in the reader's mind */
	const char *why;
	enum remedy remedy;
};

/* `id` NULL at the end. Where several fit a line the first one counts. */
extern const struct message messages[];

/* The message that a line is, NULL if none; `name` (of MODULE_NAME_MAX bytes) gets the module's
 * name with '_' for '-', or "". */
const struct message *message_of(const char *line, char *name);

#endif
