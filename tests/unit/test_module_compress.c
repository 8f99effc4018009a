/* SPDX-License-Identifier: Apache-2.0 */
/* .gz, .xz and .zst: there and back, in the form that the kernel reads, and damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "module_fixture.h"
#include "src/crypto/digest.h"
#include "src/module/compress.h"
#include "src/module/memory.h"

#include <pthread.h>
#include <unistd.h>
#include <zlib.h>

static const enum module_compression all[] = { MODULE_GZ, MODULE_XZ, MODULE_ZST };
#define N_ALL (sizeof(all) / sizeof(all[0]))

static int put_out(void *user, const void *data, size_t len, struct ms_error *err)
{
	return buf_add(user, data, len) < 0 ? MS_ERR_NOMEM : 0;
}

static void pack(enum module_compression c, const struct buf *plain, struct buf *out)
{
	/* in two pieces, as a module and its tail are */
	size_t half = plain->len / 2;
	const struct piece pieces[] = { { plain->data, half },
		{ plain->data ? plain->data + half : NULL, plain->len - half } };
	const struct packed_out to = { put_out, out };
	void *packer = codec_of(c)->packer.create();
	struct ms_error err = { 0 };

	assert_non_null(packer);
	/* what it was used for before leaves no trace */
	for (int again = 0; again < 2; again++) {
		buf_free(out);
		if (codec_of(c)->pack(packer, pieces, 2, &to, &err))
			fail_msg("%s", err.message);
	}
	codec_of(c)->packer.destroy(packer);
}

/* All tests decompress with one decompressor for each codec, whatever came before. */
static struct module_memory memory;

static int unpack(void **state, enum module_compression c, const struct buf *packed,
	struct buf *out, struct ms_error *err)
{
	const char *path = in_dir(state, "packed");
	struct packed in;
	int fd, r;

	write_buf(path, packed);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	buf_free(out);
	packed_begin(&in, fd, 0, path, NULL);
	r = unpack_within(&memory, c, &in, out, err);
	close(fd);
	if (r)
		assert_contains(err->message, path);
	return r;
}

static void assert_unpacks(void **state, enum module_compression c, const struct buf *packed,
	const struct buf *plain)
{
	AUTO_BUF struct buf out = { 0 };
	struct ms_error err = { 0 };

	if (unpack(state, c, packed, &out, &err))
		fail_msg("%s", err.message);
	assert_int_equal(out.len, plain->len);
	if (plain->len)
		assert_memory_equal(out.data, plain->data, plain->len);
}

static void assert_bad(void **state, enum module_compression c, const struct buf *packed,
	const char *cause)
{
	AUTO_BUF struct buf out = { 0 };
	struct ms_error err = { 0 };

	assert_int_equal(unpack(state, c, packed, &out, &err), MS_ERR_MODULE);
	assert_contains(err.message, codec_of(c)->name);
	assert_contains(err.message, cause);
}

/* Half of it compresses, half does not. */
static void make_plain(size_t len, struct buf *b)
{
	uint32_t seed = 7;

	buf_free(b);
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		put(b, true, i & 64 ? seed >> 24 : i & 15, 1);
	}
}

static void test_round_trip(void **state)
{
	static const size_t sizes[] = { 0, 1, 4096, 65535, 65536, 65537, 1000000 };
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf again = { 0 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		make_plain(sizes[i], &plain);
		for (size_t c = 0; c < N_ALL; c++) {
			pack(all[c], &plain, &packed);
			assert_int_equal(compression_of(packed.data, packed.len), all[c]);
			assert_unpacks(state, all[c], &packed, &plain);
			pack(all[c], &plain, &again);
			assert_int_equal(packed.len, again.len);
			assert_memory_equal(packed.data, again.data, again.len);
		}
	}
}

static void test_concatenated(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf twice = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf file = { 0 };

	make_plain(5000, &plain);
	add_buf(&twice, &plain);
	add_buf(&twice, &plain);
	for (size_t c = 0; c < N_ALL; c++) {
		pack(all[c], &plain, &packed);
		file.len = 0;
		add_buf(&file, &packed);
		add_buf(&file, &packed);
		assert_unpacks(state, all[c], &file, &twice);
	}
}

