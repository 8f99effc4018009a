/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gzip member (RFC 1952) is a header, blocks (RFC 1951) that begin and end at any bit, a checksum
 * and the size. Where blocks end zlib tells when it decompresses them once more.
 */
#include "src/base/error.h"
#include "src/module/compress.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#define HEADER_LEN  10
#define TRAILER_LEN 8
#define FLAG_NAME   0x08 /* a file name follows: the only field that the kernel's reader skips */
#define BLOCK_START 3    /* bits: whether it is the last one, and two for its kind (0: stored) */
#define STORED_MAX  65535

/* What inflate() says in data_type when it stops for Z_BLOCK. */
#define UNUSED_BITS   7
#define IN_LAST_BLOCK 64
#define AT_BLOCK_END  128

/* The last of the blocks that stay, in bits from the start of the file. */
struct cut {
	uint64_t start, end;
};

/* Where the blocks begin; 0 for a header that is not known. */
static size_t header_len(const struct buf *packed)
{
	const uint8_t *end;

	if (packed->len < HEADER_LEN ||
		memcmp(packed->data, gz_codec.magic, gz_codec.magic_len) != 0 ||
		packed->data[2] != Z_DEFLATED || packed->data[3] & ~FLAG_NAME)
		return 0;
	if (!packed->data[3])
		return HEADER_LEN;
	end = memchr(packed->data + HEADER_LEN, 0, packed->len - HEADER_LEN);
	return end ? (size_t)(end - packed->data) + 1 : 0;
}

/* Goes through all blocks and looks for the last one that ends where `keep` bytes of content do. */
static bool find_cut(
	z_stream *z, const struct buf *packed, size_t at, uint64_t keep, struct cut *cut)
{
	uint64_t start = (uint64_t)at * 8, end;
	uint8_t content[65536];

	*cut = (struct cut){ 0 };
	z->next_in = packed->data + at;
	z->avail_in = (uInt)(packed->len - at);
	do {
		z->next_out = content;
		z->avail_out = sizeof(content);
		if (inflate(z, Z_BLOCK) != Z_OK)
			return false;
		if (!(z->data_type & AT_BLOCK_END))
			continue;
		end = (uint64_t)(z->next_in - packed->data) * 8 - (z->data_type & UNUSED_BITS);
		if (z->total_out == keep)
			*cut = (struct cut){ start, end };
		start = end;
	} while ((z->data_type & (AT_BLOCK_END | IN_LAST_BLOCK)) != (AT_BLOCK_END | IN_LAST_BLOCK));
	return cut->end && z->avail_in == TRAILER_LEN;
}

static bool can_extend(const struct buf *packed, uint64_t keep, struct cut *cut)
{
	size_t at = header_len(packed);
	z_stream z = { 0 };
	bool can;

	if (!at || packed->len > UNPACK_MAX || inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	can = find_cut(&z, packed, at, keep, cut);
	inflateEnd(&z);
	return can;
}

static void set_last(struct buf *packed, uint64_t block, bool last)
{
	uint8_t bit = (uint8_t)(1 << block % 8);

	if (last)
		packed->data[block / 8] |= bit;
	else
		packed->data[block / 8] &= (uint8_t)~bit;
}

/* What stands behind that bit goes; the rest of its byte becomes zero. */
static void cut_off(struct buf *packed, uint64_t end)
{
	packed->len = (size_t)((end + 7) / 8);
	if (end % 8)
		packed->data[end / 8] &= (uint8_t)((1 << end % 8) - 1);
}

static int add(struct buf *packed, const void *data, size_t len, struct ms_error *err)
{
	return buf_add(packed, data, len) < 0 ? err_nomem(err) : 0;
}

static int add_le32(struct buf *packed, uint32_t value, struct ms_error *err)
{
	value = htole32(value);
	return add(packed, &value, sizeof(value), err);
}

/* Stored as it is, from that bit on; a stored block's size and content begin at a byte. */
static int add_stored(struct buf *packed, uint64_t at, const uint8_t *data, size_t len, bool last,
	struct ms_error *err)
{
	int r = 0;

	if (at + BLOCK_START > (uint64_t)packed->len * 8)
		r = add(packed, "", 1, err);
	if (!r)
		set_last(packed, at, last);
	if (!r)
		r = add_le32(packed, (uint32_t)len | ~(uint32_t)len << 16, err);
	if (!r)
		r = add(packed, data, len, err);
	return r;
}

static int add_tail(struct buf *packed, uint64_t at, const struct piece *tail, struct ms_error *err)
{
	const uint8_t *data = tail->data;
	size_t left = tail->len;
	int r = 0;

	while (left && !r) {
		size_t len = left < STORED_MAX ? left : STORED_MAX;

		r = add_stored(packed, at, data, len, len == left, err);
		at = (uint64_t)packed->len * 8;
		data += len;
		left -= len;
	}
	return r;
}

int gz_extend(struct buf *packed, uint64_t content_len, const struct piece *kept,
	const struct piece *tail, struct ms_error *err)
{
	struct cut cut;
	uint32_t sum;
	int r;

	if (!can_extend(packed, kept->len, &cut))
		return 1;
	sum = (uint32_t)crc32_z(0, kept->data, kept->len);
	if (tail->len) /* of NULL zlib would tell the sum of nothing at all */
		sum = (uint32_t)crc32_z(sum, tail->data, tail->len);
	set_last(packed, cut.start, !tail->len);
	cut_off(packed, cut.end);
	r = add_tail(packed, cut.end, tail, err);
	if (!r)
		r = add_le32(packed, sum, err);
	if (!r)
		r = add_le32(packed, (uint32_t)(kept->len + tail->len), err);
	return r;
}
