/* SPDX-License-Identifier: Apache-2.0 */
/* .gz, .xz and .zst files that get another end without being compressed anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "module_fixture.h"
#include "src/module/compress.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* What is compressed in ways that modseal itself does not. */
struct kind {
	const char *name;
	const struct codec *codec;
	int (*compress)(const struct buf *plain, struct buf *packed, int option);
	int option;
};

/* The end of the first block is that of the content, or as many bytes are in a block. */
static int by_xz(const struct buf *plain, struct buf *packed, int block_len)
{
	lzma_mt mt = { .threads = 1,
		.block_size = (uint64_t)block_len,
		.preset = 0,
		.check = LZMA_CHECK_CRC32 };
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret r = block_len ? lzma_stream_encoder_mt(&s, &mt)
			       : lzma_easy_encoder(&s, 0, LZMA_CHECK_CRC32);

	packed->len = 0;
	assert_int_equal(r, LZMA_OK);
	assert_int_equal(buf_reserve(packed, plain->len + 65536), 0);
	s.next_in = plain->data;
	s.avail_in = plain->len;
	s.next_out = packed->data;
	s.avail_out = packed->size;
	while (r == LZMA_OK)
		r = lzma_code(&s, LZMA_FINISH);
	packed->len = s.total_out;
	lzma_end(&s);
	return r == LZMA_STREAM_END ? 0 : -1;
}

static int xz_checked(const struct buf *plain, struct buf *packed, int check)
{
	packed->len = 0;
	assert_int_equal(buf_reserve(packed, plain->len + 65536), 0);
	return lzma_easy_buffer_encode(0, (lzma_check)check, NULL, plain->data, plain->len,
		       packed->data, &packed->len, packed->size) == LZMA_OK
		? 0
		: -1;
}

static int xz_filtered(const struct buf *plain, struct buf *packed, int dict)
{
	lzma_options_lzma lzma2;
	lzma_filter filters[] = { { .id = LZMA_FILTER_X86 },
		{ .id = LZMA_FILTER_LZMA2, .options = &lzma2 }, { .id = LZMA_VLI_UNKNOWN } };

	packed->len = 0;
	lzma_lzma_preset(&lzma2, 0);
	if (dict)
		lzma2.dict_size = (uint32_t)dict;
	assert_int_equal(buf_reserve(packed, plain->len + 65536), 0);
	return lzma_stream_buffer_encode(dict ? filters + 1 : filters, LZMA_CHECK_CRC32, NULL,
		       plain->data, plain->len, packed->data, &packed->len, packed->size) == LZMA_OK
		? 0
		: -1;
}

enum gz_option { LEVEL = 15, EMPTY_LAST = 16, NAMED = 32, COMMENTED = 64 };

static int by_gz(const struct buf *plain, struct buf *packed, int options)
{
	gz_header header = { .name = options & NAMED ? (Bytef *)"fixture.ko" : NULL,
		.comment = options & COMMENTED ? (Bytef *)"a fixture" : NULL };
	z_stream z = { .next_in = plain->data, .avail_in = (uInt)plain->len };
	int r;

	packed->len = 0;
	assert_int_equal(buf_reserve(packed, plain->len + 65536), 0);
	assert_int_equal(deflateInit2(&z, options & LEVEL, Z_DEFLATED, MAX_WBITS + 16, 8,
				 Z_DEFAULT_STRATEGY),
		Z_OK);
	if (options & (NAMED | COMMENTED))
		deflateSetHeader(&z, &header);
	z.next_out = packed->data;
	z.avail_out = (uInt)packed->size;
	if (options & EMPTY_LAST)
		deflate(&z, Z_FULL_FLUSH);
	r = deflate(&z, Z_FINISH);
	packed->len = z.total_out;
	deflateEnd(&z);
	return r == Z_STREAM_END ? 0 : -1;
}

