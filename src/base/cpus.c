/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cpus.h"

#include <sched.h>
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