/* gzip ignores NUL bytes behind, xz takes them by fours, zstd takes none. */
static void test_padding(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	make_plain(5000, &plain);
	pack(MODULE_GZ, &plain, &packed);
	put(&packed, true, 0, 7);
	assert_unpacks(state, MODULE_GZ, &packed, &plain);
	put(&packed, true, 1, 1);
	assert_bad(state, MODULE_GZ, &packed, "followed by something that is not gzip");
	pack(MODULE_XZ, &plain, &packed);
	put(&packed, true, 0, 4);
	assert_unpacks(state, MODULE_XZ, &packed, &plain);
	put(&packed, true, 0, 1);
	assert_bad(state, MODULE_XZ, &packed, "damaged");
	pack(MODULE_ZST, &plain, &packed);
	put(&packed, true, 0, 4);
	assert_bad(state, MODULE_ZST, &packed, "followed by something that is not zstd");
}

static void test_cut_at_every_byte(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	make_plain(700, &plain);
	for (size_t c = 0; c < N_ALL; c++) {
		pack(all[c], &plain, &packed);
		while (--packed.len > codec_of(all[c])->magic_len)
			assert_bad(state, all[c], &packed, "cut off");
	}
}

/* Every single byte changed: either it is noticed or it did not matter. */
static void test_damage_at_every_byte(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf out = { 0 };

	make_plain(700, &plain);
	for (size_t c = 0; c < N_ALL; c++) {
		unsigned noticed = 0;

		pack(all[c], &plain, &packed);
		for (size_t at = 0; at < packed.len; at++) {
			for (int bit = 0; bit < 8; bit += 3) {
				struct ms_error err = { 0 };
				int r;

				packed.data[at] ^= (uint8_t)(1 << bit);
				r = unpack(state, all[c], &packed, &out, &err);
				packed.data[at] ^= (uint8_t)(1 << bit);
				if (r) {
					assert_int_equal(r, MS_ERR_MODULE);
					noticed++;
				} else {
					assert_int_equal(out.len, plain.len);
					assert_memory_equal(out.data, plain.data, plain.len);
				}
			}
		}
		/* gzip: 6 bytes of time, flags and system; zstd: a bit or two of its header */
		assert_true(noticed + 3 * 8 >= 3 * packed.len);
	}
}

/* sign-file knows nothing of compression. */
static void test_signature_behind(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf out = { 0 };

	make_plain(5000, &plain);
	for (size_t c = 0; c < N_ALL; c++) {
		struct ms_error err = { 0 };

		pack(all[c], &plain, &packed);
		add_tail(&packed, 300);
		assert_int_equal(unpack(state, all[c], &packed, &out, &err), MS_ERR_MODULE);
		assert_contains(err.hint, "appended to the compressed file");
	}
}

/* module_gzip_header_len(): ten bytes, and a file name at most */
static void test_gzip_form(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	make_plain(5000, &plain);
	pack(MODULE_GZ, &plain, &packed);
	assert_memory_equal(packed.data, "\x1f\x8b\x08\0\0\0\0\0\x02\x03", 10);
}

/* What lib/xz reads, with the dictionary of the kernel build. */
static void test_xz_form(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	make_plain(5000, &plain);
	pack(MODULE_XZ, &plain, &packed);
	assert_int_equal(packed.data[7], 1);      /* stream flags: CRC32 */
	assert_int_equal(packed.data[13] & 3, 0); /* block flags: one filter, ... */
	assert_int_equal(packed.data[14], 0x21);  /* ... which is LZMA2, ... */
	assert_int_equal(packed.data[15], 1);     /* ... with one byte of properties: */
	assert_int_equal(packed.data[16], 16);    /* dictionary 2^20 */
}

static void set_dictionary(struct buf *xz, uint8_t size)
{
	uint32_t crc;

	xz->data[16] = size;
	crc = (uint32_t)crc32(0, xz->data + 12, 8);
	for (int i = 0; i < 4; i++)
		xz->data[20 + i] = (uint8_t)(crc >> (8 * i));
}