enum zstd_option {
	CHECKED = 1,
	SIZED = 2,
	PIPED = 4,   /* the library does not see the end when it begins */
	FLUSHED = 8, /* nor is there anything left for the last block */
	WIDE = 16,
};

static int by_zstd(const struct buf *plain, struct buf *packed, int options)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	bool part = options & PIPED && !(options & FLUSHED);
	ZSTD_inBuffer in = { plain->data, part ? 1 : plain->len, 0 };
	ZSTD_outBuffer out;
	size_t left;

	packed->len = 0;
	assert_int_equal(buf_reserve(packed, ZSTD_compressBound(plain->len) + 64), 0);
	out = (ZSTD_outBuffer){ packed->data, packed->size, 0 };
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, !!(options & CHECKED));
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, !!(options & SIZED));
	if (options & WIDE)
		ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, 24);
	if (!(options & PIPED))
		ZSTD_CCtx_setPledgedSrcSize(ctx, plain->len);
	if (options & (PIPED | FLUSHED))
		ZSTD_compressStream2(
			ctx, &out, &in, options & FLUSHED ? ZSTD_e_flush : ZSTD_e_continue);
	in.size = plain->len;
	left = ZSTD_compressStream2(ctx, &out, &in, ZSTD_e_end);
	packed->len = out.pos;
	ZSTD_freeCCtx(ctx);
	return left ? -1 : 0;
}

static const struct kind extendable[] = {
	{ "gzip -9", &gz_codec, by_gz, 9 },
	{ "gzip -1 of a named file", &gz_codec, by_gz, 1 | NAMED },
	{ "gzip, stored", &gz_codec, by_gz, 0 },
	{ "gzip with an empty block", &gz_codec, by_gz, 6 | EMPTY_LAST },
	{ "xz", &xz_codec, by_xz, 0 },
	{ "xz of many blocks", &xz_codec, by_xz, 5000 },
	{ "xz without a check", &xz_codec, xz_checked, LZMA_CHECK_NONE },
	{ "zstd, as modseal", &zst_codec, by_zstd, CHECKED | SIZED },
	{ "zstd --no-check", &zst_codec, by_zstd, SIZED },
	{ "zstd, told no size", &zst_codec, by_zstd, CHECKED | SIZED | PIPED },
	{ "zstd --no-content-size", &zst_codec, by_zstd, CHECKED },
	{ "zstd with an empty block", &zst_codec, by_zstd, CHECKED | PIPED | FLUSHED },
};
#define N_EXTENDABLE (sizeof(extendable) / sizeof(extendable[0]))

static const struct kind others[] = {
	{ "gzip with a comment", &gz_codec, by_gz, 9 | COMMENTED },
	{ "xz --check=crc64", &xz_codec, xz_checked, LZMA_CHECK_CRC64 },
	{ "xz --check=sha256", &xz_codec, xz_checked, LZMA_CHECK_SHA256 },
	{ "xz --x86", &xz_codec, xz_filtered, 0 },
	{ "xz --lzma2=dict=16MiB", &xz_codec, xz_filtered, 16 << 20 },
	{ "zstd --long=24", &zst_codec, by_zstd, CHECKED | PIPED | WIDE },
};
#define N_OTHERS (sizeof(others) / sizeof(others[0]))

static void make_packed(const struct kind *kind, const struct buf *plain, struct buf *packed)
{
	if (kind->compress(plain, packed, kind->option))
		fail_msg("%s: not compressed", kind->name);
}

static int extend(const struct kind *kind, struct buf *packed, size_t content_len,
	const struct buf *all, size_t keep)
{
	const struct piece kept = { all->data, keep };
	const struct piece tail = { all->len > keep ? all->data + keep : NULL, all->len - keep };
	struct ms_error err = { 0 };

	return kind->codec->extend(packed, content_len, &kept, &tail, &err);
}

