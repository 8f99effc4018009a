/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command that does one thing to many modules: walks the operands, calls for each module,
 * reports failures as they come, counts, and sums up.
 */
#ifndef MODSEAL_CLI_BATCH_H
#define MODSEAL_CLI_BATCH_H

#include <json-c/json.h>
#include <modseal/error.h>
#include <stdbool.h>

/* What became of one module. */
enum batch_result {
	BATCH_DONE,
	BATCH_KEPT, /* nothing had to be done */
	BATCH_NO,   /* the answer is no (verify) */
};

struct batch {
	const char *command; /* "sign" */
	const char *done;    /* what a done module is called in the summary: "signed", "valid" */
	const char *no;      /* what a BATCH_NO module is called, NULL if there are none */
	bool json, quiet;
	const char *output;  /* -o: a file, or a directory that gets the tree; NULL: in place */
	/* Does it to the module at `path`, writing to `dest` (NULL: in place); prints its result line
	 * unless `quiet`, or fills `json`. Returns a batch_result or a negative MS_ERR_*. */
	int (*one)(const char *path, const char *dest, struct json_object *json,
		struct ms_error *err);
	/* counted by batch_run() */
	unsigned long n_done, n_kept, n_no, n_failed;
};

/* Whether -o names a directory: it ends in '/', is one, or has to hold a tree or several. */
bool batch_output_is_dir(const struct batch *batch, int argc, char **argv);
/* Returns the exit status: 0 when all went well; 1 when the answer for one was no or some failed;
 * when all failed, or the key did, the status that goes with the first failure. */
int batch_run(struct batch *batch, int argc, char **argv);

#endif
