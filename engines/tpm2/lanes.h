/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lanes into a TPM that signs faster than tpm2-tss computes what goes around a command: one in
 * software. (Session HMACs and encryption take tpm2-tss 3.2 as much as 2 ms, a signature swtpm 0.3.)
 * The second lane is an ESYS context with a thread and a session of its own, for the same object, on
 * the same connection (relay.h) or one of its own (swtpm.h). Where there is no room for its session, or
 * anything else fails in it, all goes by the first.
 */
#ifndef MODSEAL_ENGINES_TPM2_LANES_H
#define MODSEAL_ENGINES_TPM2_LANES_H

#include "engines/tpm2/key.h"

/* A signature by the lane that has less to do. Outside tpm_run(). */
int tpm_lanes_sign(struct tpm_key *k, struct tpm_signing *s);
/* Takes the key out of the TPM and releases the second lane. False: a call is stuck, in either lane, and
 * all that it may still look at must stay. */
bool tpm_lanes_end(struct tpm_key *k);

#endif
