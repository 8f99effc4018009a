/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs as filters: what they write arrives, and none goes on for ever. */
#include "src/base/filter.h"

#include "src/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX 65536

static int memory(const char *content)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	return fd;
}

/* Runs it on "one two", SECONDS at most; *len (may be NULL) gets the bytes that it wrote. */
static int run_for(unsigned seconds, const char *const argv[], off_t from, char *text, ssize_t *len,
	struct ms_error *err)
{
	AUTO_CLOSE int in = memory("one two"), out = memory("");
	int r;

	assert_int_equal(lseek(in, from, SEEK_SET), from);
	r = filter_run(argv, in, out, MAX, seconds, err);
	if (len)
		*len = pread(out, text, MAX, 0);
	return r;
}

static int run(const char *const argv[], off_t from, char *text, ssize_t *len, struct ms_error *err)
{
	return run_for(30, argv, from, text, len, err);
}

static void test_output(void **state)
{
	static const char *const argv[] = { "tr", "a-z", "A-Z", NULL };
	struct ms_error err = { 0 };
	char text[MAX];
	ssize_t len;

	assert_int_equal(run(argv, 4, text, &len, &err), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "TWO", 3);
}

static void test_failures(void **state)
{
	static const char *const missing[] = { "no-such-program-anywhere", NULL };
	static const char *const fails[] = { "false", NULL };
	struct ms_error err = { 0 };

	assert_int_equal(run(missing, 0, NULL, NULL, &err), MS_ERR_UNSUPPORTED);
	assert_non_null(strstr(err.message, "there is no program no-such-program-anywhere"));
	assert_int_equal(run(fails, 0, NULL, NULL, &err), MS_ERR_IO);
	assert_string_equal(err.message, "false failed");
}

static void test_without_end(void **state)
{
	static const char *const writes[] = { "cat", "/dev/zero", NULL };
	static const char *const waits[] = { "sleep", "60", NULL };
	struct ms_error err = { 0 };
	char text[MAX];
	ssize_t len;
	time_t start = time(NULL);

	assert_int_equal(run(writes, 0, text, &len, &err), MS_ERR_IO);
	assert_true(len <= MAX);
	assert_non_null(strstr(err.message, "cat wrote more than"));
	assert_int_equal(run_for(1, waits, 0, NULL, NULL, &err), MS_ERR_IO);
	assert_string_equal(err.message, "sleep did not end within 1 seconds");
	assert_true(time(NULL) - start < 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
