/* SPDX-License-Identifier: Apache-2.0 */
/* Writing back: the file is what it was or all new, wherever it goes and whatever fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "module_write_fixture.h"

#include <sys/stat.h>

static void test_in_place(void **state)
{
	static const size_t sizes[] = { 64, 131072, 500000 };
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct timespec old[2] = { { .tv_sec = 1000000000, .tv_nsec = 123456789 },
			{ .tv_sec = 1100000000 } };
		struct stat then, now;
		struct module *m;

		module_close(module_at(path, sizes[i], &before, &after));
		assert_int_equal(chmod(path, 0640), 0);
		assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
		m = open_ok(path, 0);
		then = m->st;
		write_ok(m, NULL);
		assert_holds(path, &after);
		assert_int_equal(stat(path, &now), 0);
		assert_int_equal(now.st_mode, S_IFREG | 0640);
		assert_int_equal(now.st_uid, then.st_uid);
		assert_int_equal(now.st_gid, then.st_gid);
		assert_int_not_equal(now.st_ino, then.st_ino);
		assert_true(now.st_mtim.tv_sec > 1600000000);
		/* but for what reading it with assert_holds() did */
		assert_true(now.st_atim.tv_sec == 1000000000 || now.st_atim.tv_sec > 1600000000);
		assert_entries(*state, 1);
	}
}

/* Replacing a signature, and taking it away. */
static void test_keep_less(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct ms_error err = { 0 };
	struct module *m;
	size_t end;

	make_module(&b);
	end = b.len;
	add_tail(&b, 3000);
	write_buf(path, &b);
	m = open_ok(path, 0);
	b.len = end;
	add_tail(&b, 50);
	assert_int_equal(module_write(m, m->bare_len, b.data + end, b.len - end, NULL, &err), 0);
	module_close(m);
	assert_holds(path, &b);

	m = open_ok(path, 0);
	assert_int_equal(m->tail, MODULE_SIGNED);
	assert_int_equal(module_write(m, m->bare_len, NULL, 0, NULL, &err), 0);
	module_close(m);
	b.len = end;
	assert_holds(path, &b);

	m = open_ok(path, 0);
	assert_int_equal(module_write(m, m->size + 1, TAIL, NULL, &err), MS_ERR_USAGE);
	assert_int_equal(module_write(m, 0, NULL, 0, NULL, &err), MS_ERR_USAGE);
	module_close(m);
	assert_holds(path, &b);
	assert_entries(*state, 1);
}

static void test_compressed(void **state)
{
	static const char *const tools[] = { "gzip -n", "xz --check=crc64 -9", "zstd -q -19" };
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko"), *packed = in_dir(state, "m.ko.packed");

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		struct module *m = module_at(path, 200000, &before, &after);
		enum module_compression compression;
		char command[512];
		uint8_t *content;

		module_close(m);
		snprintf(command, sizeof(command), "%s -c <%s >%s", tools[i], path, packed);
		assert_int_equal(system(command), 0);
		assert_int_equal(chmod(packed, 0604), 0);
		m = open_ok(packed, 0);
		compression = m->compression;
		assert_int_not_equal(compression, MODULE_PLAIN);
		write_ok(m, NULL);

		m = open_ok(packed, 0);
		assert_int_equal(m->compression, compression);
		assert_int_equal(m->size, after.len);
		content = malloc(after.len);
		assert_non_null(content);
		assert_int_equal(module_read(m, 0, content, after.len, NULL), 0);
		assert_memory_equal(content, after.data, after.len);
		free(content);
		assert_int_equal(m->st.st_mode & 07777, 0604);
		module_close(m);
		snprintf(command, sizeof(command), "%s -dc <%s | cmp -s - %s", tools[i], packed,
			path);
		write_buf(path, &after);
		assert_int_equal(system(command), 0);
	}
	assert_entries(*state, 2);
}

