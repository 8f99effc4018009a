/* SPDX-License-Identifier: Apache-2.0 */
/* What a module file is told to be and to carry. */
#include <modseal/verify.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/signing_fixture.h"

static struct ms_inspection *inspect(void **state, const struct buf *file, unsigned flags)
{
	const char *path = in_dir(state, "m.ko");
	struct ms_inspection *i = NULL;
	struct ms_error err = { 0 };

	write_buf(path, file);
	if (ms_inspect(path, flags, &i, &err))
		fail_msg("%s", err.message);
	assert_string_equal(i->path, path);
	assert_int_equal(i->file_size, file->len);
	return i;
}

static void a_bare_module(void **state)
{
	AUTO_BUF struct buf file = { 0 };
	struct ms_inspection *i;

	make_module(&file);
	i = inspect(state, &file, 0);
	assert_int_equal(i->state, MS_MODULE_UNSIGNED);
	assert_null(i->reason);
	assert_true(i->elf_module);
	assert_string_equal(i->compression, "none");
	assert_string_equal(i->name, "fixture");
	assert_string_equal(i->vermagic, FIXTURE_VERMAGIC);
	assert_int_equal(i->size, file.len);
	assert_int_equal(i->bare_size, file.len);
	assert_int_equal(i->n_signatures, 0);
	ms_inspection_free(i);
	ms_inspection_free(NULL);
}

static void by_issuer_and_serial(void **state)
{
	AUTO_X509 X509 *cert = self_signed(EC_384);
	AUTO_BUF struct buf file = { 0 }, cms = { 0 };
	const struct ms_signature *s;
	struct ms_inspection *i;
	size_t bare;

	make_module(&file);
	bare = file.len;
	make_signature(&file, EC_384, cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA384, NULL, &cms);
	append_tail(&file, &cms);
	i = inspect(state, &file, 0);
	assert_int_equal(i->state, MS_MODULE_SIGNED);
	assert_int_equal(i->bare_size, bare);
	assert_int_equal(i->n_signatures, 1);
	s = &i->signatures[0];
	assert_int_equal(s->offset, bare);
	assert_int_equal(s->cms_size, cms.len);
	assert_int_equal(s->size, cms.len + 40);
	assert_null(s->problem);
	assert_string_equal(s->signer, "key 3");
	assert_string_equal(s->issuer, "CN=key 3");
	assert_string_equal(s->serial, "01");
	assert_null(s->key_id);
	assert_string_equal(s->hash, "sha384");
	assert_string_equal(s->algorithm, "ecdsa-with-SHA384");
	assert_in_range(s->signature_bytes, 96, 104);
	assert_false(s->signed_attributes);
	assert_int_equal(s->n_certs, 0);
	ms_inspection_free(i);
}

static void by_key_id(void **state)
{
	AUTO_X509 X509 *cert = self_signed(RSA_A);
	AUTO_BUF struct buf file = { 0 };
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert);
	char *expected = cert_hex(ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski));
	struct ms_inspection *i;

	make_module(&file);
	append_signature(&file, RSA_A, cert, CMS_SID_KEY_ID, MS_HASH_SHA3_256, NULL);
	i = inspect(state, &file, 0);
	assert_string_equal(i->signatures[0].key_id, expected);
	assert_null(i->signatures[0].issuer);
	assert_null(i->signatures[0].serial);
	assert_null(i->signatures[0].signer);
	assert_string_equal(i->signatures[0].hash, "sha3-256");
	assert_string_equal(i->signatures[0].algorithm, "rsaEncryption");
	assert_int_equal(i->signatures[0].signature_bytes, 256);
	ms_inspection_free(i);
	free(expected);
}

static void stacked(void **state)
{
	AUTO_X509 X509 *a = self_signed(RSA_A);
	AUTO_X509 X509 *b = self_signed(EC_256);
	AUTO_BUF struct buf file = { 0 };
	struct ms_inspection *i;
	size_t bare, first;

	make_module(&file);
	bare = file.len;
	append_signature(&file, RSA_A, a, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL);
	first = file.len;
	append_signature(&file, EC_256, b, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA512, NULL);
	i = inspect(state, &file, 0);
	assert_int_equal(i->n_signatures, 2);
	assert_string_equal(i->signatures[0].signer, "key 2"); /* the one that counts */
	assert_int_equal(i->signatures[0].offset, first);
	assert_string_equal(i->signatures[1].signer, "key 0");
	assert_int_equal(i->signatures[1].offset, bare);
	assert_int_equal(i->bare_size, bare);
	ms_inspection_free(i);
}

