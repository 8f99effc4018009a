/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void pad(unsigned char *field, size_t size, const char *text)
{
	memset(field, ' ', size);
	memcpy(field, text, strlen(text));
}

static CK_TOKEN_INFO token_info(const char *label, const char *serial)
{
	CK_TOKEN_INFO info = { 0 };

	pad(info.label, sizeof(info.label), label);
	pad(info.manufacturerID, sizeof(info.manufacturerID), "Maker; Inc");
	pad(info.model, sizeof(info.model), "M1");
	pad(info.serialNumber, sizeof(info.serialNumber), serial);
	return info;
}

static struct p11_uri *parse(const char *text)
{
	struct p11_uri *uri = NULL;
	struct ms_error err = { 0 };

	if (p11_uri_parse(text, &uri, &err) != 0)
		fail_msg("%s: %s", text, err.message);
	return uri;
}

/* The URI must be refused, with all of these words in the message. */
static void refuse(const char *text, const char *word, const char *word2)
{
	struct p11_uri *uri = NULL;
	struct ms_error err = { 0 };

	assert_int_equal(p11_uri_parse(text, &uri, &err), MS_ERR_URI);
	assert_null(uri);
	if (!strstr(err.message, word) || !strstr(err.message, word2))
		fail_msg("%s: message is: %s", text, err.message);
	if (strstr(err.message, "SECRET") || strstr(err.hint, "SECRET"))
		fail_msg("%s: the PIN is in the message: %s", text, err.message);
}

static void test_path_is_parsed(void **state)
{
	struct p11_uri *uri = parse("pkcs11:token=My%20Token;object=k%3b1;id=%01%FF;type=private");
	const CK_ATTRIBUTE *id = p11_uri_attr(uri, CKA_ID), *label = p11_uri_attr(uri, CKA_LABEL);

	assert_int_equal(p11_uri_class(uri), CKO_PRIVATE_KEY);
	assert_int_equal(id->ulValueLen, 2);
	assert_memory_equal(id->pValue, "\x01\xff", 2);
	assert_int_equal(label->ulValueLen, 3);
	assert_memory_equal(label->pValue, "k;1", 3);
	assert_null(uri->module_path);
	assert_null(uri->pin_source);
	assert_null(uri->pin_value);
	p11_uri_free(uri);

	uri = parse("PKCS11:");
	assert_true(p11_uri_class(uri) == P11_ANY_CLASS);
	assert_null(p11_uri_attr(uri, CKA_ID));
	p11_uri_free(uri);
}

static void test_all_known_attributes_are_taken(void **state)
{
	p11_uri_free(parse("pkcs11:token=a;manufacturer=b;serial=c;model=d;library-manufacturer=e;"
			   "library-description=f;library-version=1.2;object=g;type=cert;id=h;"
			   "slot-description=i;slot-manufacturer=j;slot-id=7;"
			   "?pin-source=/x&pin-value=1&module-name=m&module-path=/p"));
}

static void test_what_is_not_understood_is_named(void **state)
{
	refuse("pkcs11:tokn=a", "'tokn'", "not known");
	refuse("pkcs11:x-vendor=a", "'x-vendor'", "not known");
	refuse("pkcs11:token=a?pin_value=SECRET", "'pin_value'", "not known");
	refuse("pkcs11:token=a;token=b", "'token'", "twice");
	refuse("pkcs11:token=a?pin-value=SECRET&pin-value=SECRET", "'pin-value'", "twice");
	refuse("pkcs11:token=a;pin-value=SECRET", "'pin-value'", "behind the '?'");
	refuse("pkcs11:token=a;pinvalue=SECRET", "'pinvalue'", "not known");
	refuse("pkcs11:?token=a", "'token'", "before the '?'");
	refuse("pkcs11:type=key", "'type'", "not known");
	refuse("pkcs11:slot-id=first", "'slot-id'", "value");
	refuse("pkcs11:token=123456789012345678901234567890123", "'token'", "longer");
	refuse("pkcs11:object=%4", "'object'", "%xx");
	refuse("pkcs11:?module-path=/a%zz", "'module-path'", "%xx");
	refuse("pkcs11:?module-path=", "'module-path'", "empty");
	refuse("pkcs11:object", "'object'", "'='");
	refuse("pkcs11:token=a?SECRET", "token=a", "'='");
	refuse("pkcs11:token=My Token", "blank", "pkcs11:token=My Token");
	refuse("pkcs12:token=a", "no PKCS#11 URI", "pkcs12");
}

