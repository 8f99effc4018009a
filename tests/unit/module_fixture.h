/* SPDX-License-Identifier: Apache-2.0 */
/* Small modules, tails and directories for the tests of src/module. Include after cmocka.h. */
#ifndef MODSEAL_TESTS_MODULE_FIXTURE_H
#define MODSEAL_TESTS_MODULE_FIXTURE_H

#include "src/base/buf.h"
#include "src/base/file.h"
#include "src/module/module.h"

#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURE_VERMAGIC "6.1.0-0-test SMP preempt mod_unload "

/* How an ELF file is to look. */
struct fixture_elf {
	bool wide, big;  /* 64 bit; most significant byte first */
	bool extended;   /* section numbers in section 0 */
	uint16_t type;   /* 0: ET_REL */
	const char *modinfo; /* NULL: the usual */
	size_t modinfo_len;
	size_t text;         /* bytes of .text; 0: 64 */
};

enum { FIXTURE_NULL, FIXTURE_TEXT, FIXTURE_MODINFO, FIXTURE_BSS, FIXTURE_NAMES, FIXTURE_SECTIONS };

static inline void put(struct buf *b, bool big, uint64_t value, size_t size)
{
	uint8_t raw[8];

	for (size_t i = 0; i < size; i++)
		raw[big ? size - 1 - i : i] = (uint8_t)(value >> (8 * i));
	assert_int_equal(buf_add(b, raw, size), 0);
}

static inline void put_section(struct buf *b, const struct fixture_elf *f, uint32_t name,
	uint32_t type, uint64_t offset, uint64_t size, uint32_t link)
{
	size_t word = f->wide ? 8 : 4;

	put(b, f->big, name, 4);
	put(b, f->big, type, 4);
	put(b, f->big, 0, word); /* sh_flags */
	put(b, f->big, 0, word); /* sh_addr */
	put(b, f->big, offset, word);
	put(b, f->big, size, word);
	put(b, f->big, link, 4);
	put(b, f->big, 0, 4);    /* sh_info */
	put(b, f->big, 1, word); /* sh_addralign */
	put(b, f->big, 0, word); /* sh_entsize */
}

/* header, .text, .modinfo, .shstrtab, section header table */
static inline void make_elf(const struct fixture_elf *f, struct buf *b)
{
	static const char names[] = "\0.text\0.modinfo\0.bss\0.shstrtab";
	static const char usual[] = "license=GPL\0vermagic=" FIXTURE_VERMAGIC "\0name=fixture";
	const char *modinfo = f->modinfo ? f->modinfo : usual;
	size_t modinfo_len = f->modinfo ? f->modinfo_len : sizeof(usual);
	size_t word = f->wide ? 8 : 4, ehdr = f->wide ? 64 : 52, text = f->text ? f->text : 64;
	size_t shoff = ehdr + text + modinfo_len + sizeof(names);
	uint8_t ident[EI_NIDENT] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
		f->wide ? ELFCLASS64 : ELFCLASS32, f->big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT };
	uint32_t seed = 1;

	buf_free(b);
	assert_int_equal(buf_add(b, ident, sizeof(ident)), 0);
	put(b, f->big, f->type ? f->type : ET_REL, 2);
	put(b, f->big, EM_X86_64, 2);
	put(b, f->big, EV_CURRENT, 4);
	put(b, f->big, 0, word); /* e_entry */
	put(b, f->big, 0, word); /* e_phoff */
	put(b, f->big, shoff, word);
	put(b, f->big, 0, 4); /* e_flags */
	put(b, f->big, ehdr, 2);
	put(b, f->big, 0, 2); /* e_phentsize */
	put(b, f->big, 0, 2); /* e_phnum */
	put(b, f->big, f->wide ? 64 : 40, 2);
	put(b, f->big, f->extended ? 0 : FIXTURE_SECTIONS, 2);
	put(b, f->big, f->extended ? SHN_XINDEX : FIXTURE_NAMES, 2);
	assert_int_equal(b->len, ehdr);
	for (size_t i = 0; i < text; i++) {
		seed = seed * 1103515245 + 12345;
		put(b, false, seed >> 16, 1);
	}
	assert_int_equal(buf_add(b, modinfo, modinfo_len), 0);
	assert_int_equal(buf_add(b, names, sizeof(names)), 0);
	assert_int_equal(b->len, shoff);
	put_section(b, f, 0, SHT_NULL, 0, f->extended ? FIXTURE_SECTIONS : 0,
		f->extended ? FIXTURE_NAMES : 0);
	put_section(b, f, 1, SHT_PROGBITS, ehdr, text, 0);
	put_section(b, f, 7, SHT_PROGBITS, ehdr + text, modinfo_len, 0);
	put_section(b, f, 16, SHT_NOBITS, shoff, 0x7fffffff, 0);
	put_section(b, f, 21, SHT_STRTAB, ehdr + text + modinfo_len, sizeof(names), 0);
}

