/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: read from files, compared with keys, put into words. */
#ifndef MODSEAL_CRYPTO_CERT_H
#define MODSEAL_CRYPTO_CERT_H

#include "src/crypto/ossl.h"

#include <modseal/key.h>
#include <stdbool.h>

struct ms_cert {
	X509 *x509;
	char *subject; /* as one line, RFC 2253 order reversed to the order of the file */
};

/* Takes x509 over, also on failure (memory: NULL). */
struct ms_cert *cert_wrap(X509 *x509);

/* NULL, with OpenSSL's errors, when it is none. */
X509 *cert_of_der(const uint8_t *der, size_t len);

/* All certificates of a file: PEM (other PEM blocks are passed over) or DER, told by content.
 * MS_ERR_CERT when there is none. The caller frees *certs with cert_stack_free(). */
int cert_read_file(const char *path, STACK_OF(X509) **certs, struct ms_error *err);
/* The same of bytes; `name` is for messages. */
int cert_read(const void *data, size_t len, const char *name, STACK_OF(X509) **certs,
	struct ms_error *err);
void cert_stack_free(STACK_OF(X509) *certs);

/* Whether it certifies this public key. */
bool cert_fits_key(X509 *x509, const EVP_PKEY *pub);

/* A name as one line, in the order of the certificate: "CN=x,O=y"; free() it. NULL: no memory. */
char *cert_name_text(const X509_NAME *name);
/* Bytes as lower case hex, free() it; NULL: no memory. */
char *cert_hex(const uint8_t *data, size_t len);
/* A serial number as lower case hex of its DER content, as modinfo's sig_key shows it. */
char *cert_serial_hex(const ASN1_INTEGER *serial);
/* ISO 8601 in UTC, "2126-10-31T06:44:51Z"; free() it. NULL: no memory or not a time. */
char *cert_time_text(const ASN1_TIME *time);

#endif
