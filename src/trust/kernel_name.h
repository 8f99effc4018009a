/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel calls the key of a certificate: in its keyrings, /proc/keys and its log. */
#ifndef MODSEAL_TRUST_KERNEL_NAME_H
#define MODSEAL_TRUST_KERNEL_NAME_H

#include "src/crypto/ossl.h"

/* "Debian Secure Boot CA: 6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1": organisation and common name,
 * subject key id or serial number (x509_cert_parser.c x509_fabricate_name(), x509_public_key.c
 * x509_key_preparse()). free() it; NULL: out of memory. */
char *kernel_name(X509 *cert);

#endif
