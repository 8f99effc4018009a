/* SPDX-License-Identifier: Apache-2.0 */
/* What a token says of a key: `evidence` and `attestation` of struct key_ops. */
#ifndef MODSEAL_ENGINES_PKCS11_EVIDENCE_H
#define MODSEAL_ENGINES_PKCS11_EVIDENCE_H

#include "src/key/key.h"

int p11_evidence(const struct ms_key *key, struct ms_evidence *e, struct ms_error *err);
int p11_attestation(const struct ms_key *key, STACK_OF(X509) * *certs, struct ms_error *err);

#endif
