/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"
#include "src/module/compress.h"

#include <lzma.h>
#include <stdlib.h>

#define DICT_SIZE (1U << 20)

static int bad(struct packed *in, lzma_ret lr, struct ms_error *err)
{
	switch (lr) {
	case LZMA_MEM_ERROR:
		return err_nomem(err);
	case LZMA_BUF_ERROR:
		return packed_bad(in, err, "cut off");
	case LZMA_MEMLIMIT_ERROR:
		err_set(err, MS_ERR_MODULE, "%s: the xz data needs more than %zu MiB to decompress",
			in->path, UNPACK_MEMORY >> 20);
		err_hint(err, "Compress it with a smaller dictionary, as the kernel build does: "
			"xz --check=crc32 --lzma2=dict=1MiB.");
		return MS_ERR_MODULE;
	case LZMA_FORMAT_ERROR:
		return packed_bad(in, err, "damaged, its header makes no sense");
	case LZMA_OPTIONS_ERROR:
		return packed_bad(in, err, "damaged, or of a kind that is not known");
	default:
		return packed_bad(in, err, "damaged, or followed by something that is not xz");
	}
}

static int run(lzma_stream *s, struct packed *in, struct buf *out, struct ms_error *err)
{
	lzma_ret lr;
	int r;

	do {
		size_t room;

		r = packed_fill(in, err);
		if (!r)
			r = packed_room(in, out, err);
		if (r)
			return r;
		room = out->size - out->len;
		s->next_in = in->next;
		s->avail_in = in->avail;
		s->next_out = out->data + out->len;
		s->avail_out = room;
		lr = lzma_code(s, in->avail ? LZMA_RUN : LZMA_FINISH);
		packed_use(in, in->avail - s->avail_in);
		out->len += room - s->avail_out;
	} while (lr == LZMA_OK);
	return lr == LZMA_STREAM_END ? 0 : bad(in, lr, err);
}

/* A stream, of either direction, keeps its memory when it is set up again. */
static void *stream_create(void)
{
	lzma_stream *s = malloc(sizeof(*s));

	if (s)
		*s = (lzma_stream)LZMA_STREAM_INIT;
	return s;
}

static void stream_destroy(void *stream)
{
	lzma_end(stream);
	free(stream);
}

static size_t stream_size(const void *stream)
{
	return (size_t)lzma_memusage(stream);
}

static int xz_unpack(void *unpacker, struct packed *in, struct buf *out, struct ms_error *err)
{
	lzma_ret lr = lzma_stream_decoder(unpacker, UNPACK_MEMORY, LZMA_CONCATENATED);

	return lr == LZMA_OK ? run(unpacker, in, out, err) : bad(in, lr, err);
}

static int pack_failed(lzma_ret lr, struct ms_error *err)
{
	if (lr == LZMA_MEM_ERROR)
		return err_nomem(err);
	return err_set(err, MS_ERR_INTERNAL, "liblzma does not compress (error %d)", (int)lr);
}

static int encode(lzma_stream *s, const struct piece *p, lzma_action action,
	const struct packed_out *out, struct ms_error *err)
{
	uint8_t step[PACK_STEP];
	lzma_ret lr = LZMA_OK;
	int r = 0;

	s->next_in = p->data;
	s->avail_in = p->len;
	while (!r && lr == LZMA_OK && (s->avail_in || action == LZMA_FINISH)) {
		s->next_out = step;
		s->avail_out = sizeof(step);
		lr = lzma_code(s, action);
		if (s->avail_out < sizeof(step))
			r = out->put(out->user, step, sizeof(step) - s->avail_out, err);
	}
	if (!r && lr != LZMA_OK && lr != LZMA_STREAM_END)
		r = pack_failed(lr, err);
	return r;
}

/* As scripts/Makefile.modinst has it: xz --check=crc32 --lzma2=dict=1MiB. The kernel's reader
 * has no CRC64 and may have been built without branch filters. */
static int xz_pack(void *packer, const struct piece *pieces, size_t n,
	const struct packed_out *out, struct ms_error *err)
{
	lzma_stream *s = packer;
	lzma_options_lzma lzma2;
	lzma_filter filters[] = {
		{ .id = LZMA_FILTER_LZMA2, .options = &lzma2 },
		{ .id = LZMA_VLI_UNKNOWN },
	};
	lzma_ret lr = LZMA_OPTIONS_ERROR;
	int r;

	if (!lzma_lzma_preset(&lzma2, LZMA_PRESET_DEFAULT)) {
		lzma2.dict_size = DICT_SIZE;
		lr = lzma_stream_encoder(s, filters, LZMA_CHECK_CRC32);
	}
	r = lr == LZMA_OK ? 0 : pack_failed(lr, err);
	for (size_t i = 0; i < n && !r; i++)
		r = encode(s, &pieces[i], i == n - 1 ? LZMA_FINISH : LZMA_RUN, out, err);
	return r;
}

const struct codec xz_codec = {
	.name = "xz",
	.magic = { 0xfd, '7', 'z', 'X', 'Z', 0 },
	.magic_len = 6,
	.unpack = xz_unpack,
	.unpacker = { stream_create, stream_destroy, stream_size },
	.packer = { stream_create, stream_destroy, NULL },
	.pack = xz_pack,
	.extend = xz_extend,
};