static void assert_unpacks(
	void **state, const struct kind *kind, const struct buf *packed, const struct buf *plain)
{
	const char *path = in_dir(state, "packed");
	AUTO_BUF struct buf out = { 0 };
	struct ms_error err = { 0 };
	int fd, r;

	write_buf(path, packed);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	r = unpack_file(compression_of(packed->data, packed->len), fd, 0, path, &out, &err);
	close(fd);
	if (r)
		fail_msg("%s of %zu bytes: %s", kind->name, plain->len, err.message);
	if (out.len != plain->len || memcmp(out.data, plain->data, out.len) != 0)
		fail_msg("%s of %zu bytes: other content", kind->name, plain->len);
}

static void assert_as_it_was(const struct kind *kind, const struct buf *is, const struct buf *was)
{
	if (is->len != was->len || (is->len && memcmp(is->data, was->data, is->len) != 0))
		fail_msg("%s: not what it was", kind->name);
}

static void make(size_t len, size_t tail_len, struct buf *all)
{
	uint32_t seed = 7;

	all->len = 0;
	for (size_t i = 0; i < len + tail_len; i++) {
		seed = seed * 1103515245 + 12345;
		put(all, true, i >= len || i & 64 ? seed >> 24 : i & 15, 1);
	}
}

/* Sizes about those where the frame header's field for them changes, and about those of blocks. */
static const size_t sizes[] = { 30, 255, 256, 300, 4095, 65535, 65791, 65792, 131072, 131073,
	300000, (2 << 20) - 100 };

/* Signed, signed again with another signature, stripped: then it is as it was. */
static void test_extend(void **state)
{
	static const size_t tails[] = { 1, 700, 1000 };
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf first = { 0 };

	for (size_t i = 0; i < N_EXTENDABLE * sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct kind *kind = &extendable[i % N_EXTENDABLE];
		size_t size = sizes[i / N_EXTENDABLE];

		make(size, 0, &plain);
		make_packed(kind, &plain, &packed);
		first.len = 0;
		add_buf(&first, &packed);
		for (size_t t = 0, len = size; t < 3; len = all.len, t++) {
			make(size, tails[t], &all);
			if (extend(kind, &packed, len, &all, size))
				fail_msg("%s of %zu bytes: not extended", kind->name, size);
			assert_unpacks(state, kind, &packed, &all);
		}
		if (extend(kind, &packed, all.len, &plain, size))
			fail_msg("%s of %zu bytes: not cut", kind->name, size);
		assert_as_it_was(kind, &packed, &first);
	}
}

/* One above the other, and the upper one taken off. */
static void test_stacked(void **state)
{
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf once = { 0 };

	for (size_t k = 0; k < N_EXTENDABLE; k++) {
		const struct kind *kind = &extendable[k];

		make(9000, 0, &all);
		make_packed(kind, &all, &packed);
		make(9000, 500, &all);
		assert_int_equal(extend(kind, &packed, 9000, &all, 9000), 0);
		once.len = 0;
		add_buf(&once, &packed);
		make(9000, 1200, &all);
		assert_int_equal(extend(kind, &packed, 9500, &all, 9500), 0);
		assert_unpacks(state, kind, &packed, &all);
		all.len = 9500;
		assert_int_equal(extend(kind, &packed, 10200, &all, 9500), 0);
		assert_as_it_was(kind, &packed, &once);
	}
}

/* The one frame stays one, whatever the library itself thinks of its header. */
static void test_zstd_header(void **state)
{
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int options = 0; options < PIPED; options++) {
			const struct kind kind = { "zstd", &zst_codec, by_zstd, options };
			unsigned long long told;

			make(sizes[i], 0, &all);
			make_packed(&kind, &all, &packed);
			make(sizes[i], 600, &all);
			assert_int_equal(extend(&kind, &packed, sizes[i], &all, sizes[i]), 0);
			assert_int_equal(
				ZSTD_findFrameCompressedSize(packed.data, packed.len), packed.len);
			told = ZSTD_getFrameContentSize(packed.data, packed.len);
			assert_true(told == (options & SIZED ? all.len : ZSTD_CONTENTSIZE_UNKNOWN));
		}
	}
}

