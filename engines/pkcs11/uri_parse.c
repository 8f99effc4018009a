/* SPDX-License-Identifier: Apache-2.0 */
/*
 * p11-kit parses the path (what is matched against tokens and objects). The query is read here:
 * p11-kit keeps pin-value in ordinary memory, and passes over what it does not know in a query.
 */
#include "engines/pkcs11/uri.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME     "pkcs11:"
#define SCHEME_LEN (sizeof(SCHEME) - 1)

enum half { PATH, QUERY };

static const struct known {
	const char *name;
	enum half half;
} known[] = {
	{ "token", PATH },
	{ "manufacturer", PATH },
	{ "serial", PATH },
	{ "model", PATH },
	{ "library-manufacturer", PATH },
	{ "library-description", PATH },
	{ "library-version", PATH },
	{ "object", PATH },
	{ "type", PATH },
	{ "id", PATH },
	{ "slot-description", PATH },
	{ "slot-manufacturer", PATH },
	{ "slot-id", PATH },
	{ "pin-source", QUERY },
	{ "pin-value", QUERY },
	{ "module-name", QUERY },
	{ "module-path", QUERY },
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

/* A URI while it is parsed. Messages show it as far as there can be no PIN in it. */
struct parser {
	struct p11_uri *uri;
	const char *ref;
	int path_len;   /* of the part before '?' */
	int shown_len;
	unsigned seen; /* a bit for each of known[] */
	struct ms_error *err;
};

/* One "name=value"; value points into the reference. */
struct attr {
	enum half half;
	int name_len, value_len;
	const char *name, *value;
};

static int bad(struct parser *p, const char *why, int name_len, const char *name)
{
	err_set(p->err, MS_ERR_URI, "%.*s: attribute '%.*s' %s", p->shown_len, p->ref, name_len,
		name,
		why);
	err_hint(p->err, "See modseal(1) for the attributes of a PKCS#11 URI.");
	return MS_ERR_URI;
}

static bool is(const struct attr *a, const char *name)
{
	return strlen(name) == (size_t)a->name_len && !memcmp(a->name, name, (size_t)a->name_len);
}

static int check_name(struct parser *p, const struct attr *a)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		if (!is(a, known[i].name))
			continue;
		if (known[i].half != a->half)
			return bad(p,
				a->half == PATH ? "belongs behind the '?'"
						: "belongs before the '?'",
				a->name_len, a->name);
		if (p->seen & 1U << i)
			return bad(p, "is there twice", a->name_len, a->name);
		p->seen |= 1U << i;
		return 0;
	}
	return bad(p, "is not known", a->name_len, a->name);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %xx into out, which has room for value_len + 1 bytes; -1 if it is broken or has a NUL. */
static int decode(const struct attr *a, char *out)
{
	int n = 0;

	for (int i = 0; i < a->value_len; i++) {
		int c = (unsigned char)a->value[i];

		if (c == '%') {
			int high = i + 2 < a->value_len ? hex(a->value[i + 1]) : -1;
			int low = high >= 0 ? hex(a->value[i + 2]) : -1;

			if (low < 0)
				return -1;
			c = high << 4 | low;
			i += 2;
		}
		if (!c)
			return -1;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n;
}

static int take_text(struct parser *p, const struct attr *a, char **out)
{
	char *text = malloc((size_t)a->value_len + 1);

	*out = text;
	if (!text)
		return err_nomem(p->err);
	if (decode(a, text) < 0)
		return bad(p, "has a broken %xx", a->name_len, a->name);
	if (!*text)
		return bad(p, "is empty", a->name_len, a->name);
	return 0;
}

static int take_pin(struct parser *p, const struct attr *a)
{
	AUTO_SECRET struct secret *pin = NULL;
	int len;

	if (a->value_len > SECRET_MAX)
		return bad(p, "is too long", a->name_len, a->name);
	pin = secret_new("", 0);
	if (!pin)
		return err_nomem(p->err);
	len = decode(a, pin->data);
	if (len < 0)
		return bad(p, "has a broken %xx", a->name_len, a->name);
	pin->len = (size_t)len;
	p->uri->pin_value = STEAL(pin);
	return 0;
}

/* Leaves of "file:/x", "file:///x" and "file://localhost/x" the path /x. */
static const char *without_file_scheme(const char *s)
{
	if (strncasecmp(s, "file:", 5) != 0)
		return s;
	s += 5;
	if (strncmp(s, "//", 2) != 0)
		return s;
	s += 2;
	return strncmp(s, "localhost/", 10) == 0 ? s + 9 : s;
}

static int take_pin_source(struct parser *p, const struct attr *a)
{
	AUTO_FREE char *text = NULL;
	const char *path;
	int r = take_text(p, a, &text);

	if (r < 0)
		return r;
	path = without_file_scheme(text);
	if (*path == '|')
		return bad(p, "is a command; modseal runs none, give a file", a->name_len, a->name);
	if (!*path)
		return bad(p, "is empty", a->name_len, a->name);
	p->uri->pin_source = strdup(path);
	return p->uri->pin_source ? 0 : err_nomem(p->err);
}

/* What p11-kit says of this attribute alone. */
static int check_path(struct parser *p, const struct attr *a)
{
	P11KitUri *kit = p11_kit_uri_new();
	AUTO_FREE char *text = NULL;
	int r = 0, code;

	if (!kit || asprintf(&text, SCHEME "%.*s", (int)(a->value + a->value_len - a->name),
			    a->name) < 0) {
		text = NULL;
		p11_kit_uri_free(kit);
		return err_nomem(p->err);
	}
	code = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, kit);
	if (code == P11_KIT_URI_BAD_ENCODING)
		r = bad(p, "has a broken %xx", a->name_len, a->name);
	else if (code != P11_KIT_URI_OK)
		r = bad(p, "has a value that cannot be", a->name_len, a->name);
	else if (p11_kit_uri_any_unrecognized(kit))
		r = bad(p, "has a value that is not known, or longer than any token has",
			a->name_len, a->name);
	p11_kit_uri_free(kit);
	return r;
}

