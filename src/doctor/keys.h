/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that lie on the machine, and whether its kernel trusts what they sign. */
#ifndef MODSEAL_DOCTOR_KEYS_H
#define MODSEAL_DOCTOR_KEYS_H

#include "src/doctor/doctor.h"

/* Fills doctor->keys and what is known of each. */
void keys_look(struct doctor *d);
/* It can be read, and its certificate is known. */
bool key_is_usable(const struct ms_found_key *key);
/* Whether the kernel loads modules that this one of doctor->keys signs. */
enum ms_answer key_is_trusted(const struct doctor *d, const struct ms_found_key *key);
/* Whether enrolling its certificate as a MOK may lead to that: as far as it is up to the
 * certificate. */
bool key_can_be_trusted(const struct doctor *d, const struct ms_found_key *key);
/* The kernel looks in .platform for module signers: Debian's and Fedora's do. */
bool platform_counts(const struct doctor *d);

#endif
