/* SPDX-License-Identifier: Apache-2.0 */
/* References to TPM keys: handle:0x81010001, or the path of a key file. */
#ifndef MODSEAL_ENGINES_TPM2_REF_H
#define MODSEAL_ENGINES_TPM2_REF_H

#include <modseal/error.h>
#include <stdbool.h>
#include <tss2/tss2_tpm2_types.h>

bool tpm_ref_is_handle(const char *ref);
/* The persistent handle in "handle:0x81010001"; *handle is 0 for the bare "handle:", which names
 * them all. MS_ERR_URI if it is none. */
int tpm_ref_handle(const char *ref, TPM2_HANDLE *handle, struct ms_error *err);
/* The same where one key is meant: the bare "handle:" is MS_ERR_URI, too. */
int tpm_ref_handle_of_key(const char *ref, TPM2_HANDLE *handle, struct ms_error *err);

#endif
