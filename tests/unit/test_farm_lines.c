/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers in lines, and the texts that they are made of. */
#include "src/farm/base64.h"
#include "src/farm/formats.h"

#include "src/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

static void test_base64(void **state)
{
	static const struct {
		const char *bytes, *text;
	} known[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfd", "//79" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t len = strlen(known[i].bytes);
		AUTO_FREE char *text = base64_encode((const uint8_t *)known[i].bytes, len);
		AUTO_BUF struct buf out = { 0 };

		assert_string_equal(text, known[i].text);
		assert_int_equal(base64_decode(known[i].text, &out), 0);
		assert_int_equal(out.len, len);
		assert_memory_equal(out.data, known[i].bytes, len);
	}
}

static void test_base64_refused(void **state)
{
	static const char *const bad[] = { "A", "AA", "AAA", "AAAAA", "AA==AAAA", "A===", "====",
		"AA=A", " AAAA", "AAAA ", "AAAA\n", "AA A", "AA-_", "AAA\xff", "AAAA=", "AAAA====" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		AUTO_BUF struct buf out = { 0 };

		if (base64_decode(bad[i], &out) != -1)
			fail_msg("'%s' is taken for base64", bad[i]);
	}
}

static void test_hex(void **state)
{
	uint8_t bytes[3];

	assert_int_equal(hex_decode("00aF9c", bytes, 3), 0);
	assert_memory_equal(bytes, "\x00\xaf\x9c", 3);
	assert_int_equal(hex_decode("00aF9", bytes, 3), -1);
	assert_int_equal(hex_decode("00aF9c0", bytes, 3), -1);
	assert_int_equal(hex_decode("00aF9g", bytes, 3), -1);
	assert_int_equal(hex_decode("0x aF9", bytes, 3), -1);
	assert_int_equal(hex_decode("-1-1-1", bytes, 3), -1);
	assert_int_equal(hex_decode("", bytes, 0), 0);
}

static void test_json(void **state)
{
	static const char *const bad[] = { "", " ", "{", "[]", "1", "null", "\"a\"", "{} {}", "{},",
		"{\"a\": 'b'}", "{\"a\": }", "{\"a\": 1,}", "{\"a\": tru}" };
	static const char good[] = " {\"a\": \"b\", \"c\": \"d\\u0000e\", \"f\": 1} \r\n";
	unsigned long line;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		AUTO_JSON struct json_object *o = json_read(bad[i], strlen(bad[i]), NULL);

		if (o)
			fail_msg("'%s' is taken for an object", bad[i]);
	}
	assert_null(json_read("{}\0", 3, NULL));
	assert_null(json_read("{\n\"a\": 1,\n!}", 12, &line));
	assert_int_equal(line, 3);
	AUTO_JSON struct json_object *o = json_read(good, sizeof(good) - 1, NULL);
	assert_non_null(o);
	assert_string_equal(json_text(o, "a"), "b");
	assert_null(json_text(o, "c"));
	assert_null(json_text(o, "f"));
	assert_null(json_text(o, "g"));
	assert_null(json_text(NULL, "a"));
}

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define LINE   "{\"path\":\"a/b.ko\",\"hash\":\"sha256\",\"digest\":\"" DIGEST "\"}"

static int read_requests(const char *text, size_t len, struct farm_list *list,
	struct ms_error *err)
{
	const struct buf b = { .data = (uint8_t *)text, .len = len };
	struct farm_want want = { 0 };
	int r = list_init(list, "file", MS_FARM_LINES, err);

	if (r == 0)
		r = lines_read_requests(list, &b, &want, err);
	return r < 0 ? r : list_index(list, err);
}

static void test_requests(void **state)
{
	static const char text[] = LINE "\n\n{\"path\":\"a/a.ko\",\"hash\":\"sha256\",\"digest\":\"" DIGEST
					"\",\"more\":[]}";
	struct farm_list list;
	struct ms_error err;

	assert_int_equal(read_requests(text, sizeof(text) - 1, &list, &err), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.entries[0].name, "a/b.ko");
	assert_int_equal(list.entries[0].place, 1);
	assert_int_equal(list.entries[1].place, 3);
	assert_int_equal(list.entries[0].digest[31], 0xff);
	assert_true(list.entries[0].blind);
	assert_ptr_equal(list_find(&list, "a/a.ko"), &list.entries[1]);
	assert_ptr_equal(list_find(&list, "a/b.ko"), &list.entries[0]);
	assert_null(list_find(&list, "a"));
	list_free(&list);
}

/* Any byte cut off or changed: still a request, or an error that names the line. */
static void test_requests_damaged(void **state)
{
	static const char text[] = LINE "\n" LINE "\n";
	char copy[sizeof(text)];
	struct ms_error err;

	memcpy(copy, text, sizeof(text));
	memcpy(memmem(copy, sizeof(copy), "b.ko", 4), "c", 1);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		for (int value = 0; value < 256; value += value < 128 ? 1 : 31) {
			struct farm_list list;
			char was = copy[i];
			int r;

			copy[i] = (char)value;
			r = read_requests(copy, sizeof(text) - 1, &list, &err);
			copy[i] = was;
			if (r < 0) {
				assert_int_equal(r, MS_ERR_MODULE);
				assert_memory_equal(err.message, "file:", 5);
			}
			list_free(&list);
		}
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		struct farm_list list;
		int r = read_requests(copy, len, &list, &err);
		bool whole = len >= strlen(LINE) && (len <= strlen(LINE) + 1 || len == 2 * strlen(LINE) + 1);

		assert_int_equal(r, whole ? 0 : MS_ERR_MODULE);
		list_free(&list);
	}
}

static void test_answer(void **state)
{
	static const uint8_t cms[] = { 1, 2, 3, 4 }, raw[] = { 0xff, 0 };
	struct farm_entry entry = { .name = "a \"b\"/c\\né.ko", .hash = MS_HASH_SHA3_512,
		.cms = { (uint8_t *)cms, sizeof(cms), 0 }, .raw = { (uint8_t *)raw, sizeof(raw), 0 } };
	AUTO_FREE char *line = lines_answer(&entry);
	struct buf b = { (uint8_t *)line, strlen(line), 0 };
	struct farm_list list;
	struct ms_error err;

	assert_null(strchr(line, '\n'));
	assert_int_equal(list_init(&list, "file", MS_FARM_LINES, &err), 0);
	assert_int_equal(lines_read_answers(&list, &b, &err), 0);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.entries[0].name, entry.name);
	assert_int_equal(list.entries[0].hash, MS_HASH_SHA3_512);
	assert_int_equal(list.entries[0].cms.len, sizeof(cms));
	assert_memory_equal(list.entries[0].cms.data, cms, sizeof(cms));
	assert_int_equal(list.entries[0].raw.len, sizeof(raw));
	assert_memory_equal(list.entries[0].raw.data, raw, sizeof(raw));
	list_free(&list);

	/* What nobody could read on a terminal is written so that it can be read again, and refused then. */
	entry.name = "c\n.ko";
	free(line);
	line = lines_answer(&entry);
	assert_null(strchr(line, '\n'));
	b = (struct buf){ (uint8_t *)line, strlen(line), 0 };
	assert_int_equal(list_init(&list, "file", MS_FARM_LINES, &err), 0);
	assert_int_equal(lines_read_answers(&list, &b, &err), MS_ERR_MODULE);
	assert_non_null(strstr(err.message, "control character"));
	list_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_refused),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_requests_damaged),
		cmocka_unit_test(test_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