static void test_pin_source_forms(void **state)
{
	static const char *const forms[][2] = {
		{ "pkcs11:?pin-source=/etc/pin", "/etc/pin" },
		{ "pkcs11:?pin-source=pin%20file", "pin file" },
		{ "pkcs11:?pin-source=file:/etc/pin", "/etc/pin" },
		{ "pkcs11:?pin-source=file:///etc/pin", "/etc/pin" },
		{ "pkcs11:?pin-source=file%3A%2F%2Flocalhost%2Fetc%2Fpin", "/etc/pin" },
		{ "pkcs11:?pin-source=FILE:pin", "pin" },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct p11_uri *uri = parse(forms[i][0]);

		assert_string_equal(uri->pin_source, forms[i][1]);
		p11_uri_free(uri);
	}
	refuse("pkcs11:?pin-source=|/bin/echo", "'pin-source'", "command");
	refuse("pkcs11:?pin-source=%7C/bin/echo", "'pin-source'", "command");
	refuse("pkcs11:?pin-source=file:|/bin/echo", "'pin-source'", "command");
	refuse("pkcs11:?pin-source=file:", "'pin-source'", "empty");
}

static void test_pin_value_is_kept_apart(void **state)
{
	struct p11_uri *uri = parse("pkcs11:token=a?pin-value=12%2634&module-path=/m.so");

	assert_int_equal(uri->pin_value->len, 5);
	assert_string_equal(uri->pin_value->data, "12&34");
	assert_string_equal(uri->module_path, "/m.so");
	assert_string_equal(uri->text, "pkcs11:token=a?module-path=/m.so");
	assert_null(p11_kit_uri_get_pin_value(uri->kit));
	p11_uri_free(uri);
}

static void test_token_is_matched(void **state)
{
	const CK_TOKEN_INFO info = token_info("release", "12ab");
	const CK_INFO module = { 0 };
	const CK_SLOT_INFO slot = { 0 };
	static const struct {
		const char *uri;
		bool matches;
	} cases[] = {
		{ "pkcs11:", true },
		{ "pkcs11:token=release", true },
		{ "pkcs11:token=relea", false },
		{ "pkcs11:token=release;serial=12ab", true },
		{ "pkcs11:token=release;serial=12AB", false },
		{ "pkcs11:manufacturer=Maker%3b%20Inc;model=M1", true },
		{ "pkcs11:model=M2", false },
		{ "pkcs11:slot-id=5", true },
		{ "pkcs11:slot-id=6", false },
		{ "pkcs11:object=whatever", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct p11_uri *uri = parse(cases[i].uri);

		if (p11_uri_match_token(uri, &module, 5, &slot, &info) != cases[i].matches)
			fail_msg("%s", cases[i].uri);
		p11_uri_free(uri);
	}
}

static void test_formatted_uri_can_be_pasted(void **state)
{
	const CK_TOKEN_INFO info = token_info("re lease", "12ab");
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BYTE id[] = { 0x01, 0xab };
	char label[] = "k=1;2";
	const CK_ATTRIBUTE object[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, id, sizeof(id) },
		{ CKA_LABEL, label, strlen(label) },
	};
	const CK_INFO module = { 0 };
	const CK_SLOT_INFO slot = { 0 };
	char *text = p11_uri_format(3, &info, object, 3, NULL);
	struct p11_uri *uri = parse(text);

	assert_non_null(strstr(text, "token=re%20lease"));
	assert_non_null(strstr(text, "serial=12ab"));
	assert_non_null(strstr(text, "manufacturer=Maker%3B%20Inc"));
	assert_non_null(strstr(text, "id=%01%AB"));
	assert_non_null(strstr(text, "type=private"));
	assert_null(strstr(text, "slot-id"));
	assert_true(p11_uri_match_token(uri, &module, 9, &slot, &info));
	assert_memory_equal(p11_uri_attr(uri, CKA_LABEL)->pValue, label, strlen(label));
	p11_uri_free(uri);
	free(text);
}

static void test_formatted_uri_has_the_module_but_no_pin(void **state)
{
	const CK_TOKEN_INFO info = token_info("a", "1");
	struct p11_uri *like = parse("pkcs11:?module-path=/m.so&pin-value=SECRET&pin-source=/S");
	char *text = p11_uri_format(3, &info, NULL, 0, like);

	assert_non_null(strstr(text, "?module-path=%2Fm.so"));
	assert_null(strstr(text, "SECRET"));
	assert_null(strstr(text, "pin-"));
	free(text);
	p11_uri_free(like);
}

static void test_token_without_serial_is_named_by_its_slot(void **state)
{
	const CK_TOKEN_INFO info = token_info("a", "");
	char *text = p11_uri_format(3, &info, NULL, 0, NULL);

	assert_non_null(strstr(text, "slot-id=3"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_is_parsed),
		cmocka_unit_test(test_all_known_attributes_are_taken),
		cmocka_unit_test(test_what_is_not_understood_is_named),
		cmocka_unit_test(test_pin_source_forms),
		cmocka_unit_test(test_pin_value_is_kept_apart),
		cmocka_unit_test(test_token_is_matched),
		cmocka_unit_test(test_formatted_uri_can_be_pasted),
		cmocka_unit_test(test_formatted_uri_has_the_module_but_no_pin),
		cmocka_unit_test(test_token_without_serial_is_named_by_its_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
