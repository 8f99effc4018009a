/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys and certificates, from what tokens hold, as OpenSSL's objects in ossl_ctx(). */
#ifndef MODSEAL_ENGINES_PKCS11_PUBKEY_H
#define MODSEAL_ENGINES_PKCS11_PUBKEY_H

#include "engines/pkcs11/object.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* From CKA_MODULUS and CKA_PUBLIC_EXPONENT, big endian. NULL: no key (or no memory). */
EVP_PKEY *p11_rsa_key(const struct buf *modulus, const struct buf *exponent);
/* From CKA_EC_PARAMS (DER) and CKA_EC_POINT, which is a DER OCTET STRING as the standard says, or
 * the bare point as some tokens have it. NULL likewise. */
EVP_PKEY *p11_ec_key(const struct buf *params, const struct buf *point);
/* The curve that CKA_EC_PARAMS names, as key_type_name() calls it, and the bits of its order. "EC"
 * and 0 if it is not known. */
void p11_curve(const struct buf *params, char *name, size_t size, unsigned *bits);

/* What follows is for inside p11_run(). */

/* The public half that a private or public key object itself shows: 1, 0 if it shows none, negative
 * on failure. */
int p11_public_of(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_KEY_TYPE type,
	EVP_PKEY **pub);
/*
 * The public half of a private key: its own attributes, else those of the public key object, else
 * the certificate, with the same CKA_ID (or CKA_LABEL, where there is no CKA_ID). 1, 0 or negative
 * as above.
 */
int p11_public_half(struct p11_reader *r, CK_OBJECT_HANDLE private_key, CK_KEY_TYPE type,
	EVP_PKEY **pub);
/* 1; 0 if it is no X.509 certificate or cannot be parsed. */
int p11_cert_of(struct p11_reader *r, CK_OBJECT_HANDLE object, X509 **cert);

/* A template for the objects of `class` that belong to this one by CKA_ID or CKA_LABEL: 1; 0 if it
 * has neither. */
int p11_template_beside(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class,
	struct p11_template *tmpl);

#endif
