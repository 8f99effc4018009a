/* SPDX-License-Identifier: Apache-2.0 */
/* Signing as the way out: with which key, and what it takes to have it trusted. */
#ifndef MODSEAL_DOCTOR_SIGNING_H
#define MODSEAL_DOCTOR_SIGNING_H

#include "src/doctor/doctor.h"

/* What stands for the finding's module in a command: its path as the machine calls it, quoted, or
 * "MODULE". */
const char *module_word(const struct finding *f);

/* With a key on this machine that is trusted; else with a MOK that its owner has the key of, with a
 * key on this machine that can be enrolled, with a new one, by the distribution's own means.
 * `options` are more of modseal sign's, with a blank in front, or "". */
void ways_to_sign(struct finding *f, const char *options);

#endif
