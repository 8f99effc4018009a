/* SPDX-License-Identifier: Apache-2.0 */
/* Which files below a directory are modules to be dealt with. */
#include "src/base/error.h"

#include <modseal/module.h>

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/module_fixture.h"

static void file(void **state, const char *name)
{
	write_file(in_dir(state, name), name, strlen(name));
}

static void directory(void **state, const char *name)
{
	assert_int_equal(mkdir(in_dir(state, name), 0755), 0);
}

static void link_to(void **state, const char *target, const char *name)
{
	assert_int_equal(symlink(target, in_dir(state, name)), 0);
}

/* Walks and checks the results, a relative path each, NULL at the end. Each path leads there. */
static void assert_walk(const char *path, ...)
{
	struct ms_error err = { 0 };
	struct ms_walk *walk = NULL;
	const char *found, *relative, *expected;
	size_t len = strlen(path);
	struct stat st;
	va_list ap;

	if (ms_walk_open(path, 0, &walk, &err))
		fail_msg("%s", err.message);
	va_start(ap, path);
	while ((expected = va_arg(ap, const char *))) {
		assert_int_equal(ms_walk_next(walk, &found, &relative, &err), 1);
		assert_string_equal(relative, expected);
		assert_int_equal(access(found, F_OK), 0);
		assert_int_equal(lstat(found, &st), 0);
		assert_true(S_ISREG(st.st_mode) || !ms_walk_is_file(walk));
		assert_memory_equal(found, path, len);
		assert_string_equal(found + strlen(found) - strlen(relative), relative);
	}
	va_end(ap);
	assert_int_equal(ms_walk_next(walk, &found, &relative, &err), 0);
	assert_int_equal(ms_walk_next(walk, &found, &relative, &err), 0);
	ms_walk_close(walk);
}

static void names_that_modules_have(void **state)
{
	static const char *const yes[] = { "a.ko", "b.ko.gz", "c.ko.xz", "d.ko.zst", ".hidden.ko",
		"two.ko.ko", "with blank.ko" };
	static const char *const no[] = { "ko", ".ko", ".ko.xz", "a.ko.bz2", "a.ko.p7s", "a.KO",
		"a.kox", "a.o", "modules.dep", "a.ko~", "a.xz" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		file(state, yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		file(state, no[i]);
	assert_walk(*state, ".hidden.ko", "a.ko", "b.ko.gz", "c.ko.xz", "d.ko.zst", "two.ko.ko",
		"with blank.ko", NULL);
}

static void sorted_and_deep(void **state)
{
	directory(state, "b");
	directory(state, "b/deep");
	directory(state, "b/deep/deeper");
	directory(state, "empty");
	directory(state, "like.ko");
	file(state, "z.ko");
	file(state, "a.ko");
	file(state, "b/2.ko");
	file(state, "b/10.ko");
	file(state, "b/deep/deeper/x.ko");
	file(state, "like.ko/inside.ko");
	assert_walk(*state, "a.ko", "b/10.ko", "b/2.ko", "b/deep/deeper/x.ko", "like.ko/inside.ko",
		"z.ko", NULL);
}

static void slashes_at_the_end_and_dots(void **state)
{
	char path[PATH_MAX], here[PATH_MAX];

	directory(state, "sub");
	file(state, "sub/a.ko");
	snprintf(path, sizeof(path), "%s/sub", (char *)*state);
	assert_walk(path, "a.ko", NULL);
	strcat(path, "//");
	{
		struct ms_walk *walk;
		const char *found, *relative;

		assert_int_equal(ms_walk_open(path, 0, &walk, NULL), 0);
		assert_int_equal(ms_walk_next(walk, &found, &relative, NULL), 1);
		assert_string_equal(relative, "a.ko");
		ms_walk_close(walk); /* half way */
	}
	snprintf(path, sizeof(path), "%s/sub/../sub/.", (char *)*state);
	assert_walk(path, "a.ko", NULL);
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(in_dir(state, "sub")), 0);
	assert_walk(".", "a.ko", NULL);
	assert_walk("a.ko", "a.ko", NULL);
	assert_int_equal(chdir(here), 0);
}

static void links(void **state)
{
	directory(state, "tree");
	directory(state, "tree/sub");
	directory(state, "outside");
	directory(state, "tree-too"); /* begins like the tree's name */
	file(state, "outside/o.ko");
	file(state, "outside/data");
	file(state, "tree-too/data");
	file(state, "tree/sub/real.ko");
	file(state, "tree/sub/data");
	link_to(state, "../outside/o.ko", "tree/o.ko");
	link_to(state, "../outside/data", "tree/o2.ko");
	link_to(state, "../tree-too/data", "tree/o3.ko");
	link_to(state, "../outside", "tree/dir");
	link_to(state, "sub", "tree/again");
	link_to(state, "sub", "tree/dir.ko");
	link_to(state, ".", "tree/self");
	link_to(state, "sub/data", "tree/inside.ko");
	link_to(state, "inside.ko", "tree/two-steps.ko");
	link_to(state, "sub/real.ko", "tree/found-already.ko");
	link_to(state, "sub/real.ko", "tree/other-name");
	link_to(state, "nowhere", "tree/dangling.ko");
	link_to(state, "loop.ko", "tree/loop.ko");
	assert_walk(in_dir(state, "tree"), "inside.ko", "sub/real.ko", "two-steps.ko", NULL);
	/* the tree itself by a link */
	link_to(state, "tree", "link");
	assert_walk(in_dir(state, "link"), "inside.ko", "sub/real.ko", "two-steps.ko", NULL);
}

static void what_is_no_file(void **state)
{
	assert_int_equal(mkfifo(in_dir(state, "fifo.ko"), 0644), 0);
	link_to(state, "/dev/null", "device.ko");
	file(state, "a.ko");
	assert_walk(*state, "a.ko", NULL);
}

static void a_file_is_the_only_result(void **state)
{
	file(state, "any name");
	assert_walk(in_dir(state, "any name"), "any name", NULL);
	link_to(state, "any name", "link");
	assert_walk(in_dir(state, "link"), "link", NULL);
	assert_int_equal(mkfifo(in_dir(state, "fifo"), 0644), 0);
	assert_walk(in_dir(state, "fifo"), "fifo", NULL); /* whoever opens it will say what it is */
}

static void what_cannot_be_walked(void **state)
{
	struct ms_error err = { 0 };
	struct ms_walk *walk = NULL;
	const char *gone = in_dir(state, "gone");
	char *large;

	assert_int_equal(ms_walk_open(gone, 0, &walk, &err), MS_ERR_IO);
	assert_null(walk);
	assert_contains(err.message, gone);
	assert_contains(err.message, "No such file");
	assert_int_equal(ms_walk_open("", 0, &walk, &err), MS_ERR_IO);
	link_to(state, "loop", "loop");
	assert_int_equal(ms_walk_open(in_dir(state, "loop"), 0, &walk, &err), MS_ERR_IO);
	large = malloc(2 * PATH_MAX);
	memset(large, '/', 2 * PATH_MAX - 1);
	large[2 * PATH_MAX - 1] = '\0';
	assert_int_equal(ms_walk_open(large, 0, &walk, &err), MS_ERR_IO);
	free(large);
	assert_null(walk);
	ms_walk_close(NULL);
}

static void an_empty_directory(void **state)
{
	assert_walk(*state, NULL);
}

/* Permissions count only for who may not pass over them: in a child that drops that. */
static void in_child(void **state, int (*fn)(void **state))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(99);
		_exit(fn(state));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status))
		fail_msg("step %d", WEXITSTATUS(status));
}

