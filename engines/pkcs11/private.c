/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/private.h"

#include "src/base/secret.h"

#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <string.h>

#define MAX_POINT 256 /* bytes of an EC point, and of its DER */

void p11_parts_release(struct p11_parts *p)
{
	for (size_t i = 0; i < p->n; i++) {
		secret_wipe(p->list[i].value.data, p->list[i].value.len);
		buf_free(&p->list[i].value);
	}
	p->n = 0;
}

static int add(
	struct p11_parts *p, CK_ATTRIBUTE_TYPE type, bool secret, const void *data, size_t len)
{
	struct p11_part *part = &p->list[p->n++];

	*part = (struct p11_part){ .type = type, .secret = secret };
	return buf_add(&part->value, data, len);
}

int p11_parts_dup(const struct p11_parts *p, struct p11_parts *copy)
{
	*copy = (struct p11_parts){ .rsa = p->rsa };
	for (size_t i = 0; i < p->n; i++)
		if (add(copy, p->list[i].type, p->list[i].secret, p->list[i].value.data,
			    p->list[i].value.len) < 0)
			return -1;
	return 0;
}

/* `size` 0: as long as it is. */
static int add_number(struct p11_parts *p, const EVP_PKEY *pkey, const char *name,
	CK_ATTRIBUTE_TYPE type, bool secret, size_t size)
{
	BIGNUM *n = NULL;
	struct buf b = { 0 };
	int r = -1;

	if (EVP_PKEY_get_bn_param(pkey, name, &n)) {
		if (!size)
			size = (size_t)BN_num_bytes(n);
		if (buf_reserve(&b, size) == 0 && BN_bn2binpad(n, b.data, (int)size) >= 0)
			r = add(p, type, secret, b.data, size);
	}
	BN_clear_free(n);
	if (b.data)
		secret_wipe(b.data, size);
	buf_free(&b);
	return r;
}

static int rsa_parts(const EVP_PKEY *pkey, struct p11_parts *p)
{
	static const struct {
		const char *name;
		CK_ATTRIBUTE_TYPE type;
		bool secret;
	} numbers[] = {
		{ OSSL_PKEY_PARAM_RSA_N, CKA_MODULUS, false },
		{ OSSL_PKEY_PARAM_RSA_E, CKA_PUBLIC_EXPONENT, false },
		{ OSSL_PKEY_PARAM_RSA_D, CKA_PRIVATE_EXPONENT, true },
		{ OSSL_PKEY_PARAM_RSA_FACTOR1, CKA_PRIME_1, true },
		{ OSSL_PKEY_PARAM_RSA_FACTOR2, CKA_PRIME_2, true },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT1, CKA_EXPONENT_1, true },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT2, CKA_EXPONENT_2, true },
		{ OSSL_PKEY_PARAM_RSA_COEFFICIENT1, CKA_COEFFICIENT, true },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (add_number(p, pkey, numbers[i].name, numbers[i].type, numbers[i].secret, 0) < 0)
			return -1;
	return 0;
}

static int add_curve(const EVP_PKEY *pkey, struct p11_parts *p)
{
	unsigned char *der = NULL;
	char name[64];
	size_t len;
	int n, r;

	if (!EVP_PKEY_get_group_name(pkey, name, sizeof(name), &len))
		return -1;
	n = i2d_ASN1_OBJECT(OBJ_nid2obj(OBJ_txt2nid(name)), &der);
	r = n > 0 ? add(p, CKA_EC_PARAMS, false, der, (size_t)n) : -1;
	OPENSSL_free(der);
	return r;
}

/* As a DER OCTET STRING. */
static int add_point(const EVP_PKEY *pkey, struct p11_parts *p)
{
	unsigned char der[3 + MAX_POINT];
	size_t len = 0, head;

	if (!EVP_PKEY_get_octet_string_param(
		    pkey, OSSL_PKEY_PARAM_PUB_KEY, der + 3, MAX_POINT, &len) ||
		!len || len > 255)
		return -1;
	head = len > 127 ? 3 : 2;
	der[0] = 0x04;
	der[1] = len > 127 ? 0x81 : (unsigned char)len;
	if (head == 3)
		der[2] = (unsigned char)len;
	else
		memmove(der + 2, der + 3, len);
	return add(p, CKA_EC_POINT, false, der, head + len);
}

int p11_parts_of(const EVP_PKEY *pkey, struct p11_parts *p)
{
	size_t order = ((size_t)EVP_PKEY_get_bits(pkey) + 7) / 8;

	*p = (struct p11_parts){ .rsa = EVP_PKEY_is_a(pkey, "RSA") };
	if (p->rsa)
		return rsa_parts(pkey, p);
	if (!EVP_PKEY_is_a(pkey, "EC") || add_curve(pkey, p) < 0 || add_point(pkey, p) < 0)
		return -1;
	return add_number(p, pkey, OSSL_PKEY_PARAM_PRIV_KEY, CKA_VALUE, true, order);
}
