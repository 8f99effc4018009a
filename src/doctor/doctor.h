/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checks share: what was gathered about machine and module, and how a check tells what
 * it found. A check is a function in checks.h; its name, its place in the order and nothing else
 * stands in the table of doctor.c.
 */
#ifndef MODSEAL_DOCTOR_DOCTOR_H
#define MODSEAL_DOCTOR_DOCTOR_H

#include "src/doctor/distro.h"
#include "src/doctor/remedy.h"
#include "src/trust/root.h"

#include <modseal/doctor.h>
#include <modseal/find.h>
#include <modseal/verify.h>

/* A finding while it is made. */
struct finding {
	struct ms_finding is;
	struct doctor *doctor;
	enum remedy remedy;
	const char *path; /* of the module that it is about, as the machine calls it; NULL: that
			     which was asked for, if one was */
};

struct doctor {
	const struct ms_machine *machine;
	struct root root;             /* the machine's files */
	const char *release;          /* of the kernel, NULL if it is not known */
	const struct distro *distro;  /* never NULL */
	struct ms_found_keys *keys;   /* key files on the machine; NULL: see keys_error */
	struct ms_error keys_error;
	struct key_standing {
		enum ms_answer trusted; /* the kernel trusts what it signs */
		bool hopeless;          /* not even once its certificate is enrolled */
	} *key_standing;              /* of each of them */
	const char *log;              /* lines, NULL if there is none */

	/* The module that was asked for; all NULL if none was. */
	const char *name;             /* with '_' for '-' */
	const char *path;             /* to be opened: with the root in front; NULL: not found */
	const char *dep_line;         /* its line of modules.dep, if it was looked up there */
	struct ms_inspection *module; /* NULL: not found, or unreadable (module_error) */
	struct ms_error module_error;

	enum ms_answer loads;         /* what the kernel decides of it, as it is now */

	const char *check;            /* that runs */
	struct finding **findings;
	size_t n_findings;
	char **words;                 /* what quoted() gave out */
	size_t n_words;
	bool nomem;                   /* memory ran out somewhere; seen once, at the end */
};

/* All of these note in doctor->nomem that memory ran out and then do nothing: a check is not
 * bothered with it. NULL is fine for a finding. */

/* Something that the check found: a stable word and one line. */
struct finding *found(struct doctor *d, enum ms_severity severity, const char *id,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* One sentence or more about it; appended. */
void because(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What leads out of it here; told once, at the first finding that has it (ways.h). */
void remedy(struct finding *f, enum remedy remedy);
/* A fact for machines. */
void detail(struct finding *f, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A way out of it. */
void way_out(struct finding *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A way that lets unsigned modules in, and what that costs. */
void bypass(struct finding *f, const char *price, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A command of the finding's newest way. */
void command(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same of one that somebody else wrote: %s in it is the word. */
void command_with(struct finding *f, const char *template, const char *word);

/* The command that boots again, or goes into the firmware's setup; what is to be done there follows
 * it as a comment, if it is not NULL. */
void command_reboot(struct finding *f, bool firmware, const char *comment);

/* A word for command(): quoted for a shell where it needs to be. Belongs to the doctor. */
const char *quoted(struct doctor *d, const char *word);
/* A path without the root in front: as that machine calls it. */
const char *on_machine(const struct doctor *d, const char *path);
/* A printf() that is kept, and belongs to the doctor. */
const char *kept(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* -- shorthands for facts ---------------------------------------------------------------- */

/* "y", "m", "n", ...; "?" if no configuration was found. */
const char *option(const struct doctor *d, const char *name);
/* Whether it is "y". */
bool option_is_on(const struct doctor *d, const char *name);
/* A fact's text, "" if it has none. */
const char *text_of(const struct ms_fact *fact);
/* Whether the kernel's command line has the word, or WORD=...; *value (may be NULL) gets what
 * stands behind '=' of the last one ("" without), kept. */
bool cmdline_has(struct doctor *d, const char *word, const char **value);
/* Reads a text file of the machine, NULL if it cannot be read; kept. */
const char *file_text(struct doctor *d, const char *path);

#endif
