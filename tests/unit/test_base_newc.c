/* SPDX-License-Identifier: Apache-2.0 */
/* cpio archives: what is built can be read, and nothing that is not right can. */
#include "src/base/newc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct member {
	const char *name, *content;
};

static const struct member members[] = { { "a", "" }, { "bc", "1" }, { "def/g", "22" },
	{ "hi", "333" }, { "jkl", "4444" }, { "m", "55555" } };
#define N (sizeof(members) / sizeof(members[0]))

static void build(struct buf *out)
{
	for (size_t i = 0; i < N; i++) {
		struct newc_head head = { .ino = (uint32_t)i, .mode = 0100644, .uid = 7, .mtime = 99 };

		assert_int_equal(newc_add(out, &head, members[i].name, members[i].content,
					 strlen(members[i].content)), 0);
	}
	assert_int_equal(newc_end(out), 0);
}

/* Reads all of it: how many members there were, or the error. */
static int count(const void *data, size_t len, struct ms_error *err)
{
	struct newc_bytes in = { data, len };
	struct newc_reader r = { .read = newc_read_bytes, .source = &in, .of = "archive" };
	struct newc_head head;
	const char *name;
	int n = 0, e;

	while ((e = newc_next(&r, &head, &name, err)) > 0)
		n++;
	newc_close(&r);
	return e < 0 ? e : n;
}

static void test_round_trip(void **state)
{
	AUTO_BUF struct buf archive = { 0 };
	struct newc_bytes in;
	struct newc_reader r = { .read = newc_read_bytes, .source = &in, .of = "archive" };
	struct newc_head head;
	struct ms_error err;
	const char *name;
	char content[10];

	build(&archive);
	assert_int_equal(archive.len % 512, 0);
	in = (struct newc_bytes){ archive.data, archive.len };
	for (size_t i = 0; i < N; i++) {
		size_t len = strlen(members[i].content), done = 0;
		ssize_t n;

		assert_int_equal(newc_next(&r, &head, &name, &err), 1);
		assert_string_equal(name, members[i].name);
		assert_int_equal(head.ino, i);
		assert_int_equal(head.mode, 0100644);
		assert_int_equal(head.uid, 7);
		assert_int_equal(head.mtime, 99);
		assert_int_equal(head.size, len);
		while ((n = newc_read(&r, content + done, 2, &err)) > 0)
			done += (size_t)n;
		assert_int_equal(n, 0);
		assert_int_equal(done, len);
		assert_memory_equal(content, members[i].content, len);
	}
	assert_int_equal(newc_next(&r, &head, &name, &err), 0);
	newc_close(&r);
	/* Content that nobody wants is passed over. */
	assert_int_equal(count(archive.data, archive.len, &err), N);
}

/* Up to the trailer's end; what pads the last block may be missing. */
static void test_cut_anywhere(void **state)
{
	AUTO_BUF struct buf archive = { 0 };
	size_t end;
	struct ms_error err;

	build(&archive);
	end = (size_t)((uint8_t *)memmem(archive.data, archive.len, "TRAILER!!!", 10) -
		archive.data) + 11;
	end += -end & 3;
	for (size_t len = 0; len < end; len++) {
		err = (struct ms_error){ 0 };
		assert_int_equal(count(archive.data, len, &err), MS_ERR_MODULE);
		assert_non_null(strstr(err.message, "cut off"));
	}
	for (size_t len = end; len <= archive.len; len++)
		assert_int_equal(count(archive.data, len, &err), N);
}

/* Whatever byte of a header or name is another, reading ends well or with an error. */
static void test_changed_anywhere(void **state)
{
	static const uint8_t values[] = { 0, '0', '9', 'A', 'F', 'f', 'g', '/', 0xff };
	AUTO_BUF struct buf archive = { 0 };
	struct ms_error err;

	build(&archive);
	for (size_t i = 0; i < 260; i++)
		for (size_t j = 0; j < sizeof(values); j++) {
			uint8_t was = archive.data[i];
			int n;

			archive.data[i] = values[j];
			n = count(archive.data, archive.len, &err);
			archive.data[i] = was;
			assert_true(n == MS_ERR_MODULE || (n >= 0 && n <= (int)N));
		}
}

static void set_field(struct buf *archive, int field, const char *value)
{
	memcpy(archive->data + 6 + 8 * field, value, 8);
}

static void test_lies(void **state)
{
	AUTO_BUF struct buf archive = { 0 };
	struct ms_error err;

	build(&archive);
	set_field(&archive, 6, "FFFFFFFF"); /* size */
	assert_int_equal(count(archive.data, archive.len, &err), MS_ERR_MODULE);
	set_field(&archive, 6, "00000000");
	set_field(&archive, 11, "FFFFFFFF"); /* name_size */
	assert_int_equal(count(archive.data, archive.len, &err), MS_ERR_MODULE);
	set_field(&archive, 11, "00000000");
	assert_int_equal(count(archive.data, archive.len, &err), MS_ERR_MODULE);
	set_field(&archive, 11, "00000001"); /* no room for the name */
	assert_int_equal(count(archive.data, archive.len, &err), MS_ERR_MODULE);
	set_field(&archive, 11, "00000004"); /* NULs in the name */
	assert_int_equal(count(archive.data, archive.len, &err), MS_ERR_MODULE);
	assert_non_null(strstr(err.message, "none of a newc archive"));
	set_field(&archive, 11, "0000000G");
	assert_int_equal(count(archive.data, archive.len, &err), MS_ERR_MODULE);
	set_field(&archive, 11, "00000002");
	assert_int_equal(count(archive.data, archive.len, &err), N);
	archive.data[5] = '2'; /* with checksums: cpio -H crc */
	assert_int_equal(count(archive.data, archive.len, &err), MS_ERR_MODULE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_changed_anywhere),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