/* The usual one: 64 bit, least significant byte first. */
static inline void make_module(struct buf *b)
{
	make_elf(&(struct fixture_elf){ .wide = true }, b);
}

/* What starts like a CMS SignedData and is `len` (more than 20) bytes of DER. */
static inline void make_cms(size_t len, struct buf *b)
{
	static const uint8_t oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07,
		0x02 };

	buf_free(b);
	put(b, true, 0x30, 1);
	if (len - 2 < 0x80) {
		put(b, true, len - 2, 1);
	} else if (len - 3 < 0x100) {
		put(b, true, 0x81, 1);
		put(b, true, len - 3, 1);
	} else {
		put(b, true, 0x82, 1);
		put(b, true, len - 4, 2);
	}
	assert_int_equal(buf_add(b, oid, sizeof(oid)), 0);
	while (b->len < len)
		put(b, true, 0xa5, 1);
}

static inline void add_buf(struct buf *to, const struct buf *from)
{
	assert_int_equal(buf_add(to, from->data, from->len), 0);
}

/* Appends a whole tail with a CMS of that length. */
static inline void add_tail(struct buf *b, size_t cms_len)
{
	AUTO_BUF struct buf cms = { 0 };
	AUTO_BUF struct buf tail = { 0 };

	make_cms(cms_len, &cms);
	assert_int_equal(module_tail_build(cms.data, cms.len, &tail, NULL), 0);
	add_buf(b, &tail);
}

/* A directory of the test's own, in *state from setup to teardown. */
static inline int dir_setup(void **state)
{
	char *dir = strdup("/tmp/modseal-unit-XXXXXX");

	if (!dir || !mkdtemp(dir))
		return -1;
	*state = dir;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline int dir_teardown(void **state)
{
	int r = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return r;
}

/* DIR/NAME; static storage, eight of them in turn. */
static inline const char *in_dir(void **state, const char *name)
{
	static char paths[8][512];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", (const char *)*state, name);
	return path;
}

static inline void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, data, len), 0);
	close(fd);
}

static inline void write_buf(const char *path, const struct buf *b)
{
	write_file(path, b->data, b->len);
}

static inline void assert_holds(const char *path, const struct buf *b)
{
	AUTO_BUF struct buf is = { 0 };

	assert_int_equal(file_read(path, 1 << 26, &is, NULL), 0);
	assert_int_equal(is.len, b->len);
	assert_memory_equal(is.data, b->data, b->len);
}

static inline struct module *open_ok(const char *path, unsigned flags)
{
	struct ms_error err = { 0 };
	struct module *m = NULL;

	if (module_open(path, flags, &m, &err))
		fail_msg("%s", err.message);
	return m;
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in '%s'", part, text);
}

/* Opening fails with that code, and the message has the path and `part`. */
static inline void assert_refused(const char *path, unsigned flags, int code, const char *part)
{
	struct ms_error err = { 0 };
	struct module *m = NULL;

	assert_int_equal(module_open(path, flags, &m, &err), code);
	assert_null(m);
	assert_int_equal(err.code, code);
	assert_contains(err.message, path);
	assert_contains(err.message, part);
}

#endif
