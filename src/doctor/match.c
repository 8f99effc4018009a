/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/messages.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ANY  '*'
#define NAME '%'

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static const char *find(const char *text, const char *piece, size_t len)
{
	for (; *text; text++)
		if (!strncasecmp(text, piece, len))
			return text;
	return NULL;
}

static void keep(char *name, const char *from, size_t len)
{
	if (len >= MODULE_NAME_MAX)
		len = MODULE_NAME_MAX - 1;
	for (size_t i = 0; i < len; i++)
		name[i] = from[i] == '-' ? '_' : from[i];
	name[len] = '\0';
}

/* "Nov 24 10:12:20 host kernel: ...", "module: ...": what stands there is no module's name. */
static bool is_prefix(const char *from, size_t len)
{
	return len == strlen("kernel") &&
		(!strncmp(from, "kernel", len) || !strncmp(from, "module", len));
}

/* A name behind `before` and in front of `after`; where the text goes on, NULL if it is not there.
 */
static const char *find_name(const char *text, const char *before, size_t n_before,
	const char *after, size_t n_after, char *name)
{
	const char *start = text, *at = text;

	while ((at = n_before ? find(at, before, n_before) : find(at, after, n_after))) {
		const char *from = at, *to = at;

		if (n_before) {
			from = to = at + n_before;
			while (is_name_char(*to))
				to++;
		} else {
			while (from > start && is_name_char(from[-1]))
				from--;
		}
		if (to > from && !is_prefix(from, (size_t)(to - from)) &&
			!strncasecmp(to, after, n_after)) {
			keep(name, from, (size_t)(to - from));
			return to + n_after;
		}
		at++;
	}
	return NULL;
}

/* One piece of a form, without '*'. */
static const char *find_piece(const char *text, const char *piece, size_t len, char *name)
{
	const char *mark = memchr(piece, NAME, len), *at;

	if (mark) {
		size_t before = (size_t)(mark - piece);

		return find_name(text, piece, before, mark + 1, len - before - 1, name);
	}
	at = find(text, piece, len);
	return at ? at + len : NULL;
}

static bool is_form(const char *form, const char *line, char *name)
{
	*name = '\0';
	while (line && *form) {
		size_t len = strcspn(form, (char[]){ ANY, '\0' });

		if (len)
			line = find_piece(line, form, len, name);
		form += len;
		form += *form == ANY;
	}
	return line;
}

/* "could not insert 'x': ...", "could not insert module ./x.ko: ...", "Failed to insert module
 * 'x'", "can't insert './x.ko': ...": modprobe, insmod, systemd-modules-load and busybox. */
static void name_of_tool(const char *line, char *name)
{
	const char *at = find(line, "insert ", strlen("insert ")), *dot;
	size_t len;

	if (!at)
		return;
	at += strlen("insert ");
	if (!strncmp(at, "module ", strlen("module ")))
		at += strlen("module ");
	at += *at == '\'';
	len = strcspn(at, "':");
	for (size_t i = len; i > 0; i--)
		if (at[i - 1] == '/') {
			at += i;
			len -= i;
			break;
		}
	dot = memchr(at, '.', len);
	keep(name, at, dot ? (size_t)(dot - at) : len);
}

const struct message *message_of(const char *line, char *name)
{
	for (const struct message *m = messages; m->id; m++)
		for (size_t i = 0; i < MESSAGE_FORMS && m->forms[i]; i++) {
			if (!is_form(m->forms[i], line, name))
				continue;
			if (!*name)
				name_of_tool(line, name);
			return m;
		}
	*name = '\0';
	return NULL;
}
