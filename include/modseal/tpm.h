/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What only keys in a TPM 2.0 have: policies, and files that tell of them.
 */
#ifndef MODSEAL_TPM_H
#define MODSEAL_TPM_H

#include <modseal/key.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Lets a TPM key that was made with a policy key be used with other PCR values, too: a policy for
 * them is signed and added to the key's file (or, of a persistent key, to its record). `ref` is the
 * file or "handle:0x81......"; `pcrs` is as for ms_keygen(). `policy_key` is the one that the key was
 * made with. *added is false if these values were approved before.
 */
MS_API int ms_tpm_approve(struct ms_context *ctx, const char *ref, const char *pcrs,
	struct ms_key *policy_key, bool *added, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
