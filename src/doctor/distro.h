/* SPDX-License-Identifier: Apache-2.0 */
/* What is called how on which distribution. */
#ifndef MODSEAL_DOCTOR_DISTRO_H
#define MODSEAL_DOCTOR_DISTRO_H

#include <stdbool.h>

struct doctor;
struct finding;

#define DISTRO_COMMANDS 4

struct distro {
	const char *id;   /* of os-release, "" for all others */
	/* Makes the initramfs anew; %s is the kernel's release. */
	const char *initramfs;
	/* Takes a word off the kernel's command line for good; %s is the word. */
	const char *cmdline[DISTRO_COMMANDS];
	/* What the distribution has of its own for keys of modules, if `tool` is there. */
	const char *tool, *tool_what, *tool_commands[DISTRO_COMMANDS];
};

/* By ID, then by the words of ID_LIKE; never NULL. Either may be NULL. */
const struct distro *distro_of(const char *id, const char *like);

#endif
