/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a kernel can check signatures with a digest, or by a kind of key. `why` (of `size` bytes)
 * gets one clause. */
#ifndef MODSEAL_TRUST_CAN_CHECK_H
#define MODSEAL_TRUST_CAN_CHECK_H

#include <modseal/certview.h>
#include <modseal/machine.h>

/* False when its version is not known. */
bool kernel_older_than(const struct ms_machine *m, unsigned major, unsigned minor);

enum ms_answer can_check_hash(const struct ms_machine *m, enum ms_hash hash, char *why, size_t size);
enum ms_answer can_check_key(const struct ms_machine *m, const struct ms_cert_view *view, char *why,
	size_t size);

#endif
