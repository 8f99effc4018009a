/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/tally.h"

#include "src/base/buf.h"
#include "src/base/error.h"
#include "src/base/printable.h"
#include "src/cli/cli.h"
#include "src/cli/output.h"

#include <string.h>

#define LISTED_MAX 100 /* failures that the summary repeats */

void tally_count(struct tally *t, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_DONE:
		t->n_done++;
		break;
	case OUTCOME_KEPT:
		t->n_kept++;
		break;
	case OUTCOME_NO:
		t->n_no++;
		break;
	case OUTCOME_UNKNOWN:
		t->n_unknown++;
		break;
	}
}

void tally_fail(struct tally *t, const char *path, const struct ms_error *err)
{
	tally_fail_at(t, t->n_failed, path, err);
}

/* For the summary: by then other lines stand between. */
static void remember(struct tally *t, const struct ms_error *err)
{
	char message[sizeof(err->message)];

	if (t->quiet || t->json || t->n_failed >= LISTED_MAX)
		return;
	memcpy(message, err->message, sizeof(message));
	text_make_message_printable(message);
	if (buf_add(&t->failures, "  ", 2) == 0 &&
		buf_add(&t->failures, message, strlen(message)) == 0)
		buf_add(&t->failures, "\n", 1);
}

void tally_fail_at(struct tally *t, unsigned long place, const char *path,
	const struct ms_error *err)
{
	struct ms_error own = *err;

	/* Messages name the path where it is what failed; others name a key, say. */
	if (!strstr(own.message, path))
		err_prefix(&own, "%s", path);
	print_error(&own);
	remember(t, &own);
	if (t->json) {
		struct json_object *o = json_object_new_object();

		json_add_text(o, "module", path);
		json_add_text(o, "result", "failed");
		json_add_error(o, &own);
		json_print(o);
	}
	t->n_failed++;
	if (!t->first_failure || place < t->first_place) {
		t->first_failure = err->code;
		t->first_place = place;
	}
}

bool tally_is_fatal(int code)
{
	return exit_status_of(code) == EXIT_STATUS_KEY || code == MS_ERR_NOMEM;
}

void tally_stop(struct tally *t, const struct ms_error *err)
{
	print_error(err);
	print_notice(t->quiet && !t->json
			? "modules that were not done are as they were; modseal verify tells which"
			: "modules that are not listed as done are as they were");
	t->stopped = *err;
}

static unsigned long n_well(const struct tally *t)
{
	return t->n_done + t->n_kept + t->n_no + t->n_unknown;
}

/* Where all failed, their messages stand together already. */
static void list_failures(const struct tally *t, unsigned long all)
{
	if (!n_well(t) || !t->failures.len)
		return;
	fflush(stdout);
	fprintf(stderr, "modseal: %lu of %lu failed:\n", t->n_failed, all);
	fwrite(t->failures.data, 1, t->failures.len, stderr);
	if (t->n_failed > LISTED_MAX)
		fprintf(stderr, "  and %lu more, told above\n", t->n_failed - LISTED_MAX);
}

static void summary(const struct tally *t)
{
	unsigned long all = n_well(t) + t->n_failed;

	if (t->json) {
		struct json_object *o = json_object_new_object(), *s = json_object_new_object();

		json_add_number(s, "modules", all);
		json_add_number(s, t->done, t->n_done);
		json_add_number(s, "kept", t->n_kept);
		if (t->no)
			json_add_number(s, t->no, t->n_no);
		if (t->n_unknown)
			json_add_number(s, "unknown", t->n_unknown);
		json_add_number(s, "failed", t->n_failed);
		json_add_bool(s, "complete", !t->stopped.code);
		if (t->stopped.code)
			json_add_error(s, &t->stopped);
		json_object_object_add(o, "summary", s);
		json_print(o);
		return;
	}
	if (all == 1 && !t->stopped.code) /* its own line says it all */
		return;
	printf("%lu module%s: %lu %s", all, all == 1 ? "" : "s", t->n_done, t->done);
	if (t->n_kept)
		printf(", %lu kept", t->n_kept);
	if (t->no)
		printf(", %lu %s", t->n_no, t->no);
	if (t->n_unknown)
		printf(", %lu unknown", t->n_unknown);
	printf(", %lu failed%s\n", t->n_failed, t->stopped.code ? "; stopped before the end" : "");
	list_failures(t, all);
}

/* Of a single module the failure says it all; several are to be told from some. */
static int none_went_well(const struct tally *t)
{
	int status = exit_status_of(t->first_failure);
	bool several = t->n_failed > 1 || t->stopped.code;

	return several && (status == EXIT_STATUS_NO || !t->first_failure) ? EXIT_STATUS_NONE : status;
}

int tally_status(const struct tally *t)
{
	if (t->stopped.code && t->stopped.code != MS_ERR_STOPPED)
		return exit_status_of(t->stopped.code);
	if (!n_well(t) && (t->first_failure || t->stopped.code))
		return none_went_well(t);
	if (t->n_failed || t->n_no || t->stopped.code)
		return EXIT_STATUS_NO;
	return t->n_unknown ? EXIT_STATUS_UNKNOWN : EXIT_STATUS_OK;
}

int tally_finish(struct tally *t)
{
	summary(t);
	buf_free(&t->failures);
	return tally_status(t);
}
