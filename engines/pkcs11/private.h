/* SPDX-License-Identifier: Apache-2.0 */
/* A private key taken apart into the attributes that PKCS#11 wants. Calls nothing. */
#ifndef MODSEAL_ENGINES_PKCS11_PRIVATE_H
#define MODSEAL_ENGINES_PKCS11_PRIVATE_H

#include "src/base/buf.h"

#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>

#define P11_PARTS_MAX 8

struct p11_part {
	CK_ATTRIBUTE_TYPE type;
	struct buf value;
	bool secret;
};

struct p11_parts {
	bool rsa; /* else EC */
	struct p11_part list[P11_PARTS_MAX];
	size_t n;
};

/* What makes up the key; with CKA_EC_POINT for the public half. -1: not RSA or EC, or no memory. To
 * be released in each case. */
int p11_parts_of(const EVP_PKEY *pkey, struct p11_parts *parts);
int p11_parts_dup(const struct p11_parts *parts, struct p11_parts *copy);
/* Overwrites them. */
void p11_parts_release(struct p11_parts *parts);
#define AUTO_P11_PARTS __attribute__((cleanup(p11_parts_release)))

#endif
