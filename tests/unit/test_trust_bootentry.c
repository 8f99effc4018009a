/* SPDX-License-Identifier: Apache-2.0 */
/* Boot#### variables: whole ones, and those that end anywhere. */
#include "src/trust/bootentry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "hd", a hard disk node, two file path nodes ("\EFI\a" and "\b.efi"), the end. */
static const uint8_t entry[] = { 1, 0, 0, 0, 14 + 18 + 18 + 4, 0, 'h', 0, 'd', 0, 0, 0,
	/* hard disk, cut short */
	4, 1, 14, 0, 1, 0, 0, 0, 0, 8, 0, 0, 0, 0,
	/* file paths */
	4, 4, 18, 0, '\\', 0, 'E', 0, 'F', 0, 'I', 0, '\\', 0, 'a', 0, 0, 0,
	4, 4, 18, 0, '\\', 0, 'b', 0, '.', 0, 'e', 0, 'f', 0, 'i', 0, 0, 0,
	0x7f, 0xff, 4, 0, 'd', 'a', 't', 'a' };
#define END (sizeof(entry) - 4) /* of the device path */

/* Read where it ends exactly, so that ASan sees a step too far. */
static char *path_of(const uint8_t *data, size_t len)
{
	uint8_t *copy = test_malloc(len ? len : 1);
	struct ms_error err = { 0 };
	char *path = NULL;

	memcpy(copy, data, len);
	assert_int_equal(bootentry_path(copy, len, &path, &err), 0);
	test_free(copy);
	return path;
}

static void whole(void **state)
{
	char *path = path_of(entry, sizeof(entry));

	assert_string_equal(path, "EFI/a/b.efi");
	free(path);
	path = path_of(entry, END);
	assert_non_null(path);
	free(path);
}

static void cut_anywhere(void **state)
{
	for (size_t len = 0; len < END; len++)
		assert_null(path_of(entry, len));
}

static void spoilt(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = {
		{ 14, 3 },    /* a node shorter than its header */
		{ 14, 255 },  /* and one that ends behind the end */
		{ 31, 1 },    /* not ASCII */
		{ 30, 0xe4 }, /* likewise */
		{ 4, 14 },    /* a device path without a file */
		{ 5, 1 },     /* a device path longer than the entry */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t data[sizeof(entry)];

		memcpy(data, entry, sizeof(entry));
		data[cases[i].at] = cases[i].value;
		assert_null(path_of(data, sizeof(data)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(spoilt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