/* A block holds 128 KiB, and no more than the window. */
static void test_zstd_block_is_full(void **state)
{
	static const struct {
		size_t size, tail_len;
		int options, result;
	} cases[] = {
		{ 300, 128 << 10, SIZED, 0 },
		{ 300, (128 << 10) + 1, SIZED, 1 },
		{ 300, 1024, 0, 0 },
		{ 300, 1025, 0, 1 },
	};
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kind kind = { "zstd", &zst_codec, by_zstd, cases[i].options };
		size_t size = cases[i].size;

		make(size, 0, &all);
		make_packed(&kind, &all, &packed);
		make(size, cases[i].tail_len, &all);
		assert_int_equal(extend(&kind, &packed, size, &all, size), cases[i].result);
		if (!cases[i].result)
			assert_unpacks(state, &kind, &packed, &all);
	}
}

static void test_xz_is_one_stream(void **state)
{
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	const struct kind kind = { "xz", &xz_codec, by_xz, 5000 };
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_index *index = NULL;

	make(12000, 0, &all);
	make_packed(&kind, &all, &packed);
	make(12000, 600, &all);
	assert_int_equal(extend(&kind, &packed, 12000, &all, 12000), 0);
	assert_int_equal(lzma_file_info_decoder(&s, &index, 1 << 20, packed.len), LZMA_OK);
	s.next_in = packed.data;
	s.avail_in = packed.len;
	while (lzma_code(&s, LZMA_RUN) == LZMA_SEEK_NEEDED) {
		s.next_in = packed.data + s.seek_pos;
		s.avail_in = packed.len - s.seek_pos;
	}
	lzma_end(&s);
	assert_non_null(index);
	assert_int_equal(lzma_index_stream_count(index), 1);
	assert_int_equal(lzma_index_block_count(index), 4);
	assert_int_equal(lzma_index_uncompressed_size(index), all.len);
	lzma_index_end(index, NULL);
}

static void assert_refuses(const struct kind *kind, struct buf *packed, size_t content_len,
	const struct buf *all, size_t keep)
{
	AUTO_BUF struct buf was = { 0 };

	add_buf(&was, packed);
	if (extend(kind, packed, content_len, all, keep) != 1)
		fail_msg("%s: extended", kind->name);
	assert_as_it_was(kind, packed, &was);
}

/* What the kernel does not read has to be compressed anew. */
static void test_not_for_the_kernel(void **state)
{
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	make(9000, 0, &all);
	for (size_t k = 0; k < N_OTHERS; k++) {
		all.len = 9000;
		make_packed(&others[k], &all, &packed);
		make(9000, 600, &all);
		assert_refuses(&others[k], &packed, 9000, &all, 9000);
	}
}

static void test_not_one(void **state)
{
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf half = { 0 };

	for (size_t k = 0; k < N_EXTENDABLE; k++) {
		make(9000, 0, &all);
		make_packed(&extendable[k], &all, &half);
		packed.len = 0;
		add_buf(&packed, &half);
		add_buf(&packed, &half);
		make(18000, 600, &all);
		assert_refuses(&extendable[k], &packed, 18000, &all, 18000);
		packed.len = half.len;
		put(&packed, true, 0, 4); /* xz allows it */
		make(9000, 600, &all);
		assert_refuses(&extendable[k], &packed, 9000, &all, 9000);
	}
}

/* What is to go does not begin where a block does. */
static void test_inside_a_block(void **state)
{
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	for (size_t k = 0; k < N_EXTENDABLE; k++) {
		make(9000, 0, &all);
		make_packed(&extendable[k], &all, &packed);
		assert_refuses(&extendable[k], &packed, 9000, &all, 8400);
		make(9000, 600, &all);
		assert_int_equal(extend(&extendable[k], &packed, 9000, &all, 9000), 0);
		assert_refuses(&extendable[k], &packed, 9600, &all, 9001);
		assert_refuses(&extendable[k], &packed, 9600, &all, 8999);
	}
}

