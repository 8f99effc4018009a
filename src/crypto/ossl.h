/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL, at one place. All of modseal's own use of it goes through a library context of its
 * own, which reads no openssl.cnf: SoftHSM2 lives in the same process and uses the default
 * context, and a PKCS#11 provider that openssl.cnf loads there would re-enter it.
 */
#ifndef MODSEAL_CRYPTO_OSSL_H
#define MODSEAL_CRYPTO_OSSL_H

#include <modseal/error.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* The library context; made at the first call, for the life of the process. Also stops OpenSSL
 * from reading openssl.cnf into the default context: call it before any module is loaded.
 * NULL when memory is out. */
OSSL_LIB_CTX *ossl_ctx(void);

/* Like err_set(), with OpenSSL's newest reason behind; empties its error queue. */
int ossl_err(struct ms_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline void ossl_cleanup_pkey(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}
static inline void ossl_cleanup_x509(X509 **p)
{
	X509_free(*p);
}
static inline void ossl_cleanup_bio(BIO **p)
{
	BIO_free_all(*p);
}
#define AUTO_PKEY __attribute__((cleanup(ossl_cleanup_pkey)))
#define AUTO_X509 __attribute__((cleanup(ossl_cleanup_x509)))
#define AUTO_BIO  __attribute__((cleanup(ossl_cleanup_bio)))

#endif