static void test_dest(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko"), *dest = in_dir(state, "out.ko");
	struct stat st;

	write_ok(module_at(path, 200000, &before, &after), dest);
	assert_holds(path, &before);
	assert_holds(dest, &after);
	assert_int_equal(stat(dest, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);

	/* over a file that is there, and through a link to it */
	write_file(dest, "old", 3);
	write_ok(open_ok(path, 0), dest);
	assert_holds(dest, &after);
	write_file(dest, "old", 3);
	assert_int_equal(symlink("out.ko", in_dir(state, "link")), 0);
	write_ok(open_ok(path, 0), in_dir(state, "link"));
	assert_holds(dest, &after);
	assert_int_equal(lstat(in_dir(state, "link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_entries(*state, 3);
}

static void test_relative_dest(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");
	char *old = getcwd(NULL, 0);

	assert_non_null(old);
	assert_int_equal(chdir(*state), 0);
	write_ok(module_at(path, 64, &before, &after), "out.ko");
	write_ok(open_ok("m.ko", 0), "./m.ko"); /* the module by another path: in place */
	assert_int_equal(chdir(old), 0);
	free(old);
	assert_holds(in_dir(state, "out.ko"), &after);
	assert_holds(path, &after);
	assert_entries(*state, 2);
}

static void test_dest_refused(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");
	char slash[512];

	module_close(module_at(path, 64, &before, &after));
	write_fails(open_ok(path, 0), *state, MS_ERR_IO, "is a directory");
	assert_int_equal(mkfifo(in_dir(state, "fifo"), 0600), 0);
	write_fails(open_ok(path, 0), in_dir(state, "fifo"), MS_ERR_IO, "not a regular file");
	assert_int_equal(symlink("nowhere", in_dir(state, "dangling")), 0);
	write_fails(open_ok(path, 0), in_dir(state, "dangling"), MS_ERR_IO, "No such file");
	write_fails(open_ok(path, 0), in_dir(state, "missing/m.ko"), MS_ERR_IO, "No such file");
	write_fails(open_ok(path, 0), in_dir(state, "m.ko/m.ko"), MS_ERR_IO, "Not a directory");
	snprintf(slash, sizeof(slash), "%s/new/", (const char *)*state);
	write_fails(open_ok(path, 0), slash, MS_ERR_IO, "the name of a directory");
	write_fails(open_ok(path, 0), "", MS_ERR_IO, "");
	assert_holds(path, &before);
	assert_entries(*state, 3);
}

static void test_long_name(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	char name[256], path[512];

	memset(name, 'n', sizeof(name) - 1);
	name[255] = '\0';
	snprintf(path, sizeof(path), "%s/%s", (const char *)*state, name);
	write_ok(module_at(path, 64, &before, &after), NULL);
	assert_holds(path, &after);
	assert_entries(*state, 1);
}

static void test_links(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko"), *other = in_dir(state, "other.ko"),
		   *symbolic = in_dir(state, "symbolic.ko");
	struct module *m = module_at(path, 64, &before, &after);
	struct stat st;

	module_close(m);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(symlink("m.ko", symbolic), 0);
	write_ok(open_ok(symbolic, 0), NULL);
	assert_int_equal(lstat(symbolic, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_holds(path, &after);
	assert_holds(other, &before);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_entries(*state, 3);
}

/* Both names of one file are being signed at once: the first rename touches the other's ctime. */
static void test_hard_links_at_once(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko"), *other = in_dir(state, "other.ko");
	struct module *m, *n;

	module_close(module_at(path, 64, &before, &after));
	assert_int_equal(link(path, other), 0);
	m = open_ok(path, 0);
	n = open_ok(other, 0);
	usleep(20000);
	write_ok(m, NULL);
	write_ok(n, NULL);
	assert_holds(path, &after);
	assert_holds(other, &after);
}

static void test_changed_meanwhile(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko"), *dest = in_dir(state, "out.ko");
	struct timespec times[2];
	struct module *m;
	int fd;

	/* it grew */
	m = module_at(path, 64, &before, &after);
	write_buf(path, &after);
	write_fails(m, NULL, MS_ERR_MODULE, "was changed by something else");
	assert_holds(path, &after);
	/* the same with another destination: what was digested is not what would be copied */
	m = module_at(path, 64, &before, &after);
	write_buf(path, &after);
	{
		struct ms_error err = { 0 };

		assert_int_equal(module_write(m, m->bare_len, TAIL, dest, &err), MS_ERR_MODULE);
		assert_contains(err.message, "was changed");
		module_close(m);
	}
	/* other bytes, as many, and the old time of change put back */
	m = module_at(path, 64, &before, &after);
	times[0] = m->st.st_atim;
	times[1] = m->st.st_mtim;
	usleep(20000);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 100), 1);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	write_fails(m, NULL, MS_ERR_MODULE, "was changed");
	/* another file has the name */
	m = module_at(path, 64, &before, &after);
	write_file(in_dir(state, "new"), "new", 3);
	assert_int_equal(rename(in_dir(state, "new"), path), 0);
	write_fails(m, NULL, MS_ERR_MODULE, "was changed");
	/* nobody has it */
	m = module_at(path, 64, &before, &after);
	assert_int_equal(unlink(path), 0);
	write_fails(m, NULL, MS_ERR_MODULE, "was changed");
	assert_entries(*state, 0);
	/* it shrank */
	m = module_at(path, 300000, &before, &after);
	assert_int_equal(truncate(path, 200000), 0);
	write_fails(m, NULL, MS_ERR_MODULE, "was changed");
	m = module_at(path, 900000, &before, &after);
	assert_int_equal(truncate(path, 200000), 0);
	write_fails(m, NULL, MS_ERR_MODULE, "became shorter");
	assert_entries(*state, 1);
}

static void test_read_only_directory(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct module *m = module_at(path, 64, &before, &after);
	struct ms_error err = { 0 };
	bool root = geteuid() == 0;
	int r;

	assert_int_equal(chmod(*state, 0555), 0);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	r = module_write(m, m->bare_len, TAIL, NULL, &err);
	if (root)
		assert_int_equal(seteuid(0), 0);
	module_close(m);
	assert_int_equal(r, MS_ERR_IO);
	assert_contains(err.message, path);
	assert_contains(err.message, "temporary file in");
	assert_contains(err.message, "Permission denied");
	assert_true(err.hint[0]);
	assert_holds(path, &before);
	assert_entries(*state, 1);
}

static void test_no_space(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *dir = mounted(state, "tmpfs", "size=256k");
	const char *path = in_dir(state, "small/m.ko"), *big = in_dir(state, "big.ko");
	struct ms_error err = { 0 };
	struct module *m;

	/* in place: twice the file does not fit; the copy or the tail is what fails */
	for (size_t size = 120000; size <= 200000; size += 80000) {
		m = module_at(path, size, &before, &after);
		if (size == 120000) {
			static uint8_t large[60000];

			assert_int_equal(
				module_write(m, m->bare_len, large, sizeof(large), NULL, &err),
				MS_ERR_IO);
			assert_contains(err.message, "No space left");
			assert_contains(err.message, path);
			assert_contains(err.hint, "Free some space");
			module_close(m);
		} else {
			write_fails(m, NULL, MS_ERR_IO, "No space left");
		}
		assert_holds(path, &before);
		assert_entries(dir, 1);
	}
	assert_int_equal(unlink(path), 0);
	/* from another file system */
	m = module_at(big, 400000, &before, &after);
	write_fails(m, path, MS_ERR_IO, "No space left");
	assert_entries(dir, 0);
	assert_holds(big, &before);
	/* what does fit crosses */
	write_ok(module_at(big, 200000, &before, &after), path);
	assert_holds(path, &after);
	assert_entries(dir, 1);

	m = open_ok(path, 0);
	assert_int_equal(mount("none", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	write_fails(m, NULL, MS_ERR_IO, "Read-only file system");
	assert_holds(path, &after);
	assert_int_equal(umount(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_place),
		TEST(test_keep_less),
		TEST(test_compressed),
		TEST(test_dest),
		TEST(test_relative_dest),
		TEST(test_dest_refused),
		TEST(test_long_name),
		TEST(test_links),
		TEST(test_hard_links_at_once),
		TEST(test_changed_meanwhile),
		TEST(test_read_only_directory),
		TEST(test_no_space),
	};

	return cmocka_run_group_tests(tests, dir_setup, dir_teardown);
}
