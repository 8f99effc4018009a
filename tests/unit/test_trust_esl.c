/* SPDX-License-Identifier: Apache-2.0 */
/* EFI_SIGNATURE_LISTs: written, read again, taken apart; spoilt ones refused. */
#include "src/trust/esl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct efi_guid owner = { "owner owner own" };
static const uint8_t hash_a[32] = { 0xaa }, hash_b[32] = { 0xbb }, hash_c[32] = { 0xcc };

static void add(struct buf *out, const struct efi_guid *type, const void *data, size_t len)
{
	assert_int_equal(esl_add(out, type, &owner, data, len), 0);
}

static void read_all(const struct buf *b, struct esl *esl)
{
	struct ms_error err = { 0 };

	if (esl_read(b->data, b->len, "MokNew", esl, &err) < 0)
		fail_msg("%s", err.message);
}

/* A list of three SHA-256 hashes with a header of 4 bytes. */
static void add_three(struct buf *out)
{
	static const uint8_t sizes[] = { 28 + 4 + 3 * 48, 0, 0, 0, 4, 0, 0, 0, 48, 0, 0, 0 };
	const uint8_t *hashes[] = { hash_a, hash_b, hash_c };

	assert_int_equal(buf_add(out, &guid_sha256, 16), 0);
	assert_int_equal(buf_add(out, sizes, sizeof(sizes)), 0);
	assert_int_equal(buf_add(out, "head", 4), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(buf_add(out, &owner, 16), 0);
		assert_int_equal(buf_add(out, hashes[i], 32), 0);
	}
}

static void guids(void **state)
{
	static const char text[] = "605dab50-e046-4300-abb6-3dd810dd8b23";
	/* As it lies in memory (UEFI 2.10, appendix A). */
	static const uint8_t bytes[16] = { 0x50, 0xab, 0x5d, 0x60, 0x46, 0xe0, 0x00, 0x43, 0xab,
		0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23 };
	struct ms_error err = { 0 };
	char out[GUID_TEXT_SIZE];
	struct efi_guid g;

	assert_memory_equal(guid_shim.bytes, bytes, 16);
	guid_text(&guid_shim, out);
	assert_string_equal(out, text);
	assert_int_equal(guid_parse("605DAB50-E046-4300-ABB6-3DD810DD8B23", &g, &err), 0);
	assert_true(guid_is(&g, &guid_shim));
	assert_int_equal(guid_parse("605dab50-e046-4300-abb6-3dd810dd8b2", &g, &err), MS_ERR_USAGE);
	assert_int_equal(
		guid_parse("605dab50-e046-4300-abb6-3dd810dd8b234", &g, &err), MS_ERR_USAGE);
	assert_int_equal(guid_parse("605dab50e046-4300-abb6-3dd810dd8b23", &g, &err), MS_ERR_USAGE);
	assert_int_equal(
		guid_parse("605dab50-e046-4300-abb6-3dd810dd8bxx", &g, &err), MS_ERR_USAGE);
	assert_int_equal(guid_parse("", &g, &err), MS_ERR_USAGE);
	assert_string_equal(err.message, "\"\" is no GUID");
}

static void written_and_read(void **state)
{
	static const uint8_t revoked[48] = { 0xdd, [32] = 0xe8, 0x07, 2, 29, 12, 34, 56 };
	static const uint8_t for_ever[48] = { 0xee };
	AUTO_BUF struct buf b = { 0 };
	AUTO_ESL struct esl esl = { 0 };

	add(&b, &guid_x509, "certificate", 11);
	add_three(&b);
	add(&b, &guid_x509_sha256, revoked, sizeof(revoked));
	add(&b, &guid_x509_sha256, for_ever, sizeof(for_ever));
	add(&b, &guid_pkcs7, "?", 1);
	read_all(&b, &esl);

	assert_int_equal(esl.n, 7);
	assert_int_equal(esl.entries[0].kind, ESL_X509);
	assert_int_equal(esl.entries[0].len, 11);
	assert_memory_equal(esl.entries[0].data, "certificate", 11);
	assert_true(guid_is(&esl.entries[0].owner, &owner));
	assert_null(esl.entries[0].hash);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(esl.entries[i].kind, ESL_HASH);
		assert_string_equal(esl.entries[i].hash, "sha256");
		assert_int_equal(esl.entries[i].len, 32);
	}
	assert_memory_equal(esl.entries[3].data, hash_c, 32);
	assert_int_equal(esl.entries[4].kind, ESL_X509_HASH);
	assert_int_equal(esl.entries[4].len, 32);
	assert_false(esl.entries[4].always);
	assert_int_equal(esl.entries[4].revoked.tm_year, 2024 - 1900);
	assert_int_equal(esl.entries[4].revoked.tm_mon, 1);
	assert_int_equal(esl.entries[4].revoked.tm_mday, 29);
	assert_int_equal(esl.entries[4].revoked.tm_sec, 56);
	assert_true(esl.entries[5].always);
	assert_int_equal(esl.entries[6].kind, ESL_OTHER);
	assert_int_equal(esl.entries[6].len, 1);
}

static void empty(void **state)
{
	AUTO_ESL struct esl esl = { 0 };
	struct ms_error err = { 0 };

	assert_int_equal(esl_read(NULL, 0, "dbx", &esl, &err), 0);
	assert_int_equal(esl.n, 0);
	assert_null(esl_find(&esl, &guid_sha256, hash_a, 32));
}

