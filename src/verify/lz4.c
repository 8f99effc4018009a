/* SPDX-License-Identifier: Apache-2.0 */
/* The block format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
#include "src/verify/lz4.h"

#include <string.h>

#define BLOCK_MAX ((size_t)8 << 20) /* bytes of content */

struct input {
	const uint8_t *p, *end;
};

/* A length of 15 goes on in the bytes that follow. */
static bool read_length(struct input *in, size_t *len)
{
	uint8_t more = 255;

	if (*len != 15)
		return true;
	while (more == 255) {
		if (in->p == in->end || *len > BLOCK_MAX)
			return false;
		more = *in->p++;
		*len += more;
	}
	return true;
}

/* From what was written since `start`; source and destination may overlap. */
static bool copy_match(struct input *in, size_t len, size_t start, struct buf *out)
{
	size_t offset;

	if (in->end - in->p < 2)
		return false;
	offset = in->p[0] | (size_t)in->p[1] << 8;
	in->p += 2;
	if (!read_length(in, &len))
		return false;
	len += 4;
	if (!offset || offset > out->len - start || buf_reserve(out, len) < 0)
		return false;
	for (; len; len--, out->len++)
		out->data[out->len] = out->data[out->len - offset];
	return true;
}

static bool unpack_block(struct input in, struct buf *out)
{
	size_t start = out->len;

	while (in.p < in.end) {
		uint8_t token = *in.p++;
		size_t literals = token >> 4;

		if (!read_length(&in, &literals) || literals > (size_t)(in.end - in.p) ||
			buf_add(out, in.p, literals) < 0)
			return false;
		in.p += literals;
		if (in.p == in.end) /* the last sequence has no match */
			return true;
		if (!copy_match(&in, token & 15, start, out) || out->len - start > BLOCK_MAX)
			return false;
	}
	return true;
}

int lz4_legacy_unpack(const uint8_t *data, size_t len, size_t max, struct buf *out)
{
	while (len >= 4) {
		size_t size = data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16 |
			(size_t)data[3] << 24;
		struct input block = { data + 4, data + 4 + size };

		if (!size || size > len - 4)
			return 0; /* an image ends in its unpacked size */
		if (!unpack_block(block, out))
			return 0;
		if (out->len > max)
			return -1;
		data += 4 + size;
		len -= 4 + size;
	}
	return 0;
}
