/* SPDX-License-Identifier: Apache-2.0 */
/* What a module that is written back keeps besides its content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "module_write_fixture.h"

#include <errno.h>
#include <sys/xattr.h>

static void test_access_time(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct module *m = module_at(path, 64, &before, &after);
	struct stat now;

	m->st.st_atim = (struct timespec){ .tv_sec = 1000000000, .tv_nsec = 123456789 };
	write_ok(m, NULL);
	assert_int_equal(stat(path, &now), 0);
	assert_int_equal(now.st_atim.tv_sec, 1000000000);
	assert_int_equal(now.st_atim.tv_nsec, 123456789);
}

static void test_owner_and_mode(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct stat st;

	if (geteuid() != 0)
		skip();
	module_close(module_at(path, 64, &before, &after));
	assert_int_equal(chown(path, 1234, 4321), 0);
	assert_int_equal(chmod(path, 04751), 0);
	write_ok(open_ok(path, 0), NULL);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 4321);
	assert_int_equal(st.st_mode, S_IFREG | 04751);
}

/* Who may replace the file but not give it away owns the new one; nobody's rights are lent. */
static void test_owner_lost(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct ms_error err = { 0 };
	struct module *m;
	struct stat st;
	int r;

	if (geteuid() != 0)
		skip();
	module_close(module_at(path, 64, &before, &after));
	assert_int_equal(chown(path, 1234, 4321), 0);
	assert_int_equal(chmod(path, 06755), 0);
	assert_int_equal(chmod(*state, 0777), 0);
	m = open_ok(path, 0);
	assert_int_equal(seteuid(NOBODY), 0);
	r = module_write(m, m->bare_len, TAIL, NULL, &err);
	assert_int_equal(seteuid(0), 0);
	module_close(m);
	assert_int_equal(r, 0);
	assert_holds(path, &after);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, NOBODY);
	assert_int_equal(st.st_mode, S_IFREG | 0755);
}

static void test_attributes(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");
	char value[300], got[300];
	bool ima;

	module_close(module_at(path, 64, &before, &after));
	memset(value, 'v', sizeof(value));
	if (setxattr(path, "user.one", "1", 1, 0) < 0 && errno == ENOTSUP)
		skip();
	assert_int_equal(setxattr(path, "user.long", value, sizeof(value), 0), 0);
	assert_int_equal(setxattr(path, "user.empty", "", 0, 0), 0);
	/* they cover the old content; may not be allowed here */
	ima = !setxattr(path, "security.ima", "\4\4", 2, 0);
	write_ok(open_ok(path, 0), NULL);
	assert_int_equal(getxattr(path, "user.one", got, sizeof(got)), 1);
	assert_int_equal(getxattr(path, "user.empty", got, sizeof(got)), 0);
	assert_int_equal(getxattr(path, "user.long", got, sizeof(got)), sizeof(value));
	assert_memory_equal(got, value, sizeof(value));
	if (ima)
		assert_int_equal(getxattr(path, "security.ima", got, sizeof(got)), -1);
}

#define ACL_ENTRY(tag, perm, id) tag, 0, perm, 0, id, id, id, id
/* A POSIX ACL as the kernel has it: user::rw-, user:7:r--, group::r--, mask::r--, other::--- */
static const uint8_t acl[] = { 2, 0, 0, 0, ACL_ENTRY(1, 6, 0xff), 2, 0, 4, 0, 7, 0, 0, 0,
	ACL_ENTRY(4, 4, 0xff), ACL_ENTRY(0x10, 4, 0xff), ACL_ENTRY(0x20, 0, 0xff) };

static void test_acl(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");
	uint8_t got[100];
	struct stat st;

	module_close(module_at(path, 64, &before, &after));
	if (setxattr(path, "system.posix_acl_access", acl, sizeof(acl), 0) < 0 &&
		errno == ENOTSUP)
		skip();
	write_ok(open_ok(path, 0), NULL);
	assert_int_equal(getxattr(path, "system.posix_acl_access", got, sizeof(got)), sizeof(acl));
	assert_memory_equal(got, acl, sizeof(acl));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

/* The directory's default ACL is for new files; to everybody this one is an old one. */
static void test_default_acl(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *dir = in_dir(state, "sub"), *path = in_dir(state, "sub/m.ko");
	uint8_t got[100];
	struct stat st;

	assert_int_equal(mkdir(dir, 0755), 0);
	module_close(module_at(path, 64, &before, &after));
	if (setxattr(dir, "system.posix_acl_default", acl, sizeof(acl), 0) < 0 && errno == ENOTSUP)
		skip();
	write_ok(open_ok(path, 0), NULL);
	assert_int_equal(getxattr(path, "system.posix_acl_access", got, sizeof(got)), -1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

/* Another file system may have no extended attributes at all. */
static void test_no_attributes_there(void **state)
{
	AUTO_BUF struct buf before = { 0 };
	AUTO_BUF struct buf after = { 0 };
	const char *path = in_dir(state, "m.ko");
	const char *dir = mounted(state, "ramfs", NULL);
	const char *dest = in_dir(state, "small/m.ko");

	module_close(module_at(path, 64, &before, &after));
	if (setxattr(path, "user.one", "1", 1, 0) < 0 && errno == ENOTSUP)
		skip();
	write_ok(open_ok(path, 0), dest);
	assert_holds(dest, &after);
	assert_int_equal(umount(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_access_time),
		TEST(test_owner_and_mode),
		TEST(test_owner_lost),
		TEST(test_attributes),
		TEST(test_acl),
		TEST(test_default_acl),
		TEST(test_no_attributes_there),
	};

	return cmocka_run_group_tests(tests, dir_setup, dir_teardown);
}
