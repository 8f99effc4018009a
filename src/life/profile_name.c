/* SPDX-License-Identifier: Apache-2.0 */
/* The subject that an openssl req configuration file gives. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/life/profile.h"
#include "src/life/subject.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* "0.OU" and "1.OU" let a section hold two of a kind: what is before the dot is no name. */
static const char *entry_type(const char *name)
{
	const char *dot = strpbrk(name, ".:,");

	return dot && dot[1] ? dot + 1 : name;
}

/* With prompts a section holds questions, and answers as NAME_default, which -batch takes. *type is
 * the name's beginning; 0: not an answer. */
static int take_answer(const char *name, int prompts, char *type, size_t size)
{
	static const char suffix[] = "_default";
	size_t len = strlen(name), end = sizeof(suffix) - 1;

	if (prompts) {
		if (len <= end || strcmp(name + len - end, suffix) != 0)
			return 0;
		len -= end;
	}
	snprintf(type, size, "%.*s", (int)len, name);
	return 1;
}

/* string_mask: which kinds of string a name's parts may be (openssl-req(1)); *mask stays if it is not
 * said. OpenSSL keeps it for the
 * whole process, which holds more than us; so it is not set there. */
static int string_mask(const CONF *conf, const char *path, unsigned long *mask, struct ms_error *err)
{
	const char *text = NCONF_get_string(conf, "req", "string_mask");

	if (!text || !strcmp(text, "utf8only"))
		return 0;
	if (!strcmp(text, "nombstr")) {
		*mask = ~(unsigned long)(B_ASN1_BMPSTRING | B_ASN1_UTF8STRING);
	} else if (!strcmp(text, "pkix")) {
		*mask = ~(unsigned long)B_ASN1_T61STRING;
	} else if (!strcmp(text, "default")) {
		*mask = 0xffffffffUL;
	} else {
		char *end = NULL;

		if (!strncmp(text, "MASK:", 5))
			*mask = strtoul(text + 5, &end, 0);
		if (!end || end == text + 5 || *end)
			return err_set(err, MS_ERR_USAGE, "%s: string_mask '%s' is not understood",
				path, text);
	}
	return 0;
}

/* As ASN1_STRING_set_by_NID() does it, with a mask of our own. */
static ASN1_STRING *value_of(int nid, const char *text, unsigned long allowed)
{
	const ASN1_STRING_TABLE *table = ASN1_STRING_TABLE_get(nid);
	ASN1_STRING *out = NULL;
	unsigned long mask = DIRSTRING_TYPE & allowed;
	long min = -1, max = -1;

	if (table) {
		mask = table->flags & STABLE_NO_MASK ? table->mask : table->mask & allowed;
		min = table->minsize;
		max = table->maxsize;
	}
	if (ASN1_mbstring_ncopy(&out, (const unsigned char *)text, -1, MBSTRING_UTF8, mask, min, max) <= 0)
		return NULL;
	return out;
}

/* A '+' before the type: it belongs to the part before. */
static int add_entry(X509_NAME *name, const char *type, const char *text, unsigned long mask)
{
	int set = *type == '+' ? -1 : 0, ok = 0;
	ASN1_OBJECT *object = OBJ_txt2obj(type + (set ? 1 : 0), 0);
	ASN1_STRING *value = object ? value_of(OBJ_obj2nid(object), text, mask) : NULL;

	if (value)
		ok = X509_NAME_add_entry_by_OBJ(name, object, ASN1_STRING_type(value),
			ASN1_STRING_get0_data(value), ASN1_STRING_length(value), -1, set);
	ASN1_STRING_free(value);
	ASN1_OBJECT_free(object);
	return ok;
}

int profile_subject(const CONF *conf, const char *path, X509_NAME **out, struct ms_error *err)
{
	AUTO_NAME X509_NAME *name = X509_NAME_new();
	const char *prompt = NCONF_get_string(conf, "req", "prompt");
	int prompts = !prompt || strcmp(prompt, "no") != 0;
	const char *section = NCONF_get_string(conf, "req", "distinguished_name");
	STACK_OF(CONF_VALUE) *entries = section ? NCONF_get_section(conf, section) : NULL;
	unsigned long mask = B_ASN1_UTF8STRING;
	int r = name ? string_mask(conf, path, &mask, err) : err_nomem(err);

	ERR_clear_error();
	if (r < 0)
		return r;
	for (int i = 0; i < sk_CONF_VALUE_num(entries); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(entries, i);
		char type[128];

		if (!take_answer(v->name, prompts, type, sizeof(type)))
			continue;
		if (!add_entry(name, entry_type(type), v->value, mask))
			return ossl_err(err, MS_ERR_USAGE, "%s: '%s = %s' is no part of a name",
				path, v->name, v->value);
	}
	if (!X509_NAME_entry_count(name))
		return err_set(err, MS_ERR_USAGE, "%s gives no distinguished name", path);
	*out = STEAL(name);
	return 0;
}
