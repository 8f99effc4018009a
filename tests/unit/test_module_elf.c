/* SPDX-License-Identifier: Apache-2.0 */
/* Where a module's own bytes end, from headers of every kind, hostile ones included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "module_fixture.h"

#include <dirent.h>

static const struct fixture_elf kinds[] = {
	{ .wide = true },
	{ .wide = true, .big = true },
	{ .wide = false },
	{ .wide = false, .big = true },
	{ .wide = true, .extended = true },
	{ .wide = false, .big = true, .extended = true },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void test_kinds(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	for (size_t i = 0; i < N_KINDS; i++) {
		const char *path = in_dir(state, "m.ko");
		struct module *m;

		make_elf(&kinds[i], &b);
		write_buf(path, &b);
		m = open_ok(path, 0);
		assert_true(m->elf_rel);
		assert_int_equal(m->elf_end, b.len);
		assert_string_equal(m->vermagic, FIXTURE_VERMAGIC);
		assert_string_equal(m->name, "fixture");
		assert_int_equal(m->compression, MODULE_PLAIN);
		module_close(m);
	}
}

static void test_compiled(void **state)
{
	struct module *m = open_ok(FIXTURE_KO, 0);

	assert_true(m->elf_rel);
	assert_int_equal(m->elf_end, m->size);
	assert_string_equal(m->vermagic, "6.1.0-0-compiled SMP ");
	assert_string_equal(m->name, "fixture_ko");
	module_close(m);
}

static void test_bytes_behind(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct module *m;
	size_t end;

	make_module(&b);
	end = b.len;
	put(&b, true, 0x0102030405060708, 8);
	write_buf(path, &b);
	m = open_ok(path, 0);
	assert_int_equal(m->elf_end, end);
	assert_int_equal(m->size, end + 8);
	module_close(m);
}

/* Sections may stand behind the section header table. */
static void test_table_first(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct module *m;
	size_t table, end;
	uint64_t offset;

	make_module(&b);
	table = b.len - FIXTURE_SECTIONS * sizeof(Elf64_Shdr);
	end = b.len + 500;
	offset = b.len;
	memcpy(b.data + table + FIXTURE_TEXT * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_offset),
		&offset, 8);
	offset = 500;
	memcpy(b.data + table + FIXTURE_TEXT * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size),
		&offset, 8);
	while (b.len < end)
		put(&b, true, 0x55, 1);
	write_buf(path, &b);
	m = open_ok(path, 0);
	assert_int_equal(m->elf_end, end);
	module_close(m);
}

static void test_truncated_at_every_byte(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	for (size_t i = 0; i < N_KINDS; i++) {
		const char *path = in_dir(state, "m.ko");

		make_elf(&kinds[i], &b);
		while (--b.len) {
			struct module *m;

			write_buf(path, &b);
			assert_refused(path, 0, MS_ERR_MODULE, "is not a kernel module: it");
			m = open_ok(path, MODULE_ANY_FILE);
			assert_false(m->elf_rel);
			assert_int_equal(m->elf_end, 0);
			assert_int_equal(m->bare_len, b.len);
			module_close(m);
		}
	}
}

static void test_other_files(void **state)
{
	static const struct {
		uint16_t type;
		const char *what;
	} types[] = {
		{ ET_EXEC, "an ELF executable" },
		{ ET_DYN, "an ELF shared object" },
		{ ET_CORE, "a core dump" },
		{ 0xfe00, "not a relocatable one" },
	};
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		make_elf(&(struct fixture_elf){ .wide = true, .type = types[i].type }, &b);
		write_buf(path, &b);
		assert_refused(path, 0, MS_ERR_MODULE, types[i].what);
	}
	write_file(path, "#!/bin/sh\necho a script that is longer than any header\n", 54);
	assert_refused(path, 0, MS_ERR_MODULE, "not an ELF file");
	write_file(path, "\177ELF", 4);
	assert_refused(path, 0, MS_ERR_MODULE, "not an ELF file");
	make_module(&b);
	b.data[EI_CLASS] = 3;
	write_buf(path, &b);
	assert_refused(path, 0, MS_ERR_MODULE, "its ELF header is damaged");
}

static void set64(struct buf *b, size_t at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		b->data[at + (size_t)i] = (uint8_t)(value >> (8 * i));
}

static void test_hostile(void **state)
{
	static const uint64_t values[] = { UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 63,
		(uint64_t)INT64_MAX, (uint64_t)INT64_MAX + 1, UINT32_MAX, 1 << 20 };
	static const size_t fields[] = { offsetof(Elf64_Shdr, sh_offset),
		offsetof(Elf64_Shdr, sh_size) };
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		make_module(&b);
		set64(&b, offsetof(Elf64_Ehdr, e_shoff), values[i]);
		write_buf(path, &b);
		assert_refused(path, 0, MS_ERR_MODULE, "cut off or is damaged");
		for (size_t k = 0; k < 2; k++) {
			make_module(&b);
			set64(&b, b.len - 4 * sizeof(Elf64_Shdr) + fields[k], values[i]);
			write_buf(path, &b);
			assert_refused(path, 0, MS_ERR_MODULE, "cut off or is damaged");
		}
		make_elf(&(struct fixture_elf){ .wide = true, .extended = true }, &b);
		set64(&b, b.len - 5 * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size),
			values[i]);
		write_buf(path, &b);
		assert_refused(path, 0, MS_ERR_MODULE, "cut off or is damaged");
	}
	/* a section of no type describes nothing */
	make_module(&b);
	set64(&b, b.len - 5 * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size), UINT64_MAX);
	write_buf(path, &b);
	module_close(open_ok(path, 0));
	make_module(&b);
	b.data[offsetof(Elf64_Ehdr, e_shentsize)] = 63;
	write_buf(path, &b);
	assert_refused(path, 0, MS_ERR_MODULE, "e_shentsize");
	make_module(&b);
	b.data[offsetof(Elf64_Ehdr, e_shnum)] = 0;
	write_buf(path, &b);
	assert_refused(path, 0, MS_ERR_MODULE, "without sections");
}

