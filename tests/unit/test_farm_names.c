/* SPDX-License-Identifier: Apache-2.0 */
/* Names from elsewhere, and files beneath a directory. */
#include "src/farm/names.h"

#include "src/base/buf.h"
#include "src/base/cleanup.h"
#include "src/base/file.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

static char top[] = "/tmp/test_farm_names.XXXXXX";

static int set_up(void **state)
{
	return mkdtemp(top) && chdir(top) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	AUTO_FREE char *command = NULL;

	return asprintf(&command, "rm -rf %s", top) < 0 ? -1 : system(command);
}

static void put(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text), 0666, NULL), 0);
}

static bool holds(const char *path, const char *text)
{
	AUTO_BUF struct buf b = { 0 };

	return file_read(path, 1000, &b, NULL) == 0 && b.len == strlen(text) &&
		!memcmp(b.data, text, b.len);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void test_faults(void **state)
{
	static const char *const bad[] = { "", "/", "/a", "..", "../a", "a/..", "a/../b", ".", "./a",
		"a/.", "a/./b", "a//b", "a/", "//", "a/b/../../../c", "a\nb", "a\tb", "\033[31mX", "a\x7f",
		"a\302\23331m" };
	static const char *const good[] = { "a", "a/b", "...", "..a", "a..", ".a", "a/..b/c", "a b",
		"\xff\xfe", "\xc3\x84", "\xc2\xa0", "a\xc2", "-a", "~", "a\\..\\b" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!name_fault(bad[i]))
			fail_msg("'%s' is let pass", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (name_fault(good[i]))
			fail_msg("'%s': %s", good[i], name_fault(good[i]));
}

/* What passes can get ".sig" or a temporary name and still be a file's. */
static void test_length(void **state)
{
	char name[2 * PATH_MAX];
	size_t n = 0;

	memset(name, 'a', sizeof(name));
	while (n < NAME_MAX) {
		name[n] = '\0';
		if (n && name_fault(name))
			break;
		name[n++] = 'a';
	}
	assert_in_range(n, 150, NAME_MAX - 20);
	memset(name, 'a', sizeof(name));
	for (size_t i = 100; i < sizeof(name); i += 100)
		name[i] = '/';
	name[PATH_MAX - 1] = '\0';
	assert_string_equal(name_fault(name), "it is too long");
	name[PATH_MAX - 100] = '\0';
	assert_null(name_fault(name));
}

static void test_stat(void **state)
{
	struct ms_error err;
	struct stat st;

	assert_int_equal(mkdir("s", 0777) | mkdir("s/d", 0777) | mkdir("s/d/e", 0777), 0);
	put("s/d/e/f", "12345");
	assert_int_equal(symlink("f", "s/d/e/to_file"), 0);
	assert_int_equal(symlink("d", "s/to_dir"), 0);
	assert_int_equal(symlink("nowhere", "s/dangling"), 0);
	assert_int_equal(beneath_stat("s", "d/e/f", &st, &err), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(beneath_stat("s", "to_dir/e/f", &st, &err), MS_ERR_MODULE);
	assert_non_null(strstr(err.message, "to_dir/e/f in s leads through a symbolic link"));
	assert_int_equal(beneath_stat("s", "d/e/to_file", &st, &err), MS_ERR_MODULE);
	assert_int_equal(beneath_stat("s", "dangling", &st, &err), MS_ERR_MODULE);
	assert_int_equal(beneath_stat("s", "dangling/f", &st, &err), MS_ERR_MODULE);
	assert_int_equal(beneath_stat("s", "d/e", &st, &err), MS_ERR_MODULE);
	assert_non_null(strstr(err.message, "s/d/e is not a regular file"));
	assert_int_equal(beneath_stat("s", "d/gone", &st, &err), MS_ERR_IO);
	assert_int_equal(beneath_stat("s", "gone/e/f", &st, &err), MS_ERR_IO);
	assert_non_null(strstr(err.message, "s/gone: "));
	assert_int_equal(beneath_stat("s", "d/e/f/g", &st, &err), MS_ERR_IO);
	assert_int_equal(beneath_stat("nowhere", "f", &st, &err), MS_ERR_IO);
	/* The directory itself is the user's word. */
	assert_int_equal(beneath_stat("s/to_dir", "e/f", &st, &err), 0);
}

static void test_write(void **state)
{
	struct ms_error err;

	assert_int_equal(beneath_write("w/new", "a/b/c", "one", 3, &err), 0);
	assert_true(holds("w/new/a/b/c", "one"));
	assert_int_equal(beneath_write("w/new/", "a/b/c", "two!", 4, &err), 0);
	assert_true(holds("w/new/a/b/c", "two!"));
	assert_int_equal(beneath_write("w/new", "c", "", 0, &err), 0);
	assert_true(holds("w/new/c", ""));
	assert_false(exists("w/new/a/b/.c.modseal"));
	assert_int_equal(beneath_sync("w/new", &err), 0);
	assert_int_equal(beneath_sync("w/gone", &err), MS_ERR_IO);
}

static void test_write_links(void **state)
{
	struct ms_error err;

	assert_int_equal(mkdir("l", 0777) | mkdir("l/in", 0777) | mkdir("out", 0777), 0);
	put("out/f", "untouched");
	assert_int_equal(symlink("../out", "l/away"), 0);
	assert_int_equal(symlink("../../out/f", "l/in/leaf"), 0);
	assert_int_equal(beneath_write("l", "away/f", "x", 1, &err), MS_ERR_MODULE);
	assert_int_equal(beneath_write("l", "away/g/h", "x", 1, &err), MS_ERR_MODULE);
	assert_int_equal(beneath_make_parents("l", "away/g/h", &err), MS_ERR_MODULE);
	/* A link in the file's own place is replaced, not followed. */
	assert_int_equal(beneath_write("l", "in/leaf", "x", 1, &err), 0);
	assert_true(holds("l/in/leaf", "x"));
	assert_true(holds("out/f", "untouched"));
	assert_false(exists("out/g"));
	/* So is one where the temporary file goes. */
	assert_int_equal(symlink("../../out/f", "l/in/.f.modseal"), 0);
	assert_int_equal(beneath_write("l", "in/f", "y", 1, &err), 0);
	assert_true(holds("out/f", "untouched"));
}

static void test_write_refused(void **state)
{
	struct ms_error err;

	assert_int_equal(mkdir("r", 0777) | mkdir("r/dir", 0777), 0);
	put("r/file", "text");
	assert_int_equal(beneath_write("r", "dir", "x", 1, &err), MS_ERR_IO);
	assert_non_null(strstr(err.message, "r/dir cannot be written"));
	assert_false(exists("r/.dir.modseal"));
	assert_int_equal(beneath_write("r", "file/x", "x", 1, &err), MS_ERR_IO);
	assert_int_equal(beneath_write("r/file", "x", "x", 1, &err), MS_ERR_IO);
	assert_true(holds("r/file", "text"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_links),
		cmocka_unit_test(test_write_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
