/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/pubkey.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/ossl.h"
#include "src/key/key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

/* -- from bytes -------------------------------------------------------------------------- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(ossl_ctx(), type, NULL);
	EVP_PKEY *pub = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
		EVP_PKEY_fromdata(ctx, &pub, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		pub = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pub;
}

EVP_PKEY *p11_rsa_key(const struct buf *modulus, const struct buf *exponent)
{
	BIGNUM *n = BN_bin2bn(modulus->data, (int)modulus->len, NULL);
	BIGNUM *e = BN_bin2bn(exponent->data, (int)exponent->len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pub = NULL;

	if (n && e && !BN_is_zero(n) && !BN_is_zero(e) && build &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	if (params)
		pub = from_params("RSA", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	ERR_clear_error();
	return pub;
}

static EVP_PKEY *from_spki(const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	EVP_PKEY *pub = d2i_PUBKEY_ex(NULL, &p, (long)len, ossl_ctx(), NULL);

	if (pub && p != der + len) {
		EVP_PKEY_free(pub);
		pub = NULL;
	}
	ERR_clear_error();
	return pub;
}

/* Appends tag and length of a DER value. */
static int der_head(struct buf *b, uint8_t tag, size_t len)
{
	uint8_t head[4] = { tag };
	size_t n = 1;

	if (len > 0xffff)
		return -1;
	if (len > 0xff) {
		head[n++] = 0x82;
		head[n++] = (uint8_t)(len >> 8);
	} else if (len > 0x7f) {
		head[n++] = 0x81;
	}
	head[n++] = (uint8_t)len;
	return buf_add(b, head, n);
}

/* A SubjectPublicKeyInfo of the pieces, so that OpenSSL judges curve and point. */
static EVP_PKEY *ec_from_point(const struct buf *params, const uint8_t *point, size_t len)
{
	static const uint8_t ec_public_key[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
		0x01 };
	AUTO_BUF struct buf algorithm = { 0 }, body = { 0 }, spki = { 0 };

	if (der_head(&algorithm, 0x30, sizeof(ec_public_key) + params->len) < 0 ||
		buf_add(&algorithm, ec_public_key, sizeof(ec_public_key)) < 0 ||
		buf_add(&algorithm, params->data, params->len) < 0 ||
		buf_add(&body, algorithm.data, algorithm.len) < 0 ||
		der_head(&body, 0x03, len + 1) < 0 || buf_add(&body, "", 1) < 0 ||
		buf_add(&body, point, len) < 0 || der_head(&spki, 0x30, body.len) < 0 ||
		buf_add(&spki, body.data, body.len) < 0)
		return NULL;
	return from_spki(spki.data, spki.len);
}

/*
 * A bare point begins with 04 as an OCTET STRING does, so looks do not tell them apart. Their
 * lengths do, for a given curve: OpenSSL takes only one of the two.
 */
EVP_PKEY *p11_ec_key(const struct buf *params, const struct buf *point)
{
	EVP_PKEY *pub = ec_from_point(params, point->data, point->len);
	const uint8_t *p = point->data;
	ASN1_OCTET_STRING *inner;

	if (pub)
		return pub;
	inner = d2i_ASN1_OCTET_STRING(NULL, &p, (long)point->len);
	if (inner && p == point->data + point->len)
		pub = ec_from_point(params, ASN1_STRING_get0_data(inner),
			(size_t)ASN1_STRING_length(inner));
	ASN1_OCTET_STRING_free(inner);
	ERR_clear_error();
	return pub;
}

void p11_curve(const struct buf *params, char *name, size_t size, unsigned *bits)
{
	const uint8_t *p = params->data;
	ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &p, (long)params->len);
	int nid = oid ? OBJ_obj2nid(oid) : NID_undef;
	EC_GROUP *group = NULL;
	const char *nist = NULL;

	if (nid != NID_undef) {
		group = EC_GROUP_new_by_curve_name_ex(ossl_ctx(), NULL, nid);
		nist = EC_curve_nid2nist(nid);
	} else if (params->len) { /* written out, as Yubico's module does for P-384 */
		p = params->data;
		group = d2i_ECPKParameters(NULL, &p, (long)params->len);
		nid = group ? EC_GROUP_check_named_curve(group, 0, NULL) : NID_undef;
		nist = nid != NID_undef ? EC_curve_nid2nist(nid) : NULL;
	}
	*bits = group ? (unsigned)EC_GROUP_order_bits(group) : 0;
	snprintf(name, size, "%s", nist ? nist : nid != NID_undef && group ? OBJ_nid2sn(nid) : "EC");
	EC_GROUP_free(group);
	ASN1_OBJECT_free(oid);
	ERR_clear_error();
}

