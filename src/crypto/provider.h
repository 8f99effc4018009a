/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A struct ms_key as an EVP_PKEY that signs, for the parts of OpenSSL that want one: X509_sign(),
 * X509_REQ_sign(), CMS with attributes. It is made by a small provider of our own, built into
 * ossl_ctx(): a key type "MODSEAL" that can do EVP_DigestSign and nothing else. Whatever asks it to
 * export gets nothing, the public half neither; that is key->pub.
 */
#ifndef MODSEAL_CRYPTO_PROVIDER_H
#define MODSEAL_CRYPTO_PROVIDER_H

#include "src/key/key.h"

/* The key is borrowed and must outlive the EVP_PKEY. When signing fails the reason is not
 * OpenSSL's to tell: provider_error() has it. */
int provider_pkey(struct ms_key *key, EVP_PKEY **pkey, struct ms_error *err);
/* Like ossl_err(), but with the key's own error if that is why the last signature of this thread
 * failed. */
int provider_error(struct ms_error *err, int code, const char *what);

#endif
