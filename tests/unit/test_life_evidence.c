/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of what a device says of a key. */
#include "src/key/evidence.h"

#include "src/key/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const enum ms_answer *answers;

static int say(const struct ms_key *key, struct ms_evidence *e, struct ms_error *err)
{
	evidence_add(e, "WANTED", "it is so", answers[0], MS_YES);
	evidence_add(e, "UNWANTED", "it is not so", answers[1], MS_NO);
	evidence_add(e, "TOLD", "it may be so", answers[2], MS_UNKNOWN);
	return 0;
}

static const struct key_ops talker = { .evidence = say }, silent = { 0 };

/* What is said to be missing, "" for nothing. */
static void assert_missing(const struct key_ops *ops, bool hardware, const char *missing)
{
	struct ms_key key = { .ops = ops, .hardware = hardware, .uri = (char *)"the-key" };
	struct ms_evidence e;
	struct ms_error err = { 0 };

	assert_int_equal(ms_key_evidence(&key, NULL, &e, &err), 0);
	assert_string_equal(e.missing, missing);
	assert_int_equal(e.bound, !missing[0]);
	assert_int_equal(ms_key_require_hardware(&key, NULL, &err), missing[0] ? MS_ERR_KEY : 0);
	if (!missing[0])
		return;
	assert_non_null(strstr(err.message, "the-key"));
	assert_non_null(strstr(err.message, missing));
}

static void verdicts(void **state)
{
	static const struct {
		enum ms_answer answers[3];
		const char *missing;
	} cases[] = {
		{ { MS_YES, MS_NO, MS_NO }, "" },
		{ { MS_YES, MS_NO, MS_UNKNOWN }, "" },
		{ { MS_NO, MS_NO, MS_YES }, "WANTED is false" },
		{ { MS_YES, MS_YES, MS_YES }, "UNWANTED is true" },
		{ { MS_YES, MS_UNKNOWN, MS_YES }, "UNWANTED is not told" },
		{ { MS_UNKNOWN, MS_YES, MS_YES }, "WANTED is not told, UNWANTED is true" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answers = cases[i].answers;
		assert_missing(&talker, true, cases[i].missing);
	}
}

static void nothing_said(void **state)
{
	assert_missing(&silent, false, "it is in a file");
	assert_missing(&silent, true, "its place says nothing of it");
}

static void too_much_said(void **state)
{
	struct ms_evidence e = { 0 };

	for (int i = 0; i < 2 * MS_EVIDENCE_MAX; i++)
		evidence_add(&e, "X", "x", MS_YES, MS_YES);
	assert_int_equal(e.n_items, MS_EVIDENCE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(nothing_said),
		cmocka_unit_test(too_much_said),
	};

	return cmocka_run_group_tests_name("life/evidence", tests, NULL, NULL);
}
