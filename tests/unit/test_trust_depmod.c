/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of modules.dep and the modules that they are about. */
#include "src/trust/depmod.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool is_of(const char *line, const char *module)
{
	return depmod_is_of(line, module, strlen(module));
}

static void names(void **state)
{
	assert_true(is_of("kernel/net/a.ko: kernel/b.ko", "a"));
	assert_true(is_of("kernel/net/a.ko:", "a"));
	assert_true(is_of("a.ko.xz:\nb.ko:", "a"));
	assert_true(is_of("kernel/net/a.ko", "a")); /* modules.builtin */
	assert_true(is_of("kernel/net/a.ko\nkernel/b.ko", "a"));
	assert_true(is_of("k/x-y_z.ko.zst:", "x_y-z"));
	assert_true(is_of("k/x.kotlin.ko:", "x.kotlin"));
	assert_false(is_of("kernel/net/a.ko: kernel/b.ko", "b"));
	assert_false(is_of("kernel/net/a.ko:\nkernel/b.ko:", "b"));
	assert_false(is_of("kernel/a/b.ko:", "a"));
	assert_false(is_of("k/ab.ko:", "a"));
	assert_false(is_of("k/a.ko:", "ab"));
	assert_false(is_of("k/x.kotlin.ko:", "x"));
	assert_false(is_of("k/a:", "a"));
	assert_false(is_of("", "a"));
	assert_false(is_of("k/.ko:", ""));
}

static void only_len_counts(void **state)
{
	assert_true(depmod_is_of("k/a.ko:", "abc", 1));
	assert_false(depmod_is_of("k/abc.ko:", "abc", 1));
}

static void named(void **state)
{
	static const char aliases[] = "alias crypto-x one_a\nalias crypto-y two\n";

	assert_true(depmod_is_named("k/one-a.ko.xz:", aliases));
	assert_true(depmod_is_named("k/two.ko: k/one-a.ko.xz", aliases));
	assert_false(depmod_is_named("k/crypto-x.ko:", aliases));
	assert_false(depmod_is_named("k/two.ko:", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(only_len_counts),
		cmocka_unit_test(named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
