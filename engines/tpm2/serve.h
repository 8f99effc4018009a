/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that speaks to the TPM. Requests of others queue up, so that while the TPM makes a
 * signature the next ones are at hand and it need not wait for anybody to wake up.
 */
#ifndef MODSEAL_ENGINES_TPM2_SERVE_H
#define MODSEAL_ENGINES_TPM2_SERVE_H

#include "engines/tpm2/tpm.h"

/* Starts the thread. MS_ERR_NOMEM/MS_ERR_INTERNAL if it cannot be. */
int tpm_serve_start(struct tpm *tpm);
/* Ends it; does not wait for a call that is stuck. */
void tpm_serve_stop(struct tpm *tpm);
/* Has fn(arg) run by that thread and waits for it: 0 and *ret, or MS_ERR_TIMEOUT when a call that
 * fn, or one before it, has made never came back. */
int tpm_serve(struct tpm *tpm, int (*fn)(void *arg), void *arg, int *ret);

#endif
