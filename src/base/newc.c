/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/newc.h"

#include "src/base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_LEN 110
#define MAGIC_LEN (sizeof(NEWC_MAGIC) - 1)
#define FIELDS    13
#define TRAILER   "TRAILER!!!"
#define BLOCK     512

static unsigned padding(size_t len)
{
	return (unsigned)(-len & 3);
}

static int cut_off(const struct newc_reader *r, struct ms_error *err)
{
	return err_set(err, MS_ERR_MODULE, "%s is cut off within its member %lu", r->of, r->n);
}

ssize_t newc_read_bytes(void *source, void *data, size_t len)
{
	struct newc_bytes *bytes = source;
	size_t n = len < bytes->len ? len : bytes->len;

	if (n)
		memcpy(data, bytes->data, n);
	bytes->data += n;
	bytes->len -= n;
	return (ssize_t)n;
}

static int read_exactly(struct newc_reader *r, void *data, size_t len, struct ms_error *err)
{
	for (uint8_t *p = data; len;) {
		ssize_t n = r->read(r->source, p, len);

		if (n < 0)
			return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be read", r->of);
		if (n == 0)
			return cut_off(r, err);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int number(const char *text, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < 8; i++) {
		char c = text[i];
		int digit = c >= '0' && c <= '9' ? c - '0'
			: c >= 'a' && c <= 'f'   ? c - 'a' + 10
			: c >= 'A' && c <= 'F'   ? c - 'A' + 10
						 : -1;

		if (digit < 0)
			return -1;
		*value = *value << 4 | (uint32_t)digit;
	}
	return 0;
}

static int parse_head(const char *text, struct newc_head *head)
{
	uint32_t *const fields[FIELDS] = { &head->ino, &head->mode, &head->uid, &head->gid,
		&head->nlink, &head->mtime, &head->size, &head->dev_major, &head->dev_minor,
		&head->rdev_major, &head->rdev_minor, &head->name_size, &head->check };

	if (memcmp(text, NEWC_MAGIC, MAGIC_LEN) != 0)
		return -1;
	for (int i = 0; i < FIELDS; i++)
		if (number(text + MAGIC_LEN + 8 * i, fields[i]) < 0)
			return -1;
	return 0;
}

static int not_newc(const struct newc_reader *r, struct ms_error *err)
{
	err_set(err, MS_ERR_MODULE, "%s: what stands at its member %lu is none of a newc archive",
		r->of, r->n);
	err_hint(err, "Such archives are made by cpio -H newc -o.");
	return MS_ERR_MODULE;
}

static int read_name(struct newc_reader *r, const struct newc_head *head, struct ms_error *err)
{
	char pad[3];
	int e;

	if (head->name_size < 1 || head->name_size > PATH_MAX)
		return not_newc(r, err);
	free(r->name);
	r->name = malloc(head->name_size);
	if (!r->name)
		return err_nomem(err);
	e = read_exactly(r, r->name, head->name_size, err);
	if (e == 0 && strnlen(r->name, head->name_size) != head->name_size - 1)
		return not_newc(r, err);
	return e < 0 ? e : read_exactly(r, pad, padding(HEAD_LEN + head->name_size), err);
}

static int pass_over(struct newc_reader *r, struct ms_error *err)
{
	char chunk[65536], pad[3];
	ssize_t n = 0;

	while (r->left && n >= 0)
		n = newc_read(r, chunk, sizeof(chunk), err);
	return n < 0 ? (int)n : read_exactly(r, pad, r->pad, err);
}

int newc_next(struct newc_reader *r, struct newc_head *head, const char **name,
	struct ms_error *err)
{
	char text[HEAD_LEN];
	int e = pass_over(r, err);

	if (e < 0)
		return e;
	r->n++;
	r->pad = 0;
	e = read_exactly(r, text, HEAD_LEN, err);
	if (e < 0)
		return e;
	if (parse_head(text, head) < 0)
		return not_newc(r, err);
	e = read_name(r, head, err);
	if (e < 0)
		return e;
	if (!head->size && !strcmp(r->name, TRAILER))
		return 0;
	r->left = head->size;
	r->pad = padding(head->size);
	*name = r->name;
	return 1;
}

ssize_t newc_read(struct newc_reader *r, void *data, size_t len, struct ms_error *err)
{
	size_t n = len < r->left ? len : r->left;
	int e = read_exactly(r, data, n, err);

	if (e < 0)
		return e;
	r->left -= (uint32_t)n;
	return (ssize_t)n;
}

void newc_close(struct newc_reader *r)
{
	free(r->name);
	r->name = NULL;
}

static int add_padding(struct buf *out, unsigned n)
{
	static const char zeros[BLOCK];

	return buf_add(out, zeros, n);
}

int newc_add(struct buf *out, const struct newc_head *head, const char *name, const void *data,
	size_t len)
{
	char text[HEAD_LEN + 1];
	size_t name_size = strlen(name) + 1;

	snprintf(text, sizeof(text),
		NEWC_MAGIC "%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		head->ino, head->mode, head->uid, head->gid, head->nlink, head->mtime,
		(unsigned)len, head->dev_major, head->dev_minor, head->rdev_major,
		head->rdev_minor, (unsigned)name_size, head->check);
	if (buf_add(out, text, HEAD_LEN) < 0 || buf_add(out, name, name_size) < 0 ||
		add_padding(out, padding(HEAD_LEN + name_size)) < 0 ||
		buf_add(out, data, len) < 0)
		return -1;
	return add_padding(out, padding(len));
}

int newc_end(struct buf *out)
{
	const struct newc_head head = { .nlink = 1 };

	if (newc_add(out, &head, TRAILER, NULL, 0) < 0)
		return -1;
	return add_padding(out, (unsigned)(-out->len & (BLOCK - 1)));
}
