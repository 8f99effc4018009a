/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modules that the operands of a command name, one after the other: files as they are, all
 * modules below directories, each with the place where -o puts it. A file that is to be changed in
 * place and comes a second time, by another path or a symbolic link, is told.
 */
#ifndef MODSEAL_CLI_SOURCE_H
#define MODSEAL_CLI_SOURCE_H

#include <modseal/module.h>
#include <stdbool.h>
#include <sys/types.h>

struct source {
	int argc; /* operands; filled by the caller */
	char **argv;
	const char *output; /* -o, NULL: in place */
	bool sweep;         /* remove what killed runs left in the directories on the way */
	bool dry_run;       /* make no directories for `output` */
	/* the rest is the source's own */
	bool output_is_dir, started;
	int next;              /* operand to open next */
	struct ms_walk *walk;  /* of operand next - 1 */
	unsigned long found;   /* in that walk */
	unsigned long given;   /* items, in all */
	void *seen;            /* tree of the files that were given out */
	void *claims;          /* tree of the destinations */
	char *swept;           /* the directory that was swept last */
	char *directory, *real_directory; /* that a file was in last, and where it lies after links */
};

struct source_item {
	char *path; /* of the module, or of the operand that failed */
	char *name; /* relative to the operand, or the operand's own if that is a file */
	char *dest; /* NULL: in place */
	char *same_as; /* the path by which this very file was given out before, else NULL */
	unsigned long place; /* counted from 0 */
};

/* Whether -o names a directory: it ends in '/', is one, or has to hold a tree or several. */
bool source_output_is_dir(const struct source *source);
/* 1 and *item; 0 at the end; negative for one that cannot be used (item->path says which), after
 * which the next may be asked for. The item is to be released in each case. */
int source_next(struct source *source, struct source_item *item, struct ms_error *err);
void source_item_release(struct source_item *item);
void source_close(struct source *source);

#endif
