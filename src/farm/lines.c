/* SPDX-License-Identifier: Apache-2.0 */
/* modseal's own format: JSON Lines. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/farm/base64.h"
#include "src/farm/formats.h"

#include <string.h>

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!text[i] || !strchr(" \t\r", text[i]))
			return false;
	return true;
}

static int read_digest(const struct farm_list *list, struct json_object *o,
	struct farm_entry *entry, struct ms_error *err)
{
	const char *hash = json_text(o, "hash"), *digest = json_text(o, "digest");

	if (!hash || !digest)
		return list_fault(list, entry->place, err, "\"%s\" is missing or no string",
			hash ? "digest" : "hash");
	entry->hash = ms_hash_by_name(hash);
	if (!entry->hash || !ms_hash_can_sign(entry->hash))
		return list_fault(list, entry->place, err, "the hash '%s' is %s", hash,
			entry->hash ? "not one to sign with" : "unknown");
	if (hex_decode(digest, entry->digest, ms_hash_size(entry->hash)) < 0)
		return list_fault(list, entry->place, err,
			"the digest is not the %zu hex digits of a %s",
			2 * ms_hash_size(entry->hash), ms_hash_name(entry->hash));
	return 0;
}

/* What requests and answers have in common. */
static int read_line(struct farm_list *list, const char *text, size_t len, unsigned long line,
	struct json_object **out, struct farm_entry **entry, struct ms_error *err)
{
	AUTO_JSON struct json_object *o = json_read(text, len, NULL);
	const char *path;
	int r;

	if (!o)
		return list_fault(list, line, err, "it is not one JSON object");
	path = json_text(o, "path");
	if (!path)
		return list_fault(list, line, err, "\"path\" is missing or no string");
	r = list_add(list, path, line, entry, err);
	if (r == 0)
		r = read_digest(list, o, *entry, err);
	if (r == 0)
		*out = STEAL(o);
	return r;
}

/* The next line that is not blank: false at the end. */
static bool next_line(const struct buf *text, size_t *at, unsigned long *number,
	const char **line, size_t *len)
{
	while (*at < text->len) {
		const char *start = (const char *)text->data + *at;
		const char *end = memchr(start, '\n', text->len - *at);

		*line = start;
		*len = end ? (size_t)(end - start) : text->len - *at;
		*at += *len + 1;
		(*number)++;
		if (!is_blank(*line, *len))
			return true;
	}
	return false;
}

static int check_hash(const struct farm_list *list, const struct farm_entry *entry,
	const struct farm_want *want, struct ms_error *err)
{
	const struct farm_entry *first = &list->entries[0];

	if (want->hash && entry->hash != want->hash)
		return list_fault(list, entry->place, err, "the digest is %s, not %s",
			ms_hash_name(entry->hash), ms_hash_name(want->hash));
	if (entry->hash == first->hash)
		return 0;
	list_fault(list, entry->place, err, "the digest is %s, but that of line %lu is %s",
		ms_hash_name(entry->hash), first->place, ms_hash_name(first->hash));
	err_hint(err, "Sign them in two runs, a file for each kind of digest.");
	return MS_ERR_MODULE;
}

int lines_read_requests(struct farm_list *list, const struct buf *text,
	const struct farm_want *want, struct ms_error *err)
{
	unsigned long number = 0;
	size_t at = 0, len;
	const char *line;

	while (next_line(text, &at, &number, &line, &len)) {
		AUTO_JSON struct json_object *o = NULL;
		struct farm_entry *entry;
		int r = read_line(list, line, len, number, &o, &entry, err);

		if (r == 0)
			r = check_hash(list, entry, want, err);
		if (r < 0)
			return r;
		entry->blind = true;
	}
	return 0;
}

/* One signature of an answer, if it is there. */
static int read_signature(const struct farm_list *list, const struct farm_entry *entry,
	struct json_object *o, const char *key, struct buf *out, struct ms_error *err)
{
	const char *text = json_text(o, key);
	int r = text ? base64_decode(text, out) : 0;

	if (r == -2)
		return err_nomem(err);
	if (r < 0 || (text && !out->len) || (!text && json_object_object_get_ex(o, key, NULL)))
		return list_fault(list, entry->place, err, "\"%s\" is not base64", key);
	return 0;
}

int lines_read_answers(struct farm_list *list, const struct buf *text, struct ms_error *err)
{
	unsigned long number = 0;
	size_t at = 0, len;
	const char *line;

	while (next_line(text, &at, &number, &line, &len)) {
		AUTO_JSON struct json_object *o = NULL;
		struct farm_entry *entry;
		int r = read_line(list, line, len, number, &o, &entry, err);

		if (r == 0)
			r = read_signature(list, entry, o, "cms", &entry->cms, err);
		if (r == 0)
			r = read_signature(list, entry, o, "signature", &entry->raw, err);
		if (r == 0 && !entry->cms.len && !entry->raw.len)
			r = list_fault(list, number, err,
				"it holds no signature: neither \"cms\" nor \"signature\"");
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_text(struct json_object *o, const char *key, char *text)
{
	struct json_object *value = text ? json_object_new_string(text) : NULL;

	free(text);
	if (value && json_object_object_add(o, key, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

/* The members that a request and its answer share. */
static struct json_object *line_object(const char *path, enum ms_hash hash, const uint8_t *digest)
{
	struct json_object *o = json_object_new_object();

	if (!o || (add_text(o, "path", strdup(path)) == 0 &&
			  add_text(o, "hash", strdup(ms_hash_name(hash))) == 0 &&
			  add_text(o, "digest", cert_hex(digest, ms_hash_size(hash))) == 0))
		return o;
	json_object_put(o);
	return NULL;
}

static char *line_text(struct json_object *o)
{
	const char *text = json_object_to_json_string_ext(o,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	return text ? strdup(text) : NULL;
}

char *lines_answer(const struct farm_entry *entry)
{
	AUTO_JSON struct json_object *o = line_object(entry->name, entry->hash, entry->digest);

	if (!o || add_text(o, "cms", base64_encode(entry->cms.data, entry->cms.len)) < 0 ||
		add_text(o, "signature", base64_encode(entry->raw.data, entry->raw.len)) < 0)
		return NULL;
	return line_text(o);
}

MS_API char *ms_digest_line(const char *path, const struct ms_digest *digest)
{
	AUTO_JSON struct json_object *o = line_object(path, digest->hash, digest->digest);

	if (!o || json_object_object_add(o, "size", json_object_new_uint64(digest->size)) < 0)
		return NULL;
	return line_text(o);
}