/* A file that was exchanged meanwhile: nothing in it is trusted. */
static void test_damaged(void **state)
{
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf was = { 0 };
	size_t refused = 0, tries = 0;

	for (size_t k = 0; k < N_EXTENDABLE; k++) {
		make(700, 0, &all);
		make_packed(&extendable[k], &all, &was);
		make(700, 300, &all);
		for (size_t at = 0; at < was.len; at++) {
			for (int bit = 0; bit < 8; bit++, tries++) {
				packed.len = 0;
				add_buf(&packed, &was);
				packed.data[at] ^= (uint8_t)(1 << bit);
				refused += extend(&extendable[k], &packed, 700, &all, 700) != 0;
			}
			packed.len = 0;
			add_buf(&packed, &was);
			packed.len = at;
			assert_refuses(&extendable[k], &packed, 700, &all, 700);
		}
	}
	assert_in_range(refused, 100, tries); /* most of it is content, which nobody looks at */
}

static int unpacks(void **state, const struct kind *kind, const struct buf *packed, struct buf *out)
{
	const char *path = in_dir(state, "spoilt");
	struct ms_error err = { 0 };
	struct packed in;
	void *unpacker = kind->codec->unpacker.create();
	int fd = open(path, O_RDONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r;

	assert_non_null(unpacker);
	assert_true(fd >= 0);
	out->len = 0;
	packed_begin(&in, fd, 0, path, packed); /* all of it is at hand, none in the file */
	in.codec = kind->codec->name;
	r = kind->codec->unpack(unpacker, &in, out, &err);
	kind->codec->unpacker.destroy(unpacker);
	close(fd);
	return r;
}

static void spoil(struct buf *packed, uint32_t *seed)
{
	for (uint32_t n = *seed >> 8 & 3; n < 4; n++) {
		*seed = *seed * 1103515245 + 12345;
		/* mostly where headers are */
		packed->data[(*seed >> 8) % (*seed & 64 && packed->len > 40 ? 40 : packed->len)] =
			(uint8_t)(*seed >> 16);
	}
}

/* Whatever can be decompressed, however odd, is extended rightly or not at all. MODSEAL_LONG: for
 * some minutes. */
static void test_spoilt(void **state)
{
	size_t rounds = getenv("MODSEAL_LONG") ? 200000 : 1000, extended = 0;
	AUTO_BUF struct buf tail = { 0 };
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf was = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf content = { 0 };
	uint32_t seed = 1;

	make(300, 0, &tail);
	for (size_t i = 0; i < rounds * N_EXTENDABLE; i++) {
		const struct kind *kind = &extendable[i / rounds];
		bool unpacked;
		size_t size;

		if (i % (rounds / 10) == 0) {
			make(40 + (seed >> 20), 0, &all);
			make_packed(kind, &all, &was);
		}
		packed.len = 0;
		add_buf(&packed, &was);
		spoil(&packed, &seed);
		unpacked = !unpacks(state, kind, &packed, &content);
		size = unpacked ? content.len : 0;
		content.len = size;
		add_buf(&content, &tail);
		if (extend(kind, &packed, size, &content, size) || !unpacked)
			continue;
		extended++;
		assert_unpacks(state, kind, &packed, &content);
	}
	assert_in_range(extended, 100, rounds * N_EXTENDABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extend),
		cmocka_unit_test(test_stacked),
		cmocka_unit_test(test_zstd_header),
		cmocka_unit_test(test_zstd_block_is_full),
		cmocka_unit_test(test_xz_is_one_stream),
		cmocka_unit_test(test_not_for_the_kernel),
		cmocka_unit_test(test_not_one),
		cmocka_unit_test(test_inside_a_block),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_spoilt),
	};

	return cmocka_run_group_tests(tests, dir_setup, dir_teardown);
}
