/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cpus.h"

#include <unistd.h>

unsigned cpus_usable(void)
{
	cpu_set_t set; /* of 1,024; a machine with more makes the call fail */
	long n;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (unsigned)CPU_COUNT(&set);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}

/* The i-th processor of a set; -1 if it has fewer. */
static int nth(const cpu_set_t *set, unsigned i)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, set) && i-- == 0)
			return cpu;
	return -1;
}

void cpu_home_choose(struct cpu_home *home, unsigned i, unsigned n)
{
	*home = (struct cpu_home){ 0 };
	if (sched_getaffinity(0, sizeof(home->all), &home->all) < 0 || n < 2 ||
		n != (unsigned)CPU_COUNT(&home->all))
		return;
	home->cpu = nth(&home->all, i);
	home->chosen = home->cpu >= 0;
}

void cpu_home_go(const struct cpu_home *home)
{
	cpu_set_t only;

	if (!home->chosen || sched_getcpu() == home->cpu)
		return;
	CPU_ZERO(&only);
	CPU_SET(home->cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only) == 0)
		sched_setaffinity(0, sizeof(home->all), &home->all);
}