static int take(struct parser *p, const struct attr *a)
{
	int r = check_name(p, a);

	if (r < 0)
		return r;
	if (a->half == PATH)
		return check_path(p, a);
	if (is(a, "pin-value"))
		return take_pin(p, a);
	if (is(a, "pin-source"))
		return take_pin_source(p, a);
	return take_text(p, a, is(a, "module-path") ? &p->uri->module_path : &p->uri->module_name);
}

/* Calls take() for each attribute between s and end. */
static int split(struct parser *p, const char *s, const char *end, enum half half)
{
	const char separator = half == PATH ? ';' : '&';
	int r = 0;

	while (s < end && r == 0) {
		const char *stop = memchr(s, separator, (size_t)(end - s));
		const char *equals;

		if (!stop)
			stop = end;
		equals = memchr(s, '=', (size_t)(stop - s));
		if (stop > s && !equals) {
			/* Might be a piece of a PIN with a bare '&': is not repeated. */
			if (half == QUERY)
				return err_set(p->err, MS_ERR_URI,
					"%.*s: something behind the '?' has no '='", p->shown_len,
					p->ref);
			return bad(p, "has no '='", (int)(stop - s), s);
		}
		if (stop > s)
			r = take(p, &(struct attr){ .half = half, .name = s,
						.name_len = (int)(equals - s), .value = equals + 1,
						.value_len = (int)(stop - equals - 1) });
		s = stop + 1;
	}
	return r;
}

/* p11-kit drops blanks in silence, and then "My Token" is looked for as "MyToken". */
static int check_blanks(struct parser *p)
{
	for (const char *s = p->ref; *s; s++) {
		if (!isspace((unsigned char)*s))
			continue;
		err_set(p->err, MS_ERR_URI, "%.*s: there is a blank in the URI", p->shown_len,
			p->ref);
		err_hint(p->err, "Write %%20 for a blank that belongs to a name.");
		return MS_ERR_URI;
	}
	return 0;
}

static int keep_text(struct parser *p)
{
	struct p11_uri *uri = p->uri;
	const char *name = uri->module_path ? uri->module_path : uri->module_name;
	const char *what = uri->module_path ? "?module-path=" : "?module-name=";

	if (asprintf(&uri->text, "%.*s%s%s", p->path_len, p->ref, name ? what : "",
		    name ? name : "") < 0) {
		uri->text = NULL;
		return err_nomem(p->err);
	}
	return 0;
}

static int parse_all(struct parser *p)
{
	const char *query = p->ref + p->path_len;
	AUTO_FREE char *path = NULL;
	int r = check_blanks(p);

	if (r == 0)
		r = split(p, p->ref + SCHEME_LEN, query, PATH);
	if (r == 0 && *query)
		r = split(p, query + 1, p->ref + strlen(p->ref), QUERY);
	if (r < 0)
		return r;
	path = strndup(p->ref, (size_t)p->path_len);
	p->uri->kit = p11_kit_uri_new();
	if (!path || !p->uri->kit)
		return err_nomem(p->err);
	r = p11_kit_uri_parse(path, P11_KIT_URI_FOR_ANY, p->uri->kit);
	if (r != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(p->uri->kit))
		return err_set(p->err, MS_ERR_URI, "%s: cannot be understood (%s)", path,
			p11_kit_uri_message(r));
	return keep_text(p);
}

/* A PIN that was written before the '?' by mistake is not shown either. */
static int shown_length(const char *ref, int path_len)
{
	for (int i = 1; i < path_len; i++)
		if ((ref[i - 1] == ';' || ref[i - 1] == ':') && !strncasecmp(ref + i, "pin", 3))
			return i;
	return path_len;
}

int p11_uri_parse(const char *ref, struct p11_uri **out, struct ms_error *err)
{
	AUTO_P11_URI struct p11_uri *uri = calloc(1, sizeof(*uri));
	struct parser p = { .uri = uri, .ref = ref, .path_len = (int)strcspn(ref, "?"),
		.err = err };
	int r;

	if (!uri)
		return err_nomem(err);
	p.shown_len = shown_length(ref, p.path_len);
	if (strncasecmp(ref, SCHEME, SCHEME_LEN) != 0)
		return err_set(err, MS_ERR_URI, "%.*s: is no PKCS#11 URI", p.shown_len, ref);
	r = parse_all(&p);
	if (r == 0)
		*out = STEAL(uri);
	return r;
}