/* -- from objects ------------------------------------------------------------------------ */

/* Two attributes that make a key together: 1 if it shows both, filled or not. */
static int read_two(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE a,
	struct buf *a_value, CK_ATTRIBUTE_TYPE b, struct buf *b_value)
{
	int found = p11_attr(r, object, a, a_value);

	if (found == 1 && a_value->len)
		found = p11_attr(r, object, b, b_value);
	return found == 1 ? a_value->len && b_value->len : found;
}

int p11_public_of(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_KEY_TYPE type, EVP_PKEY **pub)
{
	AUTO_BUF struct buf first = { 0 }, second = { 0 }, info = { 0 };
	int found = 0;

	*pub = NULL;
	if (type == CKK_RSA) {
		found = read_two(r, object, CKA_MODULUS, &first, CKA_PUBLIC_EXPONENT, &second);
		if (found == 1)
			*pub = p11_rsa_key(&first, &second);
	} else if (type == CKK_EC) {
		found = read_two(r, object, CKA_EC_PARAMS, &first, CKA_EC_POINT, &second);
		if (found == 1)
			*pub = p11_ec_key(&first, &second);
	}
	if (found >= 0 && !*pub) {
		found = p11_attr(r, object, CKA_PUBLIC_KEY_INFO, &info);
		if (found == 1 && info.len)
			*pub = from_spki(info.data, info.len);
	}
	return found < 0 ? found : *pub != NULL;
}

int p11_cert_of(struct p11_reader *r, CK_OBJECT_HANDLE object, X509 **cert)
{
	AUTO_BUF struct buf der = { 0 };
	X509 *x509 = NULL;
	const uint8_t *p;
	int found = p11_attr(r, object, CKA_VALUE, &der);

	*cert = NULL;
	if (found != 1 || !der.len)
		return found < 0 ? found : 0;
	x509 = X509_new_ex(ossl_ctx(), NULL);
	if (!x509)
		return err_nomem(r->err);
	p = der.data;
	if (!d2i_X509(&x509, &p, (long)der.len))
		x509 = NULL; /* freed by d2i_X509 */
	ERR_clear_error();
	*cert = x509;
	return x509 != NULL;
}

int p11_template_beside(struct p11_reader *r, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class,
	struct p11_template *tmpl)
{
	static const CK_ATTRIBUTE_TYPE types[] = { CKA_ID, CKA_LABEL };

	p11_template_init(tmpl, class);
	for (size_t i = 0; i < 2; i++) {
		AUTO_BUF struct buf value = { 0 };
		int found = p11_attr(r, object, types[i], &value);

		if (found < 0)
			return found;
		if (!value.len || value.len > P11_MAX_ATTR)
			continue;
		found = p11_template_add(tmpl, types[i], value.data, value.len, r->err);
		return found < 0 ? found : 1;
	}
	return 0;
}

static bool is_type(const EVP_PKEY *pub, CK_KEY_TYPE type)
{
	return (type == CKK_RSA && EVP_PKEY_is_a(pub, "RSA")) ||
		(type == CKK_EC && EVP_PKEY_is_a(pub, "EC"));
}

/* The public key of any object beside it, of a class: 1, 0, negative. */
static int from_beside(struct p11_reader *r, CK_OBJECT_HANDLE private_key, CK_OBJECT_CLASS class,
	CK_KEY_TYPE type, EVP_PKEY **pub)
{
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	struct p11_template tmpl;
	int result = p11_template_beside(r, private_key, class, &tmpl);

	if (result == 1)
		result = p11_find(r, &tmpl, &found);
	for (size_t i = 0; i < found.n && result == 0; i++) {
		if (class == CKO_CERTIFICATE) {
			AUTO_X509 X509 *cert = NULL;

			result = p11_cert_of(r, found.list[i], &cert);
			*pub = result == 1 ? X509_get_pubkey(cert) : NULL;
		} else {
			result = p11_public_of(r, found.list[i], type, pub);
		}
		if (result == 1 && (!*pub || !is_type(*pub, type))) {
			EVP_PKEY_free(*pub);
			*pub = NULL;
			result = 0;
		}
	}
	return result;
}

int p11_public_half(struct p11_reader *r, CK_OBJECT_HANDLE private_key, CK_KEY_TYPE type,
	EVP_PKEY **pub)
{
	int result = p11_public_of(r, private_key, type, pub);

	if (result == 0)
		result = from_beside(r, private_key, CKO_PUBLIC_KEY, type, pub);
	if (result == 0)
		result = from_beside(r, private_key, CKO_CERTIFICATE, type, pub);
	return result;
}
