/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in the places where kernel builds and distributions leave those of module signers. */
#ifndef MODSEAL_TRUST_LOCAL_CERTS_H
#define MODSEAL_TRUST_LOCAL_CERTS_H

#include <modseal/machine.h>
#include <openssl/x509.h>

/* A new stack, perhaps empty; files that hold no certificate are passed over. -1: out of memory. */
int local_certs(const struct ms_machine *m, STACK_OF(X509) **certs);

#endif