static void certificates_that_travel_along(void **state)
{
	AUTO_X509 X509 *a = self_signed(RSA_A);
	AUTO_X509 X509 *b = self_signed(EC_256);
	AUTO_STACK STACK_OF(X509) *chain = stack_of(a, b, NULL);
	AUTO_BUF struct buf file = { 0 };
	struct ms_inspection *i;

	make_module(&file);
	append_signature(&file, RSA_A, a, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, chain);
	i = inspect(state, &file, 0);
	assert_int_equal(i->signatures[0].n_certs, 2);
	for (int k = 0; k < 2; k++)
		assert_true(!strcmp(i->signatures[0].certs[k], "CN=key 0") ||
			!strcmp(i->signatures[0].certs[k], "CN=key 2"));
	ms_inspection_free(i);
}

static void a_name_without_common_name(void **state)
{
	AUTO_X509 X509 *cert =
		make_cert(&(struct test_cert){ .name = "x", .key = test_key(EC_256) });
	X509_NAME *name = X509_NAME_new();
	AUTO_BUF struct buf file = { 0 };
	struct ms_inspection *i;

	assert_true(X509_NAME_add_entry_by_txt(
		name, "O", MBSTRING_UTF8, (const unsigned char *)"only this", -1, -1, 0));
	assert_true(X509_set_issuer_name(cert, name));
	X509_NAME_free(name);
	make_module(&file);
	append_signature(&file, EC_256, cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL);
	i = inspect(state, &file, 0);
	assert_string_equal(i->signatures[0].issuer, "O=only this");
	assert_null(i->signatures[0].signer);
	ms_inspection_free(i);
}

static void what_is_no_cms(void **state)
{
	AUTO_BUF struct buf file = { 0 };
	struct ms_inspection *i;

	make_module(&file);
	add_tail(&file, 60);
	i = inspect(state, &file, 0);
	assert_int_equal(i->state, MS_MODULE_SIGNED);
	assert_int_equal(i->n_signatures, 1);
	assert_contains(i->signatures[0].problem, "not a CMS SignedData");
	assert_int_equal(i->signatures[0].cms_size, 60);
	assert_null(i->signatures[0].hash);
	ms_inspection_free(i);
}

static void broken_tails_have_a_reason(void **state)
{
	AUTO_BUF struct buf file = { 0 };
	struct ms_inspection *i;
	size_t bare;

	make_module(&file);
	bare = file.len;
	add_tail(&file, 60);
	file.len--;
	i = inspect(state, &file, 0);
	assert_int_equal(i->state, MS_MODULE_INTERRUPTED);
	assert_non_null(i->reason);
	assert_int_equal(i->bare_size, bare);
	ms_inspection_free(i);
	file.len++;
	file.data[file.len - 28 - 12] = 1;
	i = inspect(state, &file, 0);
	assert_int_equal(i->state, MS_MODULE_MALFORMED);
	assert_contains(i->reason, "algo is 1");
	ms_inspection_free(i);
}

static void any_file(void **state)
{
	AUTO_X509 X509 *cert = self_signed(RSA_A);
	AUTO_BUF struct buf file = { 0 };
	struct ms_inspection *i;

	assert_int_equal(buf_add(&file, "an image", 8), 0);
	append_signature(&file, RSA_A, cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL);
	i = inspect(state, &file, MS_ANY_FILE);
	assert_false(i->elf_module);
	assert_null(i->name);
	assert_null(i->vermagic);
	assert_int_equal(i->state, MS_MODULE_SIGNED);
	assert_int_equal(i->bare_size, 8);
	ms_inspection_free(i);
}

static void what_cannot_be_opened(void **state)
{
	const char *path = in_dir(state, "gone.ko");
	struct ms_inspection *i = NULL;
	struct ms_error err = { 0 };

	assert_int_equal(ms_inspect(path, 0, &i, &err), MS_ERR_IO);
	assert_null(i);
	assert_contains(err.message, path);
	assert_int_equal(ms_inspect(*state, 0, &i, &err), MS_ERR_IO);
	assert_contains(err.message, "is a directory");
}

#define test(name) cmocka_unit_test_setup_teardown(name, dir_setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_bare_module),
		test(by_issuer_and_serial),
		test(by_key_id),
		test(stacked),
		test(certificates_that_travel_along),
		test(a_name_without_common_name),
		test(what_is_no_cms),
		test(broken_tails_have_a_reason),
		test(any_file),
		test(what_cannot_be_opened),
	};

	return cmocka_run_group_tests_name("verify/inspect", tests, NULL, NULL);
}
