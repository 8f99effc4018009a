/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes of a text are kept from a terminal. */
#include "src/base/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_texts(void **state)
{
	static const struct {
		const char *text, *name, *message;
	} cases[] = {
		{ "", "", "" },
		{ "a b~", "a b~", "a b~" },
		{ "\xc3\x84\xc2\xa0\xff", "\xc3\x84\xc2\xa0\xff", "\xc3\x84\xc2\xa0\xff" },
		{ "a\xc2", "a\xc2", "a\xc2" },
		{ "\t\r\x01\x7f", "????", "????" },
		{ "\033[31m", "?[31m", "?[31m" },
		{ "\302\200\302\23331m", "????31m", "????31m" },
		{ "one:\n  two\n  three", "one:?  two?  three", "one:\n  two\n  three" },
		{ "one\ntwo\n three\n", "one?two? three?", "one?two? three?" },
		{ "\n\n  a", "??  a", "?\n  a" },
	};
	char text[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(text, cases[i].text);
		text_make_printable(text);
		assert_string_equal(text, cases[i].name);
		strcpy(text, cases[i].text);
		text_make_message_printable(text);
		assert_string_equal(text, cases[i].message);
		assert_int_equal(text_has_control(cases[i].text),
			strcmp(cases[i].text, cases[i].name) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
