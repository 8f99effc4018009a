/* SPDX-License-Identifier: Apache-2.0 */
/* What became of many modules: counted, failures printed as they come, summed up at the end. */
#ifndef MODSEAL_CLI_TALLY_H
#define MODSEAL_CLI_TALLY_H

#include "src/base/buf.h"

#include <modseal/error.h>
#include <stdbool.h>

/* What became of one module. */
enum outcome {
	OUTCOME_DONE,
	OUTCOME_KEPT, /* nothing had to be done */
	OUTCOME_NO,   /* the answer is no (verify) */
	OUTCOME_UNKNOWN, /* it cannot be told (verify --kernel) */
};

struct tally {
	const char *done; /* what a done module is called in the summary: "signed", "valid" */
	const char *no;   /* what an OUTCOME_NO is called, NULL if there are none */
	bool json, quiet; /* quiet: of modules only those that failed are told */
	/* counted */
	unsigned long n_done, n_kept, n_no, n_unknown, n_failed;
	int first_failure; /* MS_ERR_* of the module that failed and comes first in the source */
	unsigned long first_place;
	struct buf failures; /* their lines in the summary; unless quiet or json */
	struct ms_error stopped; /* why the run ended early; code 0 if it did not */
};

void tally_count(struct tally *tally, enum outcome outcome);
/* Prints the failure of one module, to stderr and as JSON, and counts it. */
void tally_fail(struct tally *tally, const char *path, const struct ms_error *err);
/* The same where modules fail in no order; `place` is the module's (source_item.place). */
void tally_fail_at(struct tally *tally, unsigned long place, const char *path,
	const struct ms_error *err);
/* Prints why the run ended before all was done. */
void tally_stop(struct tally *tally, const struct ms_error *err);
/* Whether a failure is the key's or the machine's, so that no later module can fare better. */
bool tally_is_fatal(int code);
/* The exit status: 0 when all went well; 1 when the answer for one was no or some failed; 5 when it
 * cannot be told for one, else; when all failed, or the key did, the status that goes with the failure,
 * and 6 instead of 1 if there were several. */
int tally_status(const struct tally *tally);
/* Prints the summary, with what failed and why; returns tally_status(). */
int tally_finish(struct tally *tally);

#endif