static void test_xz_needs_too_much(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf out = { 0 };
	struct ms_error err = { 0 };

	make_plain(5000, &plain);
	pack(MODULE_XZ, &plain, &packed);
	set_dictionary(&packed, 40); /* 4 GiB */
	assert_int_equal(unpack(state, MODULE_XZ, &packed, &out, &err), MS_ERR_MODULE);
	assert_contains(err.message, "needs more than 256 MiB");
	assert_contains(err.hint, "dict=1MiB");
}

static void test_a_large_decompressor_is_not_kept(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	make_plain(5000, &plain);
	pack(MODULE_XZ, &plain, &packed);
	assert_unpacks(state, MODULE_XZ, &packed, &plain);
	assert_non_null(memory.idle);
	set_dictionary(&packed, 28); /* 64 MiB */
	assert_unpacks(state, MODULE_XZ, &packed, &plain);
	assert_null(memory.idle);
}

/* The window must be one that the kernel allocates without regret, the size and a checksum be
 * there (RFC 8878, 3.1.1.1). */
static void test_zstd_form(void **state)
{
	static const size_t sizes[] = { 100, 5000, 3000000 };
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	for (size_t i = 0; i < 3; i++) {
		uint8_t descriptor;

		make_plain(sizes[i], &plain);
		pack(MODULE_ZST, &plain, &packed);
		descriptor = packed.data[4];
		assert_true(descriptor & 4);                        /* checksum */
		assert_true((descriptor & 32) || descriptor >> 6); /* content size */
		assert_int_equal(descriptor & 3, 0);                /* no dictionary */
		if (!(descriptor & 32))
			assert_in_range(packed.data[5], 0, (21 - 10) << 3); /* window: 2 MiB */
		else
			assert_true(sizes[i] <= 2 << 20); /* the window is the content */
	}
}

/* How much memory it will take is known before it is read: what only streams tell is not known. */
static void test_zstd_tells_its_length(void **state)
{
	static const size_t sizes[] = { 100, 5000, 3000000 };
	/* a frame with a window and no content size, then an empty last block */
	static const uint8_t silent[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x01, 0x00, 0x00 };
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };

	for (size_t i = 0; i < 3; i++) {
		make_plain(sizes[i], &plain);
		pack(MODULE_ZST, &plain, &packed);
		assert_int_equal(zst_codec.content_len(packed.data, CODEC_START), sizes[i]);
		assert_int_equal(zst_codec.content_len(packed.data, 5), 0);
	}
	assert_int_equal(zst_codec.content_len(silent, sizeof(silent)), 0);
	assert_int_equal(zst_codec.content_len((const uint8_t *)"\x7f" "ELF and more", 16), 0);
}

struct opening {
	const char *path;
	struct module *m;
	int r;
};

static void *open_it(void *arg)
{
	struct opening *o = arg;

	o->r = module_open_within(&memory, o->path, 0, &o->m, NULL);
	return NULL;
}

static bool asked(unsigned long times)
{
	bool is;

	pthread_mutex_lock(&memory.lock);
	is = memory.arrived == times;
	pthread_mutex_unlock(&memory.lock);
	return is;
}

