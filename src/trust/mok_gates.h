/* SPDX-License-Identifier: Apache-2.0 */
/* The gates between a MOK and the .machine keyring, one by one. */
#ifndef MODSEAL_TRUST_MOK_GATES_H
#define MODSEAL_TRUST_MOK_GATES_H

#include <modseal/certview.h>
#include <modseal/machine.h>

/* Whether this kernel takes MOKs into .machine at all, as the machine was booted; `why` gets one
 * clause. */
enum ms_answer mok_gate_machine(const struct ms_machine *m, char *why, size_t size);
/* What accept.c says of .machine under the option by which this kernel chooses; NULL: nothing. */
const struct ms_cert_place *mok_machine_place(
	const struct ms_machine *m, const struct ms_cert_view *v);

#endif
