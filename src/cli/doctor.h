/* SPDX-License-Identifier: Apache-2.0 */
/* What `modseal doctor` prints. */
#ifndef MODSEAL_CLI_DOCTOR_H
#define MODSEAL_CLI_DOCTOR_H

#include <modseal/doctor.h>
#include <stdbool.h>

/* For people: one line a finding, then what is to be said about those that are no mere notes (with
 * `all`: about those, too). On a terminal in colours, unless NO_COLOR is set, and as wide as it
 * is. */
void doctor_page(const struct ms_diagnosis *d, bool all);
/* For machines: one object. */
void doctor_json(const struct ms_diagnosis *d);

#endif