/* The first frame tells of a few bytes, and nothing tells of the second. */
static void test_one_that_holds_more_waits(void **state)
{
	AUTO_BUF struct buf start = { 0 };
	AUTO_BUF struct buf rest = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	AUTO_BUF struct buf second = { 0 };
	struct opening o = { in_dir(state, "m.ko.zst"), NULL, 0 };
	unsigned long before = memory.arrived;
	pthread_t thread;

	make_module(&start);
	make_plain(3 * 1024 * 1024, &rest);
	pack(MODULE_ZST, &start, &packed);
	pack(MODULE_ZST, &rest, &second);
	add_buf(&packed, &second);
	write_buf(o.path, &packed);

	memory_take(&memory, 1); /* somebody has another in hand */
	assert_int_equal(pthread_create(&thread, NULL, open_it, &o), 0);
	for (int i = 0; !asked(before + 3); i++) {
		assert_true(i < 10000);
		usleep(1000);
	}
	usleep(2000); /* whatever it does in that time, it must not have it */
	assert_null(o.m);
	assert_int_equal(memory.admitted, before + 2);
	memory_give(&memory, 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(o.r, 0);
	assert_int_equal(o.m->size, start.len + rest.len);
	module_close(o.m);
	assert_int_equal(memory.used, 0);
}

static void test_limit(void **state)
{
	struct packed in = { .path = "bomb.ko.zst", .codec = "zstd", .max = UNPACK_MAX };
	struct buf full = { .len = UNPACK_MAX, .size = UNPACK_MAX + 1 };
	struct ms_error err = { 0 };

	assert_int_equal(packed_room(&in, &full, &err), MS_ERR_MODULE);
	assert_contains(err.message, "bomb.ko.zst holds more than 1024 MiB");
	full.len = UNPACK_MAX - 1;
	assert_int_equal(packed_room(&in, &full, &err), 0);
}

static void test_module(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	/* the name says nothing: it is the content that counts */
	const char *path = in_dir(state, "m.ko"), *named = in_dir(state, "m.ko.zst");

	make_module(&plain);
	add_tail(&plain, 300);
	for (size_t c = 0; c < N_ALL; c++) {
		uint8_t is[MS_HASH_MAX_SIZE], want[MS_HASH_MAX_SIZE];
		struct ms_error err = { 0 };
		struct module *m;

		pack(all[c], &plain, &packed);
		write_buf(path, &packed);
		m = open_ok(path, 0);
		assert_int_equal(m->compression, all[c]);
		assert_int_equal(m->size, plain.len);
		assert_true(m->elf_rel);
		assert_string_equal(m->name, "fixture");
		assert_int_equal(m->tail, MODULE_SIGNED);
		assert_int_equal(m->bare_len, m->elf_end);
		assert_int_equal(module_digest(m, m->bare_len, MS_HASH_SHA256, is, &err), 0);
		assert_int_equal(
			digest_of(MS_HASH_SHA256, plain.data, m->bare_len, want, &err), 0);
		assert_memory_equal(is, want, 32);
		module_close(m);

		packed.data[packed.len / 2] ^= 1;
		write_buf(path, &packed);
		assert_refused(path, 0, MS_ERR_MODULE, "damaged");
		/* no raw file either, although any file may be signed */
		write_buf(named, &packed);
		assert_refused(named, MODULE_ANY_FILE, MS_ERR_MODULE, "damaged");
	}
}

/* A kexec image may be compressed: its signature stands behind it as it is. */
static void test_any_file(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	const char *path = in_dir(state, "image");

	make_plain(5000, &plain);
	for (size_t c = 0; c < N_ALL; c++) {
		struct module *m;

		pack(all[c], &plain, &packed);
		write_buf(path, &packed);
		assert_refused(path, 0, MS_ERR_MODULE, "not an ELF file");
		m = open_ok(path, MODULE_ANY_FILE);
		assert_int_equal(m->compression, MODULE_PLAIN);
		assert_int_equal(m->size, packed.len);
		assert_int_equal(m->tail, MODULE_UNSIGNED);
		module_close(m);
		add_tail(&packed, 100);
		write_buf(path, &packed);
		m = open_ok(path, MODULE_ANY_FILE);
		assert_int_equal(m->compression, MODULE_PLAIN);
		assert_int_equal(m->tail, MODULE_SIGNED);
		module_close(m);
	}
}

static void test_nothing_inside(void **state)
{
	AUTO_BUF struct buf plain = { 0 };
	AUTO_BUF struct buf packed = { 0 };
	const char *path = in_dir(state, "m.ko.xz");

	for (size_t c = 0; c < N_ALL; c++) {
		pack(all[c], &plain, &packed);
		write_buf(path, &packed);
		assert_refused(path, 0, MS_ERR_MODULE, "is empty when decompressed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_concatenated),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_damage_at_every_byte),
		cmocka_unit_test(test_signature_behind),
		cmocka_unit_test(test_gzip_form),
		cmocka_unit_test(test_xz_form),
		cmocka_unit_test(test_xz_needs_too_much),
		cmocka_unit_test(test_a_large_decompressor_is_not_kept),
		cmocka_unit_test(test_zstd_form),
		cmocka_unit_test(test_zstd_tells_its_length),
		cmocka_unit_test(test_one_that_holds_more_waits),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_any_file),
		cmocka_unit_test(test_nothing_inside),
	};

	int failed;

	memory_init(&memory, 1);
	failed = cmocka_run_group_tests(tests, dir_setup, dir_teardown);
	memory_destroy(&memory);
	return failed;
}
