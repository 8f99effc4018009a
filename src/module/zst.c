/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"
#include "src/module/compress.h"

#include <stdio.h>
#include <zstd.h>
#include <zstd_errors.h>

#define LEVEL 3 /* the tool's default, which the kernel build uses: a window of 2 MiB */
#define ROOM_MAX ((size_t)4 << 20) /* bytes of content that room is made for at once */

static int bad(struct packed *in, size_t code, struct ms_error *err)
{
	char cause[128];

	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_memory_allocation:
		return err_nomem(err);
	case ZSTD_error_prefix_unknown:
		return packed_bad(in, err, "damaged, or followed by something that is not zstd");
	default:
		snprintf(cause, sizeof(cause), "damaged, %s", ZSTD_getErrorName(code));
		return packed_bad(in, err, cause);
	}
}

static uint64_t content_len(const uint8_t *start, size_t len)
{
	unsigned long long size = ZSTD_getFrameContentSize(start, len);

	return size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ? 0 : size;
}

/* Into room for all of its content libzstd decompresses a frame at once, without a window of its own.
 * What the header says may be a lie: then it is as with one that says nothing. */
static int make_room(struct packed *in, struct buf *out, struct ms_error *err)
{
	int r = packed_fill(in, err);
	uint64_t size = content_len(in->next, in->avail);

	if (r || size > ROOM_MAX)
		return r;
	return buf_reserve(out, (size_t)size) < 0 ? err_nomem(err) : 0;
}

static int run(ZSTD_DCtx *ctx, struct packed *in, struct buf *out, struct ms_error *err)
{
	size_t left = 1; /* 0 when a frame has come to its end */

	for (;;) {
		ZSTD_inBuffer src;
		ZSTD_outBuffer dst;
		int r = packed_fill(in, err);

		if (r || (!left && !in->avail))
			return r;
		r = packed_room(in, out, err);
		if (r)
			return r;
		src = (ZSTD_inBuffer){ .src = in->next, .size = in->avail };
		dst = (ZSTD_outBuffer){ .dst = out->data + out->len, .size = out->size - out->len };
		left = ZSTD_decompressStream(ctx, &dst, &src);
		if (ZSTD_isError(left))
			return bad(in, left, err);
		if (!src.size && !dst.pos)
			return packed_bad(in, err, "cut off");
		packed_use(in, src.pos);
		out->len += dst.pos;
	}
}

static void *unpacker_create(void)
{
	return ZSTD_createDCtx(); /* whose window libzstd itself limits, to 128 MiB */
}

static void unpacker_destroy(void *unpacker)
{
	ZSTD_freeDCtx(unpacker);
}

static size_t unpacker_size(const void *unpacker)
{
	return ZSTD_sizeof_DCtx(unpacker);
}

static int zst_unpack(void *unpacker, struct packed *in, struct buf *out, struct ms_error *err)
{
	ZSTD_DCtx *ctx = unpacker;
	size_t code = ZSTD_DCtx_reset(ctx, ZSTD_reset_session_only);
	int r = ZSTD_isError(code) ? bad(in, code, err) : make_room(in, out, err);

	return r ? r : run(ctx, in, out, err);
}

static size_t set_up(ZSTD_CCtx *ctx, const struct piece *pieces, size_t n)
{
	unsigned long long total = 0;
	size_t r = ZSTD_CCtx_reset(ctx, ZSTD_reset_session_and_parameters);

	for (size_t i = 0; i < n; i++)
		total += pieces[i].len;
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, LEVEL);
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setPledgedSrcSize(ctx, total); /* goes into the frame's header */
	return r;
}

static int pack_failed(size_t code, struct ms_error *err)
{
	if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
		return err_nomem(err);
	return err_set(err, MS_ERR_INTERNAL, "libzstd does not compress: %s",
		ZSTD_getErrorName(code));
}

static int compress_piece(ZSTD_CCtx *ctx, const struct piece *p, ZSTD_EndDirective end,
	const struct packed_out *out, struct ms_error *err)
{
	ZSTD_inBuffer src = { .src = p->data, .size = p->len };
	uint8_t step[PACK_STEP];
	size_t left;

	do {
		ZSTD_outBuffer dst = { .dst = step, .size = sizeof(step) };
		int r;

		left = ZSTD_compressStream2(ctx, &dst, &src, end);
		if (ZSTD_isError(left))
			return pack_failed(left, err);
		r = dst.pos ? out->put(out->user, step, dst.pos, err) : 0;
		if (r)
			return r;
	} while (end == ZSTD_e_end ? left != 0 : src.pos < src.size);
	return 0;
}

static void *packer_create(void)
{
	return ZSTD_createCCtx();
}

static void packer_destroy(void *packer)
{
	ZSTD_freeCCtx(packer);
}

static int zst_pack(void *packer, const struct piece *pieces, size_t n,
	const struct packed_out *out, struct ms_error *err)
{
	ZSTD_CCtx *ctx = packer;
	size_t code = set_up(ctx, pieces, n);
	int r;

	r = ZSTD_isError(code) ? pack_failed(code, err) : 0;
	for (size_t i = 0; i < n && !r; i++)
		r = compress_piece(ctx, &pieces[i], i == n - 1 ? ZSTD_e_end : ZSTD_e_continue, out,
			err);
	return r;
}

const struct codec zst_codec = {
	.name = "zstd",
	.magic = { 0x28, 0xb5, 0x2f, 0xfd },
	.magic_len = 4,
	.content_len = content_len,
	.unpack = zst_unpack,
	.unpacker = { unpacker_create, unpacker_destroy, unpacker_size },
	.packer = { packer_create, packer_destroy, NULL },
	.pack = zst_pack,
	.extend = zst_extend,
};
