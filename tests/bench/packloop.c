/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to decompress modules and compress them again, with the libraries and parameters
 * that modseal uses (src/module/gz.c, xz.c, zst.c), each thread with one compressor and decompressor
 * for all its files. Nothing is hashed or written.
 *
 *   packloop THREADS < FILES      names ending in .gz, .xz or .zst, a line each
 *
 * prints the seconds and CPU seconds that it took.
 */
#include "loop.h"

#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct bytes {
	unsigned char *data;
	size_t len, size;
};

/* A thread's, kept from file to file. */
struct scratch {
	struct bytes packed, plain;
	z_stream inflate, deflate;
	lzma_stream unxz, xz;
	ZSTD_DCtx *unzst;
	ZSTD_CCtx *zst;
};

static struct {
	char **files;
} bench;

static _Noreturn void die(const char *what)
{
	loop_die("packloop", what);
}

static void codec_die(const char *what)
{
	errno = EINVAL;
	die(what);
}

static void reserve(struct bytes *b, size_t size)
{
	if (size <= b->size)
		return;
	while (b->size < size)
		b->size = b->size ? b->size * 2 : 65536;
	b->data = realloc(b->data, b->size);
	if (!b->data)
		die("realloc");
}

static void load(const char *path, struct bytes *to)
{
	FILE *file = fopen(path, "r");

	if (!file)
		die(path);
	to->len = 0;
	do {
		reserve(to, to->len + 65536);
		to->len += fread(to->data + to->len, 1, to->size - to->len, file);
	} while (!feof(file) && !ferror(file));
	if (ferror(file))
		die(path);
	fclose(file);
}

static void gz(struct scratch *s)
{
	z_stream *z = &s->inflate;
	int r = inflateReset(z);

	z->next_in = s->packed.data;
	z->avail_in = (uInt)s->packed.len;
	s->plain.len = 0;
	while (r == Z_OK) {
		reserve(&s->plain, s->plain.len + 65536);
		z->next_out = s->plain.data + s->plain.len;
		z->avail_out = (uInt)(s->plain.size - s->plain.len);
		r = inflate(z, Z_NO_FLUSH);
		s->plain.len = s->plain.size - z->avail_out;
	}
	if (r != Z_STREAM_END)
		codec_die("inflate");
	z = &s->deflate;
	deflateReset(z);
	reserve(&s->packed, deflateBound(z, s->plain.len));
	z->next_in = s->plain.data;
	z->avail_in = (uInt)s->plain.len;
	z->next_out = s->packed.data;
	z->avail_out = (uInt)s->packed.size;
	if (deflate(z, Z_FINISH) != Z_STREAM_END)
		codec_die("deflate");
}

static void xz_pack(struct scratch *s)
{
	lzma_options_lzma lzma2;
	lzma_filter filters[] = { { .id = LZMA_FILTER_LZMA2, .options = &lzma2 },
		{ .id = LZMA_VLI_UNKNOWN } };
	lzma_stream *z = &s->xz;

	lzma_lzma_preset(&lzma2, LZMA_PRESET_DEFAULT);
	lzma2.dict_size = 1U << 20;
	if (lzma_stream_encoder(z, filters, LZMA_CHECK_CRC32) != LZMA_OK)
		codec_die("lzma_stream_encoder");
	reserve(&s->packed, lzma_stream_buffer_bound(s->plain.len));
	z->next_in = s->plain.data;
	z->avail_in = s->plain.len;
	z->next_out = s->packed.data;
	z->avail_out = s->packed.size;
	if (lzma_code(z, LZMA_FINISH) != LZMA_STREAM_END)
		codec_die("xz encoder");
}

static void xz(struct scratch *s)
{
	lzma_stream *z = &s->unxz;
	lzma_ret r = lzma_stream_decoder(z, UINT64_MAX, 0);

	z->next_in = s->packed.data;
	z->avail_in = s->packed.len;
	s->plain.len = 0;
	while (r == LZMA_OK) {
		reserve(&s->plain, s->plain.len + 65536);
		z->next_out = s->plain.data + s->plain.len;
		z->avail_out = s->plain.size - s->plain.len;
		r = lzma_code(z, LZMA_FINISH);
		s->plain.len = s->plain.size - z->avail_out;
	}
	if (r != LZMA_STREAM_END)
		codec_die("xz decoder");
	xz_pack(s);
}

static void zst_pack(struct scratch *s)
{
	size_t r;

	reserve(&s->packed, ZSTD_compressBound(s->plain.len));
	r = ZSTD_compress2(s->zst, s->packed.data, s->packed.size, s->plain.data, s->plain.len);
	if (ZSTD_isError(r))
		codec_die(ZSTD_getErrorName(r));
}

static void zst(struct scratch *s)
{
	ZSTD_inBuffer in = { s->packed.data, s->packed.len, 0 };
	size_t left = 1;

	s->plain.len = 0;
	while (left) {
		ZSTD_outBuffer out;

		reserve(&s->plain, s->plain.len + 65536);
		out = (ZSTD_outBuffer){ s->plain.data + s->plain.len, s->plain.size - s->plain.len, 0 };
		left = ZSTD_decompressStream(s->unzst, &out, &in);
		if (ZSTD_isError(left))
			codec_die(ZSTD_getErrorName(left));
		s->plain.len += out.pos;
	}
	zst_pack(s);
}

static void one_file(void *own, long i)
{
	const char *path = bench.files[i], *dot = strrchr(path, '.');
	struct scratch *s = own;

	load(path, &s->packed);
	if (dot && !strcmp(dot, ".gz"))
		gz(s);
	else if (dot && !strcmp(dot, ".xz"))
		xz(s);
	else if (dot && !strcmp(dot, ".zst"))
		zst(s);
	else
		codec_die(path);
}

static void *begin(int thread)
{
	struct scratch *s = calloc(1, sizeof(*s));

	(void)thread;
	if (!s)
		die("calloc");
	s->unzst = ZSTD_createDCtx();
	s->zst = ZSTD_createCCtx();
	if (!s->unzst || !s->zst)
		die("zstd");
	ZSTD_CCtx_setParameter(s->zst, ZSTD_c_compressionLevel, 3);
	ZSTD_CCtx_setParameter(s->zst, ZSTD_c_checksumFlag, 1);
	if (inflateInit2(&s->inflate, MAX_WBITS + 16) != Z_OK ||
		deflateInit2(&s->deflate, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16,
			MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY) != Z_OK)
		codec_die("zlib");
	return s;
}

static void end(void *own)
{
	struct scratch *s = own;

	inflateEnd(&s->inflate);
	deflateEnd(&s->deflate);
	lzma_end(&s->unxz);
	lzma_end(&s->xz);
	ZSTD_freeDCtx(s->unzst);
	ZSTD_freeCCtx(s->zst);
	free(s->packed.data);
	free(s->plain.data);
	free(s);
}

int main(int argc, char **argv)
{
	struct loop loop = { .name = "packloop", .begin = begin, .one = one_file, .end = end };

	if (argc != 2) {
		fprintf(stderr, "usage: packloop THREADS < NAMES\n");
		return 2;
	}
	loop.threads = loop_threads("packloop", argv[1]);
	bench.files = loop_names("packloop", &loop.count);
	loop_run(&loop);
	return 0;
}
