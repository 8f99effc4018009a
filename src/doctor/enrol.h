/* SPDX-License-Identifier: Apache-2.0 */
/* How a certificate gets trusted on this machine: as a MOK, and what stands between. */
#ifndef MODSEAL_DOCTOR_ENROL_H
#define MODSEAL_DOCTOR_ENROL_H

#include "src/doctor/doctor.h"

/* What follows "Sign it with this key": ", and enrol its certificate" or what is to be done
 * instead; kept. */
const char *enrol_words(struct doctor *d);
/* The commands for it, as those of the finding's newest way. `cert` is quoted. */
void enrol_commands(struct finding *f, const char *cert);
/* This kernel takes CAs only into .machine, and does not look into .platform. */
bool enrol_wants_ca(const struct doctor *d);

#endif
