/* SPDX-License-Identifier: Apache-2.0 */
/* Distinguished names as people type them. */
#include "src/life/subject.h"

#include <modseal/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The name's parts, "TYPE=value" a line, in order. */
static void flatten(const X509_NAME *name, char *text, size_t size)
{
	text[0] = '\0';
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		const ASN1_STRING *value = X509_NAME_ENTRY_get_data(e);
		size_t len = strlen(text);

		snprintf(text + len, size - len, "%s=%.*s\n",
			OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(e))),
			ASN1_STRING_length(value), (const char *)ASN1_STRING_get0_data(value));
	}
}

static void good(void **state)
{
	static const struct {
		const char *text, *parts;
	} cases[] = {
		{ "CN=x", "CN=x\n" },
		{ "CN=x,O=y", "CN=x\nO=y\n" },
		{ "/CN=x/O=y", "CN=x\nO=y\n" },
		{ "  CN = x y ,  O=  z  ", "CN=x y\nO=z\n" },
		{ "CN=a=b=c", "CN=a=b=c\n" },
		{ "CN=a\\,b,O=c", "CN=a,b\nO=c\n" },
		{ "/CN=a\\/b/O=c,d", "CN=a/b\nO=c,d\n" },
		{ "CN=back\\\\slash", "CN=back\\slash\n" },
		{ "CN=x,OU=1,OU=2", "CN=x\nOU=1\nOU=2\n" },
		{ "CN=x,", "CN=x\n" },
		{ "CN=\xc3\xa4\xe6\xa8\xa1", "CN=\xc3\xa4\xe6\xa8\xa1\n" },
		{ "C=DE", "C=DE\n" },
		{ "commonName=long name", "CN=long name\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_NAME X509_NAME *name = NULL;
		struct ms_error err = { 0 };
		char parts[256];

		if (subject_parse(cases[i].text, &name, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.message);
		flatten(name, parts, sizeof(parts));
		assert_string_equal(parts, cases[i].parts);
	}
}

static void bad(void **state)
{
	static const char *const cases[] = { "", " ", ",", "/", "x", "CN", "CN=", "=x", "CN=x,,O=y",
		"XX=y", "C=Germany", "CN=\xff", "CN=x,O" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_NAME X509_NAME *name = NULL;
		struct ms_error err = { 0 };

		if (subject_parse(cases[i], &name, &err) != MS_ERR_USAGE)
			fail_msg("'%s' is taken for a subject", cases[i]);
		assert_true(err.message[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
	};

	return cmocka_run_group_tests_name("life/subject", tests, NULL, NULL);
}
