/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a TPM for several ESYS contexts, each of which computes on a thread of its own
 * (session HMACs, encryption) while a command of another one is under way. Whose command comes while
 * the TPM is at work waits; it is sent by the thread that takes the answer before it, so that the TPM
 * need not wait until somebody has woken up.
 */
#ifndef MODSEAL_ENGINES_TPM2_RELAY_H
#define MODSEAL_ENGINES_TPM2_RELAY_H

#include <tss2/tss2_tcti.h>

struct relay;

/* Over a connection that stays the caller's, and must outlive it. NULL: out of memory. */
struct relay *relay_new(TSS2_TCTI_CONTEXT *connection);
void relay_free(struct relay *relay);
/* What an ESYS context is given, one for each; NULL: out of memory. It is freed by relay_free(), when
 * the ESYS contexts are gone. */
TSS2_TCTI_CONTEXT *relay_tcti(struct relay *relay);

#endif