static void test_modinfo(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *vermagic, *name;
	} cases[] = {
		{ "vermagic=1\0vermagic=2", 22, "1", NULL },
		{ "name=unterminated", 17, NULL, "unterminated" },
		{ "vermagic=", 10, "", NULL },
		{ "vermagic=a\033[2Jb\0name=x", 23, NULL, "x" },
		{ "xvermagic=1\0vermagicx=2\0vermagic", 33, NULL, NULL },
		{ "\0\0\0name=x\0\0", 11, NULL, "x" },
		{ "\0", 1, NULL, NULL },
	};
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct module *m;

		make_elf(&(struct fixture_elf){ .wide = true, .modinfo = cases[i].text,
				 .modinfo_len = cases[i].len },
			&b);
		write_buf(path, &b);
		m = open_ok(path, 0);
		if (cases[i].vermagic)
			assert_string_equal(m->vermagic, cases[i].vermagic);
		else
			assert_null(m->vermagic);
		if (cases[i].name)
			assert_string_equal(m->name, cases[i].name);
		else
			assert_null(m->name);
		module_close(m);
	}
}

/* Whatever the bytes are: no crash (the sanitizers watch), and what comes out is consistent. */
static void open_any(const char *path, uint64_t size)
{
	for (unsigned flags = 0; flags <= MODULE_ANY_FILE; flags++) {
		struct ms_error err = { 0 };
		struct module *m = NULL;
		int r = module_open(path, flags, &m, &err);

		if (r) {
			assert_int_equal(r, MS_ERR_MODULE);
			assert_false(flags & MODULE_ANY_FILE);
			continue;
		}
		assert_int_equal(m->size, size);
		assert_in_range(m->bare_len, 1, size);
		if (m->elf_rel)
			assert_in_range(m->elf_end, 52, m->bare_len);
		else
			assert_int_equal(m->elf_end, 0);
		module_close(m);
	}
}

static void poke(int fd, size_t at, uint8_t value)
{
	assert_int_equal(pwrite(fd, &value, 1, (off_t)at), 1);
}

static void test_every_header_byte(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");

	for (size_t i = 0; i < N_KINDS; i++) {
		size_t table;
		int fd;

		make_elf(&kinds[i], &b);
		table = b.len - FIXTURE_SECTIONS * (kinds[i].wide ? sizeof(Elf64_Shdr)
								   : sizeof(Elf32_Shdr));
		write_buf(path, &b);
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_true(fd >= 0);
		for (size_t at = 0; at < b.len; at++) {
			if (at == 64)
				at = table;
			for (size_t v = 0; v < sizeof(values); v++) {
				poke(fd, at, values[v]);
				open_any(path, b.len);
			}
			poke(fd, at, b.data[at]);
		}
		close(fd);
	}
}

static uint32_t random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void test_random_damage(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");
	uint32_t seed = 20240229;
	int fd;

	assert_int_equal(file_read(FIXTURE_KO, 1 << 20, &b, NULL), 0);
	add_tail(&b, 80);
	write_buf(path, &b);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	for (int round = 0; round < 3000; round++) {
		size_t at[6];

		for (int i = 0; i < 6; i++) {
			/* header, tail, table, or anywhere */
			static const size_t from_end[] = { 0, 120, 1500 };
			uint32_t where = random_next(&seed) % 4;
			size_t span = where == 0 ? 64 : where == 3 ? b.len : from_end[where];

			at[i] = random_next(&seed) % span;
			if (where == 1 || where == 2)
				at[i] = b.len - 1 - at[i] % b.len;
			poke(fd, at[i], (uint8_t)(random_next(&seed) >> 8));
		}
		open_any(path, b.len);
		for (int i = 0; i < 6; i++)
			poke(fd, at[i], b.data[at[i]]);
	}
	close(fd);
	assert_holds(path, &b);
}

static unsigned check_tree(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		char path[4096];
		size_t len = strlen(e->d_name);

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_type == DT_DIR) {
			n += check_tree(path);
		} else if (e->d_type == DT_REG && len > 3 && !strcmp(e->d_name + len - 3, ".ko")) {
			struct module *m = open_ok(path, 0);

			assert_true(m->elf_rel);
			assert_int_equal(m->elf_end, m->bare_len);
			assert_non_null(m->vermagic);
			assert_non_null(m->name);
			module_close(m);
			n++;
		}
	}
	closedir(d);
	return n;
}

/* Modules that a distribution built, when there are some. */
static void test_real(void **state)
{
	const char *dir = getenv("MODSEAL_TEST_MODULES");

	if (!dir)
		skip();
	assert_true(check_tree(dir) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_compiled),
		cmocka_unit_test(test_bytes_behind),
		cmocka_unit_test(test_table_first),
		cmocka_unit_test(test_truncated_at_every_byte),
		cmocka_unit_test(test_other_files),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_modinfo),
		cmocka_unit_test(test_every_header_byte),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, dir_setup, dir_teardown);
}
