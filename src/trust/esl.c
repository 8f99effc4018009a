/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/esl.h"

#include "src/base/error.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define LIST_HEADER 28
#define OWNER	    sizeof(struct efi_guid)
#define TIME_SIZE   16 /* EFI_TIME */

static const struct type {
	const struct efi_guid *guid;
	enum esl_kind kind;
	const char *hash;
	uint32_t size; /* of a signature, owner included; 0: any */
} types[] = {
	{ &guid_x509, ESL_X509, NULL, 0 },
	{ &guid_sha1, ESL_HASH, "sha1", OWNER + 20 },
	{ &guid_sha224, ESL_HASH, "sha224", OWNER + 28 },
	{ &guid_sha256, ESL_HASH, "sha256", OWNER + 32 },
	{ &guid_sha384, ESL_HASH, "sha384", OWNER + 48 },
	{ &guid_sha512, ESL_HASH, "sha512", OWNER + 64 },
	{ &guid_x509_sha256, ESL_X509_HASH, "sha256", OWNER + 32 + TIME_SIZE },
	{ &guid_x509_sha384, ESL_X509_HASH, "sha384", OWNER + 48 + TIME_SIZE },
	{ &guid_x509_sha512, ESL_X509_HASH, "sha512", OWNER + 64 + TIME_SIZE },
};

static const struct type *type_of(const struct efi_guid *guid)
{
	static const struct type other = { NULL, ESL_OTHER, NULL, 0 };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (guid_is(types[i].guid, guid))
			return &types[i];
	return &other;
}

struct list {
	size_t offset; /* in the variable */
	size_t body;   /* where its signatures begin */
	size_t end;
	uint32_t each; /* bytes of a signature */
	struct efi_guid guid;
	const struct type *type;
};

static uint32_t le32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static int bad(struct ms_error *err, const char *name, size_t offset, const char *what)
{
	return err_set(
		err, MS_ERR_IO, "%s is no list of signatures: at byte %zu %s", name, offset, what);
}

static int read_list(const uint8_t *data, size_t len, size_t offset, const char *name,
	struct list *list, struct ms_error *err)
{
	size_t left = len - offset;
	uint32_t size, header;

	if (left < LIST_HEADER)
		return bad(err, name, offset, "there is less than the header of a list");
	memcpy(&list->guid, data + offset, sizeof(list->guid));
	size = le32_at(data + offset + 16);
	header = le32_at(data + offset + 20);
	list->each = le32_at(data + offset + 24);
	list->type = type_of(&list->guid);
	if (size < LIST_HEADER || size > left)
		return bad(err, name, offset,
			"a list is shorter than its header or ends behind the end");
	if (header > size - LIST_HEADER)
		return bad(err, name, offset, "the header of a list is longer than the list");
	list->offset = offset;
	list->body = offset + LIST_HEADER + header;
	list->end = offset + size;
	if (list->each < OWNER || (list->type->size && list->each != list->type->size))
		return bad(err, name, offset, "signatures do not have the size of their type");
	if ((list->end - list->body) % list->each)
		return bad(
			err, name, offset, "the size of a list is no multiple of its signatures'");
	return 0;
}

/* EFI_TIME: year (16 bits), month, day, hour, minute, second, and what nobody sets for a
 * revocation. All zero: for ever. */
static void read_time(const uint8_t *p, struct esl_entry *e)
{
	static const uint8_t none[TIME_SIZE];

	e->always = !memcmp(p, none, TIME_SIZE);
	if (e->always)
		return;
	e->revoked.tm_year = (p[0] | p[1] << 8) - 1900;
	e->revoked.tm_mon = p[2] - 1;
	e->revoked.tm_mday = p[3];
	e->revoked.tm_hour = p[4];
	e->revoked.tm_min = p[5];
	e->revoked.tm_sec = p[6];
}

static void read_entry(const uint8_t *p, const struct list *list, struct esl_entry *e)
{
	*e = (struct esl_entry){
		.kind = list->type->kind,
		.hash = list->type->hash,
		.type = list->guid,
		.data = p + OWNER,
		.len = list->each - OWNER,
		.list = list->offset,
	};
	memcpy(&e->owner, p, sizeof(e->owner));
	if (e->kind == ESL_X509_HASH) {
		e->len -= TIME_SIZE;
		read_time(e->data + e->len, e);
	}
}

static int add_entries(const uint8_t *data, const struct list *list, struct esl *out)
{
	size_t n = (list->end - list->body) / list->each;
	struct esl_entry *grown = reallocarray(out->entries, out->n + n + 1, sizeof(*grown));

	if (!grown)
		return -1;
	out->entries = grown;
	for (size_t i = 0; i < n; i++)
		read_entry(data + list->body + i * list->each, list, &out->entries[out->n++]);
	return 0;
}

int esl_read(const void *data, size_t len, const char *name, struct esl *out, struct ms_error *err)
{
	struct list list;
	int r;

	*out = (struct esl){ 0 };
	for (size_t offset = 0; offset < len; offset = list.end) {
		r = read_list(data, len, offset, name, &list, err);
		if (r == 0 && add_entries(data, &list, out) < 0)
			r = err_nomem(err);
		if (r < 0) {
			esl_free(out);
			return r;
		}
	}
	return 0;
}

void esl_free(struct esl *esl)
{
	free(esl->entries);
	*esl = (struct esl){ 0 };
}

const struct esl_entry *esl_find(
	const struct esl *esl, const struct efi_guid *type, const void *data, size_t len)
{
	for (size_t i = 0; i < esl->n; i++) {
		const struct esl_entry *e = &esl->entries[i];

		if (e->len == len && guid_is(&e->type, type) && !memcmp(e->data, data, len))
			return e;
	}
	return NULL;
}

int esl_add(struct buf *out, const struct efi_guid *type, const struct efi_guid *owner,
	const void *data, size_t len)
{
	uint32_t each = (uint32_t)(OWNER + len);
	const uint32_t sizes[] = { htole32(LIST_HEADER + each), 0, htole32(each) };

	return buf_add(out, type, sizeof(*type)) < 0 || buf_add(out, sizes, sizeof(sizes)) < 0 ||
			buf_add(out, owner, OWNER) < 0 || buf_add(out, data, len) < 0
		? -1
		: 0;
}

int esl_without(const void *data, size_t len, const struct esl_entry *entry, struct buf *out)
{
	const uint8_t *p = data;
	uint32_t size = le32_at(p + entry->list + 16), header = le32_at(p + entry->list + 20);
	uint32_t each = le32_at(p + entry->list + 24);
	size_t from = (size_t)(entry->data - OWNER - p), to = from + each;
	uint32_t rest = htole32(size - each);

	if (size - each == LIST_HEADER + header) {
		from = entry->list;
		to = from + size;
	}
	if (buf_add(out, p, from) < 0 || buf_add(out, p + to, len - to) < 0)
		return -1;
	if (from != entry->list)
		memcpy(out->data + entry->list + 16, &rest, sizeof(rest));
	return 0;
}
