/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODSEAL_BASE_CPUS_H
#define MODSEAL_BASE_CPUS_H

#include <sched.h>
#include <stdbool.h>

/* Processors that this process may use: fewer than the machine has under taskset(1) or in a container
 * with a set of its own. */
unsigned cpus_usable(void);

/*
 * A processor that a thread comes back to. Two threads that compute may find themselves on one
 * processor beside an idle one; the kernel looks for that every ten milliseconds or so, in which a
 * hundred modules can be signed. All zero: none.
 */
struct cpu_home {
	bool chosen;
	int cpu;
	cpu_set_t all; /* what the thread may use besides */
};

/* The processor of thread `i` of `n` that compute at the same time; none if there is one processor,
 * or another number than `n`: which of more are idle the kernel knows best, who may have others run
 * there. */
void cpu_home_choose(struct cpu_home *home, unsigned i, unsigned n);
/* Moves the calling thread there if it is elsewhere, and lets the kernel move it away again. Costs
 * nothing otherwise. */
void cpu_home_go(const struct cpu_home *home);

#endif
