/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, reading and digesting: what is no module file, and files that change meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "module_fixture.h"
#include "src/crypto/digest.h"

#include <sys/stat.h>

static void test_not_a_file(void **state)
{
	const char *path = in_dir(state, "fifo.ko");

	assert_refused(*state, 0, MS_ERR_IO, "is a directory");
	assert_refused(*state, MODULE_ANY_FILE, MS_ERR_IO, "is a directory");
	assert_refused("/dev/null", 0, MS_ERR_IO, "is not a regular file");
	assert_refused(in_dir(state, "missing.ko"), 0, MS_ERR_IO, "No such file");
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(20); /* would wait for a writer */
	assert_refused(path, 0, MS_ERR_IO, "is not a regular file");
	alarm(0);
}

static void test_empty(void **state)
{
	const char *path = in_dir(state, "m.ko");

	write_file(path, "", 0);
	assert_refused(path, 0, MS_ERR_MODULE, "is empty");
	assert_refused(path, MODULE_ANY_FILE, MS_ERR_MODULE, "is empty");
	write_file(path, "x", 1);
	assert_refused(path, 0, MS_ERR_MODULE, "not an ELF file");
}

static void test_no_permission(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct ms_error err = { 0 };
	struct module *m = NULL;
	bool root = geteuid() == 0;
	int r;

	make_module(&b);
	write_buf(path, &b);
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(chmod(path, 0), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	r = module_open(path, 0, &m, &err);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(r, MS_ERR_IO);
	assert_contains(err.message, path);
	assert_contains(err.message, "Permission denied");
	assert_true(err.hint[0]);
}

static void test_symbolic_link(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "real.ko"), *link = in_dir(state, "link.ko");
	struct module *m;

	make_module(&b);
	write_buf(path, &b);
	assert_int_equal(symlink("real.ko", link), 0);
	m = open_ok(link, 0);
	assert_string_equal(m->path, link);
	assert_string_equal(m->target, path);
	module_close(m);
	assert_int_equal(unlink(path), 0);
	assert_refused(link, 0, MS_ERR_IO, "No such file");
	assert_int_equal(symlink("link.ko", path), 0);
	assert_refused(link, 0, MS_ERR_IO, "symbolic links");
	assert_int_equal(unlink(path), 0);
}

static void test_digest(void **state)
{
	/* around the chunk that is read at once */
	static const size_t sizes[] = { 64, 131071 - 400, 131072, 300000 };
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct module *m;
		uint64_t lens[4];

		make_elf(&(struct fixture_elf){ .wide = true, .text = sizes[i] }, &b);
		write_buf(path, &b);
		m = open_ok(path, 0);
		lens[0] = 0;
		lens[1] = 1;
		lens[2] = b.len / 2;
		lens[3] = b.len;
		for (int l = 0; l < 4; l++) {
			uint8_t is[MS_HASH_MAX_SIZE], want[MS_HASH_MAX_SIZE];
			struct ms_error err = { 0 };

			assert_int_equal(module_digest(m, lens[l], MS_HASH_SHA384, is, &err), 0);
			assert_int_equal(
				digest_of(MS_HASH_SHA384, b.data, lens[l], want, &err), 0);
			assert_memory_equal(is, want, ms_hash_size(MS_HASH_SHA384));
		}
		module_close(m);
	}
}

static void test_read(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct ms_error err = { 0 };
	struct module *m;
	uint8_t got[8];

	make_module(&b);
	write_buf(path, &b);
	m = open_ok(path, 0);
	assert_int_equal(module_read(m, b.len - 8, got, 8, &err), 0);
	assert_memory_equal(got, b.data + b.len - 8, 8);
	assert_int_equal(module_read(m, b.len - 7, got, 8, &err), MS_ERR_MODULE);
	assert_int_equal(module_read(m, UINT64_MAX, got, 8, &err), MS_ERR_MODULE);
	assert_int_equal(module_read(m, b.len + 1, got, 0, &err), MS_ERR_MODULE);
	module_close(m);
}

static void test_shrinks(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct ms_error err = { 0 };
	uint8_t out[MS_HASH_MAX_SIZE];
	struct module *m;

	/* A small one is in memory. */
	make_elf(&(struct fixture_elf){ .wide = true, .text = 200000 }, &b);
	write_buf(path, &b);
	m = open_ok(path, 0);
	assert_int_equal(truncate(path, 150000), 0);
	assert_int_equal(module_digest(m, b.len, MS_HASH_SHA256, out, &err), 0);
	module_close(m);

	buf_free(&b);
	make_elf(&(struct fixture_elf){ .wide = true, .text = 900000 }, &b);
	write_buf(path, &b);
	m = open_ok(path, 0);
	assert_int_equal(truncate(path, 150000), 0);
	assert_int_equal(module_digest(m, b.len, MS_HASH_SHA256, out, &err), MS_ERR_MODULE);
	assert_contains(err.message, path);
	assert_contains(err.message, "became shorter");
	assert_int_equal(module_digest(m, b.len + 1, MS_HASH_SHA256, out, &err), MS_ERR_MODULE);
	module_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_no_permission),
		cmocka_unit_test(test_symbolic_link),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_shrinks),
	};

	return cmocka_run_group_tests(tests, dir_setup, dir_teardown);
}
