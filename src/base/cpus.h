/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODSEAL_BASE_CPUS_H
#define MODSEAL_BASE_CPUS_H

/* Processors that this process may use: fewer than the machine has under taskset(1) or in a container
 * with a set of its own. */
unsigned cpus_usable(void);

#endif
