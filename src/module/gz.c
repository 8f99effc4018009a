/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"
#include "src/module/compress.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WRAP 16 /* added to windowBits: a gzip header and trailer, nothing else */

static uInt clamp(size_t n)
{
	return n < (1U << 30) ? (uInt)n : (1U << 30);
}

static int bad(struct packed *in, int zerr, const char *msg, struct ms_error *err)
{
	char cause[128];

	if (zerr == Z_MEM_ERROR)
		return err_nomem(err);
	if (zerr == Z_BUF_ERROR)
		return packed_bad(in, err, "cut off");
	snprintf(cause, sizeof(cause), "damaged, %s", msg ? msg : zError(zerr));
	return packed_bad(in, err, cause);
}

/* One member, up to the end of its trailer. */
static int unpack_member(z_stream *z, struct packed *in, struct buf *out, struct ms_error *err)
{
	int r, zr;

	do {
		uInt had, room;

		r = packed_fill(in, err);
		if (!r)
			r = packed_room(in, out, err);
		if (r)
			return r;
		had = clamp(in->avail);
		room = clamp(out->size - out->len);
		z->next_in = (Bytef *)in->next;
		z->avail_in = had;
		z->next_out = out->data + out->len;
		z->avail_out = room;
		zr = inflate(z, Z_NO_FLUSH);
		packed_use(in, had - z->avail_in);
		out->len += room - z->avail_out;
	} while (zr == Z_OK);
	return zr == Z_STREAM_END ? 0 : bad(in, zr, z->msg, err);
}

/* Behind a member: another one (*more), or the end of the file; gzip ignores NUL bytes there. */
static int after_member(struct packed *in, bool *more, struct ms_error *err)
{
	*more = false;
	for (;;) {
		int r = packed_fill(in, err);

		if (r || !in->avail)
			return r;
		if (*in->next == gz_codec.magic[0]) {
			*more = true;
			return 0;
		}
		if (*in->next)
			return packed_bad(in, err, "followed by something that is not gzip");
		packed_use(in, 1);
	}
}

static void *unpacker_create(void)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z && inflateInit2(z, MAX_WBITS + GZIP_WRAP) != Z_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

static void unpacker_destroy(void *unpacker)
{
	inflateEnd(unpacker);
	free(unpacker);
}

static int gz_unpack(void *unpacker, struct packed *in, struct buf *out, struct ms_error *err)
{
	bool more;
	int r;

	do {
		inflateReset(unpacker);
		r = unpack_member(unpacker, in, out, err);
		if (!r)
			r = after_member(in, &more, err);
	} while (!r && more);
	return r;
}

static int deflate_piece(z_stream *z, const struct piece *p, bool last,
	const struct packed_out *out, struct ms_error *err)
{
	const uint8_t *data = p->data;
	uint8_t to[PACK_STEP];
	size_t left = p->len;
	int zr;

	do {
		uInt step = clamp(left);

		z->next_in = (Bytef *)data;
		z->avail_in = step;
		left -= step;
		data += step;
		do {
			int r = 0;

			z->next_out = to;
			z->avail_out = sizeof(to);
			zr = deflate(z, last && !left ? Z_FINISH : Z_NO_FLUSH);
			if (z->avail_out < sizeof(to))
				r = out->put(out->user, to, sizeof(to) - z->avail_out, err);
			if (r)
				return r;
		} while (z->avail_out == 0);
	} while (left);
	if (last && zr != Z_STREAM_END)
		return err_set(err, MS_ERR_INTERNAL, "zlib does not compress: %s", zError(zr));
	return 0;
}

/* What `gzip -n -9` writes: a header of ten bytes without time or name. The kernel's reader
 * skips a file name, but no other header field. */
static void *packer_create(void)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z && deflateInit2(z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP_WRAP,
			 MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

static void packer_destroy(void *packer)
{
	deflateEnd(packer);
	free(packer);
}

static int gz_pack(void *packer, const struct piece *pieces, size_t n,
	const struct packed_out *out, struct ms_error *err)
{
	z_stream *z = packer;
	int r = 0, zr = deflateReset(z);

	if (zr != Z_OK)
		return err_set(err, MS_ERR_INTERNAL, "zlib does not start: %s", zError(zr));
	for (size_t i = 0; i < n && !r; i++)
		r = deflate_piece(z, &pieces[i], i == n - 1, out, err);
	return r;
}

const struct codec gz_codec = {
	.name = "gzip",
	.magic = { 0x1f, 0x8b },
	.magic_len = 2,
	.unpack = gz_unpack,
	.unpacker = { unpacker_create, unpacker_destroy, NULL },
	.packer = { packer_create, packer_destroy, NULL },
	.pack = gz_pack,
	.extend = gz_extend,
};
