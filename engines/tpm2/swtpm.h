/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to swtpm's data port. swtpm serves one TCP connection at a time; tpm2-tss's own TCTI opens
 * one for each command, as this one does. But this one says behind the command that no other follows, so
 * that swtpm, once it has answered, goes on to the next connection by itself, in which another lane's
 * command waits already (lanes.h): nobody has to be woken in between.
 */
#ifndef MODSEAL_ENGINES_TPM2_SWTPM_H
#define MODSEAL_ENGINES_TPM2_SWTPM_H

#include <stdbool.h>
#include <tss2/tss2_tcti.h>

/* Whether a TCTI's name is one of swtpm:host=HOST,port=PORT, which swtpm_connect() takes; else it is for
 * tctildr. */
bool swtpm_is_meant(const char *conf);
/* Sees that swtpm is there. TSS2_TCTI_RC_IO_ERROR if it is not. */
TSS2_RC swtpm_connect(const char *conf, TSS2_TCTI_CONTEXT **tcti);
void swtpm_free(TSS2_TCTI_CONTEXT *tcti);

#endif
