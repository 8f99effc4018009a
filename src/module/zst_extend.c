/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zstd frame (RFC 8878, 3.1.1) is a header, blocks and a checksum of the content. A block that
 * is stored as it is can be put behind those that are there; libzstd has no call for it.
 */
#include "src/base/error.h"
#include "src/module/compress.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

#define MAGIC_LEN 4
#define HEADER_MAX                                                                                 \
	14 /* magic, descriptor, window, content size; a dictionary's number is refused */
#define BLOCK_HEADER 3
#define BLOCK_MAX    ((size_t)128 << 10) /* bytes of content */
#define CHECKSUM_LEN 4

/* The frame header's descriptor. */
#define CHECKSUM    0x04
#define SINGLE	    0x20 /* the window is the content, and its size is not told apart */
#define NOT_CARRIED 0x0b /* a dictionary's number, a reserved bit */

enum block_type { RAW, RLE, COMPRESSED, RESERVED };

struct frame {
	uint8_t descriptor;
	uint8_t window_byte; /* if it is not SINGLE */
	size_t header_len;
	size_t last;	    /* where the header of the last block is, */
	size_t before_last; /* of the one before it; 0 for none */
	size_t end;	    /* and what is behind the last block */
};

static uint32_t little(const uint8_t *p, size_t n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static void put_little(uint8_t *p, size_t n, uint64_t v)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static enum block_type block_type(const uint8_t *header)
{
	return header[0] >> 1 & 3;
}

static size_t block_size(const uint8_t *header)
{
	return little(header, BLOCK_HEADER) >> 3;
}

static void put_block_header(uint8_t *header, bool last, enum block_type type, size_t size)
{
	put_little(header, BLOCK_HEADER, (uint64_t)size << 3 | (unsigned)type << 1 | last);
}

static size_t content_size_len(uint8_t descriptor)
{
	static const size_t len[] = { 0, 2, 4, 8 };
	size_t n = len[descriptor >> 6];

	return n || !(descriptor & SINGLE) ? n : 1;
}

static bool find_blocks(const struct buf *packed, struct frame *f)
{
	size_t at = f->header_len;
	bool last = false;

	f->last = 0;
	while (!last) {
		const uint8_t *header = packed->data + at;
		size_t len;

		if (packed->len < at + BLOCK_HEADER || block_type(header) == RESERVED)
			return false;
		len = BLOCK_HEADER + (block_type(header) == RLE ? 1 : block_size(header));
		if (packed->len - at < len)
			return false;
		last = header[0] & 1;
		f->before_last = f->last;
		f->last = at;
		at += len;
	}
	f->end = at;
	return packed->len == at + (f->descriptor & CHECKSUM ? CHECKSUM_LEN : 0);
}

/* One frame and nothing else, of the kind that compressors write. */
static bool frame_read(const struct buf *packed, struct frame *f)
{
	if (packed->len < HEADER_MAX || memcmp(packed->data, zst_codec.magic, MAGIC_LEN) != 0)
		return false;
	f->descriptor = packed->data[MAGIC_LEN];
	f->window_byte = packed->data[MAGIC_LEN + 1];
	f->header_len = MAGIC_LEN + 1 + !(f->descriptor & SINGLE) + content_size_len(f->descriptor);
	return !(f->descriptor & NOT_CARRIED) && find_blocks(packed, f);
}

static uint64_t window_of(const struct frame *f, uint64_t content_len)
{
	uint64_t base = (uint64_t)1 << (10 + (f->window_byte >> 3));

	return f->descriptor & SINGLE ? content_len : base + base / 8 * (f->window_byte & 7);
}

/* The content's size takes as many bytes as libzstd gives it; a frame that told none still does
 * not. */
static size_t header_write(const struct frame *f, uint64_t content_len, uint8_t *header)
{
	unsigned code =
		(content_len >= 256) + (content_len >= 65536 + 256) + (content_len >= UINT32_MAX);
	bool told = content_size_len(f->descriptor) > 0;
	uint8_t descriptor = (uint8_t)((f->descriptor & 0x3f) | (told ? code << 6 : 0));
	size_t len = content_size_len(descriptor), at = MAGIC_LEN;

	memcpy(header, zst_codec.magic, MAGIC_LEN);
	header[at++] = descriptor;
	if (!(descriptor & SINGLE))
		header[at++] = f->window_byte;
	put_little(header + at, len, len == 2 ? content_len - 256 : content_len);
	return at + len;
}

static int add_checksum(struct buf *packed, const struct piece *kept, const struct piece *tail,
	struct ms_error *err)
{
	XXH64_state_t *state = XXH64_createState();
	uint8_t sum[CHECKSUM_LEN];

	if (!state)
		return err_nomem(err);
	XXH64_reset(state, 0);
	XXH64_update(state, kept->data, kept->len);
	XXH64_update(state, tail->data, tail->len);
	put_little(sum, sizeof(sum), XXH64_digest(state));
	XXH64_freeState(state);
	return buf_add(packed, sum, sizeof(sum)) < 0 ? err_nomem(err) : 0;
}

/* Now that no other block is marked as the last one. */
static int add_tail(struct buf *packed, const struct piece *tail, struct ms_error *err)
{
	uint8_t header[BLOCK_HEADER];

	put_block_header(header, true, RAW, tail->len);
	if (buf_add(packed, header, sizeof(header)) < 0 ||
		buf_add(packed, tail->data, tail->len) < 0)
		return err_nomem(err);
	return 0;
}

static int header_replace(
	struct buf *packed, const struct frame *f, uint64_t content_len, struct ms_error *err)
{
	uint8_t header[HEADER_MAX];
	size_t len = header_write(f, content_len, header);

	if (len > f->header_len && buf_reserve(packed, len - f->header_len) < 0)
		return err_nomem(err);
	if (len != f->header_len)
		memmove(packed->data + len, packed->data + f->header_len,
			packed->len - f->header_len);
	memcpy(packed->data, header, len);
	packed->len += len - f->header_len;
	return 0;
}

int zst_extend(struct buf *packed, uint64_t content_len, const struct piece *kept,
	const struct piece *tail, struct ms_error *err)
{
	uint64_t total = kept->len + tail->len;
	struct frame f;
	size_t last;
	int r = 0;

	if (!frame_read(packed, &f))
		return 1;
	last = f.last;
	if (kept->len < content_len) {
		const uint8_t *header = packed->data + f.last;

		if (!f.before_last || block_type(header) != RAW ||
			block_size(header) != content_len - kept->len)
			return 1;
		f.end = f.last;
		last = f.before_last;
	}
	if (window_of(&f, total) > WINDOW_MAX || tail->len > BLOCK_MAX ||
		tail->len > window_of(&f, total))
		return 1;
	packed->len = f.end;
	put_block_header(packed->data + last, !tail->len, block_type(packed->data + last),
		block_size(packed->data + last));
	if (tail->len)
		r = add_tail(packed, tail, err);
	if (!r && f.descriptor & CHECKSUM)
		r = add_checksum(packed, kept, tail, err);
	return r ? r : header_replace(packed, &f, total, err);
}
