/* SPDX-License-Identifier: Apache-2.0 */
/* The ways out of a finding, in their order. */
#ifndef MODSEAL_DOCTOR_WAYS_H
#define MODSEAL_DOCTOR_WAYS_H

#include "src/doctor/doctor.h"

/* Adds to the findings, in their order now, what leads out of them here: signing first, then, where
 * the remedy is about signatures, the bypasses that this machine has. */
void ways_tell(struct doctor *d);

/* Those that let modules in without a signature that counts, as far as they apply here. */
void bypasses(struct finding *f);

#endif
