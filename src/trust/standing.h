/* SPDX-License-Identifier: Apache-2.0 */
/* How keys stand with a kernel, for src/verify. */
#ifndef MODSEAL_TRUST_STANDING_H
#define MODSEAL_TRUST_STANDING_H

#include <modseal/machine.h>
#include <openssl/x509.h>
#include <stdint.h>

/* ms_machine_standing() of a certificate. */
int standing_of_cert(const struct ms_machine *m, X509 *cert, struct ms_standing *standing,
	struct ms_error *err);
/* Of the key with a subject key id; of its certificate nothing is known. */
int standing_of_key_id(const struct ms_machine *m, const uint8_t *id, size_t len,
	struct ms_standing *standing, struct ms_error *err);
/* Whether the kernel has revoked a certificate by the hash of its TBS part: what makes one that
 * travels in a signature fatal. */
enum ms_answer standing_tbs_revoked(const struct ms_machine *m, X509 *cert);

#endif
