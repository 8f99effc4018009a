/* SPDX-License-Identifier: Apache-2.0 */
/* What signing digests can be abused for. */
#ifndef MODSEAL_FARM_POWER_H
#define MODSEAL_FARM_POWER_H

#include <modseal/error.h>
#include <openssl/x509.h>

/*
 * MS_ERR_USAGE unless the certificate carries the extended key usage for signing modules, with
 * which shim starts no program: a digest does not say whether it is a module's or that of the
 * attributes of an EFI program's signature.
 */
int power_check(X509 *cert, struct ms_error *err);

#endif
