/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that come back to a processor of their own. */
#include "src/base/cpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static cpu_set_t usable(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return set;
}

static void each_has_its_own(void **state)
{
	unsigned n = cpus_usable();
	cpu_set_t all = usable(), seen;

	(void)state;
	CPU_ZERO(&seen);
	for (unsigned i = 0; n > 1 && i < n; i++) {
		struct cpu_home home;

		cpu_home_choose(&home, i, n);
		assert_true(home.chosen);
		assert_true(CPU_ISSET(home.cpu, &all));
		assert_false(CPU_ISSET(home.cpu, &seen));
		CPU_SET(home.cpu, &seen);
	}
}

static void another_number_of_threads_has_none(void **state)
{
	struct cpu_home home;

	(void)state;
	cpu_home_choose(&home, 0, cpus_usable() + 1);
	assert_false(home.chosen);
	cpu_home_choose(&home, 0, cpus_usable() - 1);
	assert_false(home.chosen);
	cpu_home_choose(&home, 0, 1);
	assert_false(home.chosen);
	cpu_home_go(&home);
}

static void the_kernel_may_move_it_again(void **state)
{
	unsigned n = cpus_usable();
	cpu_set_t all = usable(), after;

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		struct cpu_home home;

		cpu_home_choose(&home, i, n);
		cpu_home_go(&home);
		after = usable();
		assert_true(CPU_EQUAL(&after, &all));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_own),
		cmocka_unit_test(another_number_of_threads_has_none),
		cmocka_unit_test(the_kernel_may_move_it_again),
	};

	return cmocka_run_group_tests_name("base/cpus", tests, NULL, NULL);
}