static int walk_past_a_closed_directory(void **state)
{
	struct ms_error err = { 0 };
	struct ms_walk *walk = NULL;
	const char *path, *relative;

	if (ms_walk_open(*state, 0, &walk, &err))
		return 1;
	if (ms_walk_next(walk, &path, &relative, &err) != 1 || strcmp(relative, "a.ko") != 0)
		return 2;
	if (ms_walk_next(walk, &path, &relative, &err) != MS_ERR_IO)
		return 3;
	if (err.code != MS_ERR_IO || !strstr(err.message, "/closed") ||
		!strstr(err.message, "Permission denied"))
		return 4;
	if (ms_walk_next(walk, &path, &relative, &err) != 1 || strcmp(relative, "z.ko") != 0)
		return 5;
	if (ms_walk_next(walk, &path, &relative, &err) != 0)
		return 6;
	ms_walk_close(walk);
	return ms_walk_open(in_dir(state, "closed"), 0, &walk, &err) == MS_ERR_IO ? 0 : 7;
}

static void a_closed_directory_does_not_end_the_walk(void **state)
{
	file(state, "a.ko");
	directory(state, "closed");
	file(state, "closed/x.ko");
	file(state, "z.ko");
	assert_int_equal(chmod(in_dir(state, "closed"), 0), 0);
	assert_int_equal(chmod(*state, 0755), 0);
	in_child(state, walk_past_a_closed_directory);
	assert_int_equal(chmod(in_dir(state, "closed"), 0700), 0);
}

static void as_deep_as_paths_go(void **state)
{
	char here[PATH_MAX], name[101];
	struct ms_error err = { 0 };
	struct ms_walk *walk = NULL;
	const char *path, *relative;
	int r, files = 0, errors = 0;

	memset(name, 'd', 100);
	name[100] = '\0';
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(*state), 0);
	for (int depth = 0; depth < 60; depth++) { /* far beyond PATH_MAX */
		write_file("m.ko", "x", 1);
		assert_int_equal(mkdir(name, 0755), 0);
		assert_int_equal(chdir(name), 0);
	}
	assert_int_equal(chdir(here), 0);
	assert_int_equal(ms_walk_open(*state, 0, &walk, &err), 0);
	while ((r = ms_walk_next(walk, &path, &relative, &err))) {
		files += r > 0;
		errors += r < 0;
		assert_true(r > 0 || strstr(err.message, "File name too long"));
	}
	ms_walk_close(walk);
	assert_true(files > 30 && files < 60);
	assert_true(errors > 0);
	assert_int_equal(chdir(*state), 0); /* nftw() of the teardown cannot name these either */
	for (int depth = 0; depth < 60; depth++)
		assert_int_equal(chdir(name), 0);
	for (int depth = 0; depth < 60; depth++) {
		assert_int_equal(chdir(".."), 0);
		assert_int_equal(rmdir(name), 0);
		assert_int_equal(unlink("m.ko"), 0);
	}
	assert_int_equal(chdir(here), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, dir_setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(names_that_modules_have),
		test(sorted_and_deep),
		test(slashes_at_the_end_and_dots),
		test(links),
		test(what_is_no_file),
		test(a_file_is_the_only_result),
		test(what_cannot_be_walked),
		test(an_empty_directory),
		test(a_closed_directory_does_not_end_the_walk),
		test(as_deep_as_paths_go),
	};

	return cmocka_run_group_tests_name("walk/tree", tests, NULL, NULL);
}
