/* SPDX-License-Identifier: Apache-2.0 */
/* UEFI variables below a root, as efivarfs and mok-variables show them. */
#include "src/trust/efivar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define EFIVARS "/sys/firmware/efi/efivars/"
#define TABLE	"/sys/firmware/efi/mok-variables/"
#define SHIM	"-605dab50-e046-4300-abb6-3dd810dd8b23"

static char root[64];

static void make_dirs(const char *path)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%s%s", root, path);
	for (char *p = dir + strlen(root) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(dir, 0755);
		*p = '/';
	}
}

static void put(const char *path, const void *data, size_t len)
{
	char full[512];
	FILE *f;

	make_dirs(path);
	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	strcpy(root, "/tmp/efivar.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", root);
	return system(cmd);
}

static void one_variable(void **state)
{
	AUTO_EFIVAR struct efivar var = { 0 };
	struct ms_error err = { 0 };

	put(EFIVARS "MokNew" SHIM, "\x07\0\0\0list", 8);
	assert_int_equal(efivar_read(root, "MokNew", &guid_shim, &var, &err), 0);
	assert_true(var.found);
	assert_int_equal(var.attributes, 7);
	assert_int_equal(var.data.len, 4);
	assert_memory_equal(var.data.data, "list", 4);
}

static void absent(void **state)
{
	AUTO_EFIVAR struct efivar var = { 0 };
	struct ms_error err = { 0 };

	assert_int_equal(efivar_read(root, "MokNew", &guid_shim, &var, &err), 0);
	assert_false(var.found);
	put(EFIVARS "MokNew" SHIM, "", 0);
	assert_int_equal(efivar_read(root, "MokNew", &guid_shim, &var, &err), 0);
	assert_false(var.found);
	assert_int_equal(efivar_read(root, "MokNew", &guid_global, &var, &err), 0);
	assert_false(var.found);
	assert_int_equal(efivar_read_shim(root, "MokListRT", &var, &err), 0);
	assert_false(var.found);
}

static void cut_off(void **state)
{
	struct ms_error err = { 0 };
	struct efivar var = { 0 };

	put(EFIVARS "MokNew" SHIM, "\x07\0\0", 3);
	assert_int_equal(efivar_read(root, "MokNew", &guid_shim, &var, &err), MS_ERR_IO);
	assert_non_null(strstr(err.message, "MokNew" SHIM " is cut off"));
	assert_false(var.found);
}

static void no_file(void **state)
{
	struct ms_error err = { 0 };
	struct efivar var = { 0 };

	make_dirs(EFIVARS "MokNew" SHIM "/");
	assert_int_equal(efivar_read(root, "MokNew", &guid_shim, &var, &err), MS_ERR_IO);
	assert_non_null(strstr(err.message, "MokNew" SHIM " cannot be read: Is a directory"));
}

static void shims_table_first(void **state)
{
	AUTO_EFIVAR struct efivar var = { 0 };
	struct ms_error err = { 0 };

	put(EFIVARS "MokListRT" SHIM, "\x06\0\0\0short", 9);
	put(TABLE "MokListRT", "the whole list", 14);
	assert_int_equal(efivar_read_shim(root, "MokListRT", &var, &err), 0);
	assert_int_equal(var.data.len, 14);
	assert_int_equal(var.attributes, 0);
}

static void parts_are_joined(void **state)
{
	AUTO_EFIVAR struct efivar var = { 0 };
	struct ms_error err = { 0 };

	put(EFIVARS "MokListRT" SHIM, "\x06\0\0\0one ", 8);
	put(EFIVARS "MokListRT1" SHIM, "\x06\0\0\0two ", 8);
	put(EFIVARS "MokListRT2" SHIM, "\x06\0\0\0three", 9);
	put(EFIVARS "MokListRT4" SHIM, "\x06\0\0\0lost", 8);
	assert_int_equal(efivar_read_shim(root, "MokListRT", &var, &err), 0);
	assert_int_equal(var.attributes, 6);
	assert_int_equal(var.data.len, 13);
	assert_memory_equal(var.data.data, "one two three", 13);
}

/* An unreadable table counts only where no variable stands in for it. */
static void unreadable_table(void **state)
{
	AUTO_EFIVAR struct efivar var = { 0 };
	struct ms_error err = { 0 };

	make_dirs(TABLE "MokListRT/");
	assert_int_equal(efivar_read_shim(root, "MokListRT", &var, &err), MS_ERR_IO);
	assert_non_null(strstr(err.message, TABLE "MokListRT"));
	put(EFIVARS "MokListRT" SHIM, "\x06\0\0\0list", 8);
	assert_int_equal(efivar_read_shim(root, "MokListRT", &var, &err), 0);
	assert_int_equal(var.data.len, 4);
}

static void what_a_machine_shows(void **state)
{
	assert_int_equal(efivar_access(root), EFI_NOT_BOOTED);
	make_dirs(EFIVARS);
	assert_int_equal(efivar_access(root), EFI_NO_VARS);
	put(EFIVARS "MokNew" SHIM, "\x07\0\0\0list", 8);
	assert_int_equal(efivar_access(root), EFI_VARS);
}

static void elsewhere_on_this_machine(void **state)
{
	AUTO_EFIVAR struct efivar var = { 0 };
	struct ms_error err = { 0 };
	char dir[128];

	put("/vars/MokNew" SHIM, "\x07\0\0\0here", 8);
	snprintf(dir, sizeof(dir), "%s/vars", root);
	setenv("EFIVARFS_PATH", dir, 1);
	assert_int_equal(efivar_access(NULL), EFI_VARS);
	assert_int_equal(efivar_read("/", "MokNew", &guid_shim, &var, &err), 0);
	assert_true(var.found);
	/* Another root has its own. */
	efivar_free(&var);
	assert_int_equal(efivar_read(root, "MokNew", &guid_shim, &var, &err), 0);
	assert_false(var.found);
	unsetenv("EFIVARFS_PATH");
}

/* After an append efivarfs shows a file that is longer than what was written, as it is to be. */
static void only_a_replaced_one_is_cut(void **state)
{
	struct ms_error err = { 0 };
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s" EFIVARS "MokNew" SHIM, root);
	put(EFIVARS "MokNew" SHIM, "\x07\0\0\0a long list", 15);
	assert_int_equal(efivar_write(root, "MokNew", &guid_shim, 7 | EFIVAR_APPEND_WRITE, "list",
				 4, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 15);
	assert_int_equal(efivar_write(root, "MokNew", &guid_shim, 7, "list", 4, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 8);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_variable),
		TEST(absent),
		TEST(cut_off),
		TEST(no_file),
		TEST(shims_table_first),
		TEST(parts_are_joined),
		TEST(unreadable_table),
		TEST(what_a_machine_shows),
		TEST(elsewhere_on_this_machine),
		TEST(only_a_replaced_one_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
