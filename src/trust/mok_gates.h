/* SPDX-License-Identifier: Apache-2.0 */
/* The gates between a MOK and the .machine keyring, one by one. */
#ifndef MODSEAL_TRUST_MOK_GATES_H
#define MODSEAL_TRUST_MOK_GATES_H

#include <modseal/certview.h>
#include <modseal/machine.h>

/* Each is shut only where that is known. */
enum mok_gate {
	MOK_GATE_NONE,
	MOK_GATE_KEYRING,     /* CONFIG_INTEGRITY_MACHINE_KEYRING: there is none */
	MOK_GATE_LOADING,     /* CONFIG_LOAD_UEFI_KEYS: it takes no keys from the firmware */
	MOK_GATE_IMA,	      /* it does not see that Secure Boot is on */
	MOK_GATE_EFI,	      /* not booted by it */
	MOK_GATE_SHIM,	      /* nothing of it: not booted through it */
	MOK_GATE_SECURE_BOOT, /* it is off */
	MOK_GATE_VALIDATION,  /* shim does not validate */
	MOK_GATE_TRUST,	      /* shim does not tell the kernel to trust MOKs */
};

/* The first that is shut of those in `order`, which MOK_GATE_NONE ends; that if none is. Which is
 * to be told first is the caller's to say. */
enum mok_gate mok_gate_shut(const struct ms_machine *m, const enum mok_gate *order);
/* Whether this kernel takes MOKs into .machine at all, as the machine was booted; `why` gets one
 * clause. */
enum ms_answer mok_gate_machine(const struct ms_machine *m, char *why, size_t size);
/* What accept.c says of .machine under the option by which this kernel chooses; NULL: nothing. */
const struct ms_cert_place *mok_machine_place(
	const struct ms_machine *m, const struct ms_cert_view *v);

#endif
