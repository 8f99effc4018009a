/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of module_write(). Include after cmocka.h. */
#ifndef MODSEAL_TESTS_MODULE_WRITE_FIXTURE_H
#define MODSEAL_TESTS_MODULE_WRITE_FIXTURE_H

#include "module_fixture.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define NOBODY 65534

static const char tail[] = "a tail";
#define TAIL tail, sizeof(tail) - 1

/* Whether nothing but `n` entries is left in the directory: no temporary file. */
static inline void assert_entries(const char *dir, unsigned n)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned is = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		assert_null(strstr(e->d_name, ".modseal-"));
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			is++;
	}
	closedir(d);
	assert_int_equal(is, n);
}

/* Empties the directory between tests. */
static inline int empty_dir(void **state)
{
	DIR *d = opendir(*state);
	struct dirent *e;

	if (!d || chmod(*state, 0755) < 0)
		return -1;
	while ((e = readdir(d))) {
		char path[512];

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", (const char *)*state, e->d_name);
		nftw(path, remove_one, 4, FTW_DEPTH | FTW_PHYS);
	}
	closedir(d);
	return 0;
}

/* A module of `size` bytes of text at DIR/m.ko, opened; *after is what m.ko with TAIL is. */
static inline struct module *module_at(const char *path, size_t size, struct buf *before,
	struct buf *after)
{
	make_elf(&(struct fixture_elf){ .wide = true, .text = size }, before);
	write_buf(path, before);
	buf_free(after);
	add_buf(after, before);
	assert_int_equal(buf_add(after, TAIL), 0);
	return open_ok(path, 0);
}

static inline void write_ok(struct module *m, const char *dest)
{
	struct ms_error err = { 0 };

	if (module_write(m, m->bare_len, TAIL, dest, &err))
		fail_msg("%s", err.message);
	module_close(m);
}

static inline void write_fails(struct module *m, const char *dest, int code, const char *part)
{
	struct ms_error err = { 0 };

	assert_int_equal(module_write(m, m->bare_len, TAIL, dest, &err), code);
	assert_contains(err.message, dest ? dest : m->target);
	assert_contains(err.message, part);
	module_close(m);
}

/* A file system of its own on DIR/small, in a mount namespace of this process's own. */
static inline const char *mounted(void **state, const char *type, const char *options)
{
	const char *dir = in_dir(state, "small");

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
		mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	assert_int_equal(mkdir(dir, 0755), 0);
	if (mount("none", dir, type, 0, options) < 0)
		skip();
	return dir;
}

#define TEST(name) cmocka_unit_test_setup(name, empty_dir)

#endif
