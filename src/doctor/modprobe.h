/* SPDX-License-Identifier: Apache-2.0 */
/* modprobe's configuration (modprobe.d(5)), as far as it keeps modules from loading. */
#ifndef MODSEAL_DOCTOR_MODPROBE_H
#define MODSEAL_DOCTOR_MODPROBE_H

#include "src/doctor/doctor.h"

enum rule_kind {
	RULE_BLACKLIST, /* its aliases are ignored: it does not load by itself, only by its name */
	RULE_INSTALL,   /* a command is run instead */
};

typedef void rule_fn(void *user, enum rule_kind kind, const char *module, const char *text,
	const char *file, unsigned line);

/* Tells each rule, in modprobe's order: files of /etc, /run, /usr/local/lib, /usr/lib and /lib by
 * their names, of which the first directory's counts. `module` is as it is written; `text` is the
 * command of an install rule. */
void modprobe_rules(struct doctor *d, rule_fn *fn, void *user);
/* Module names are equal when '-' counts as '_'. */
bool module_names_equal(const char *a, const char *b);

#endif