/* The layout of UEFI 2.10, 32.4.1, byte by byte. */
static void layout(void **state)
{
	static const uint8_t expected[] = { 0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87,
		0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72, 46, 0, 0, 0, 0, 0, 0, 0, 18, 0, 0, 0, 'o',
		'w', 'n', 'e', 'r', ' ', 'o', 'w', 'n', 'e', 'r', ' ', 'o', 'w', 'n', 0, 0x30,
		0x00 };
	AUTO_BUF struct buf b = { 0 };

	add(&b, &guid_x509, "\x30\x00", 2);
	assert_int_equal(b.len, sizeof(expected));
	assert_memory_equal(b.data, expected, sizeof(expected));
}

static void found_by_type_and_content(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO_ESL struct esl esl = { 0 };

	add(&b, &guid_x509, "certificate", 11);
	add_three(&b);
	read_all(&b, &esl);
	assert_ptr_equal(esl_find(&esl, &guid_sha256, hash_b, 32), &esl.entries[2]);
	assert_ptr_equal(esl_find(&esl, &guid_x509, "certificate", 11), &esl.entries[0]);
	assert_null(esl_find(&esl, &guid_x509, "certificat", 10));
	assert_null(esl_find(&esl, &guid_x509, hash_b, 32));
}

static void an_entry_goes(void **state)
{
	AUTO_BUF struct buf b = { 0 }, fewer = { 0 }, only_cert = { 0 };
	AUTO_ESL struct esl esl = { 0 }, after = { 0 };

	add_three(&b);
	add(&b, &guid_x509, "certificate", 11);
	read_all(&b, &esl);
	assert_int_equal(esl_without(b.data, b.len, &esl.entries[1], &fewer), 0);
	read_all(&fewer, &after);
	assert_int_equal(fewer.len, b.len - 48);
	assert_int_equal(after.n, 3);
	assert_memory_equal(after.entries[0].data, hash_a, 32);
	assert_memory_equal(after.entries[1].data, hash_c, 32);
	assert_memory_equal(after.entries[2].data, "certificate", 11);

	/* The last one takes its list along. */
	assert_int_equal(esl_without(fewer.data, fewer.len, &after.entries[2], &only_cert), 0);
	assert_int_equal(only_cert.len, 28 + 4 + 2 * 48);
	assert_memory_equal(only_cert.data, fewer.data, only_cert.len);
}

static void the_only_entry_goes(void **state)
{
	AUTO_BUF struct buf b = { 0 }, none = { 0 };
	AUTO_ESL struct esl esl = { 0 };

	add(&b, &guid_x509, "certificate", 11);
	read_all(&b, &esl);
	assert_int_equal(esl_without(b.data, b.len, &esl.entries[0], &none), 0);
	assert_int_equal(none.len, 0);
}

/* -- spoilt lists ------------------------------------------------------------------------- */

static void refused(const void *data, size_t len, const char *why)
{
	/* Exactly as long as it says, so that ASan sees a read behind the end. */
	AUTO_BUF struct buf copy = { 0 };
	struct ms_error err = { 0 };
	struct esl esl = { 0 };

	copy.data = test_malloc(len);
	memcpy(copy.data, data, len);
	assert_int_equal(esl_read(copy.data, len, "dbx", &esl, &err), MS_ERR_IO);
	assert_non_null(strstr(err.message, "dbx"));
	if (!strstr(err.message, why))
		fail_msg("\"%s\" does not say \"%s\"", err.message, why);
	assert_null(esl.entries);
	assert_int_equal(esl.n, 0);
	test_free(copy.data);
	copy.data = NULL;
}

static void set32(struct buf *b, size_t at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		b->data[at + i] = (uint8_t)(v >> 8 * i);
}

/* One 32-bit field of a list of three hashes changed. */
static void field(size_t at, uint32_t value, const char *why)
{
	AUTO_BUF struct buf b = { 0 };

	add(&b, &guid_x509, "certificate", 11);
	add_three(&b);
	set32(&b, 28 + 27 + at, value);
	refused(b.data, b.len, why);
}

static void spoilt_fields(void **state)
{
	field(16, 0, "shorter than its header");
	field(16, 27, "shorter than its header");
	field(16, 28 + 4 + 3 * 48 + 1, "ends behind the end");
	field(16, 0xffffffff, "ends behind the end");
	field(20, 28 + 4 + 3 * 48, "header of a list is longer");
	field(20, 0xffffffff, "header of a list is longer");
	field(20, 5, "multiple");
	field(24, 0, "size of their type");
	field(24, 47, "size of their type");
	field(24, 0xffffffff, "size of their type");
	field(16, 28 + 4 + 3 * 48 - 1, "multiple");
	/* Where a list is said to end too early the next one is hashes. */
	field(16, 28 + 4 + 2 * 48, "at byte 183");
}

static void any_size_of_a_certificate(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	add(&b, &guid_x509, "certificate", 11);
	set32(&b, 24, 0);
	refused(b.data, b.len, "size of their type");
	set32(&b, 24, 15);
	refused(b.data, b.len, "size of their type");
	set32(&b, 24, 28);
	refused(b.data, b.len, "multiple");
}

static void cut_anywhere(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	add_three(&b);
	for (size_t len = 1; len < b.len; len++)
		refused(b.data, len, "at byte 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guids),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(empty),
		cmocka_unit_test(layout),
		cmocka_unit_test(found_by_type_and_content),
		cmocka_unit_test(an_entry_goes),
		cmocka_unit_test(the_only_entry_goes),
		cmocka_unit_test(spoilt_fields),
		cmocka_unit_test(any_size_of_a_certificate),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
