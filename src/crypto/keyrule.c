/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/keyrule.h"

#include <openssl/objects.h>
#include <openssl/x509.h>

static int rsa_nid(enum ms_hash hash)
{
	switch (hash) {
	case MS_HASH_SHA256:
		return NID_sha256WithRSAEncryption;
	case MS_HASH_SHA384:
		return NID_sha384WithRSAEncryption;
	case MS_HASH_SHA512:
		return NID_sha512WithRSAEncryption;
	case MS_HASH_SHA3_256:
		return NID_RSA_SHA3_256;
	case MS_HASH_SHA3_384:
		return NID_RSA_SHA3_384;
	case MS_HASH_SHA3_512:
		return NID_RSA_SHA3_512;
	default:
		return NID_undef;
	}
}

int keyrule_ecdsa_nid(enum ms_hash hash)
{
	switch (hash) {
	case MS_HASH_SHA1:
		return NID_ecdsa_with_SHA1;
	case MS_HASH_SHA224:
		return NID_ecdsa_with_SHA224;
	case MS_HASH_SHA256:
		return NID_ecdsa_with_SHA256;
	case MS_HASH_SHA384:
		return NID_ecdsa_with_SHA384;
	case MS_HASH_SHA512:
		return NID_ecdsa_with_SHA512;
	case MS_HASH_SHA3_256:
		return NID_ecdsa_with_SHA3_256;
	case MS_HASH_SHA3_384:
		return NID_ecdsa_with_SHA3_384;
	case MS_HASH_SHA3_512:
		return NID_ecdsa_with_SHA3_512;
	default:
		return NID_undef;
	}
}

int keyrule_algorithm_id(const EVP_PKEY *pub, enum ms_hash hash, unsigned char **der)
{
	int rsa = EVP_PKEY_is_a(pub, "RSA");
	int nid = rsa ? rsa_nid(hash) : EVP_PKEY_is_a(pub, "EC") ? keyrule_ecdsa_nid(hash) : NID_undef;
	X509_ALGOR *alg;
	int len = -1;

	if (nid == NID_undef)
		return -1;
	alg = X509_ALGOR_new();
	if (alg && X509_ALGOR_set0(alg, OBJ_nid2obj(nid), rsa ? V_ASN1_NULL : V_ASN1_UNDEF, NULL))
		len = i2d_X509_ALGOR(alg, der);
	X509_ALGOR_free(alg);
	return len;
}

enum ms_hash keyrule_default_hash(const EVP_PKEY *pub)
{
	int bits = EVP_PKEY_get_bits(pub);

	if (!EVP_PKEY_is_a(pub, "EC") || bits <= 256)
		return MS_HASH_SHA256;
	return bits <= 384 ? MS_HASH_SHA384 : MS_HASH_SHA512;
}
