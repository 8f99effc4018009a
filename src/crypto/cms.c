/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/cms.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/digest.h"
#include "src/crypto/keyrule.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

/* RFC 5652, as far as module signatures need it: the five types of SignedData. */

typedef struct {
	X509_NAME *issuer;
	ASN1_INTEGER *serial;
} MS_ISSUER_SERIAL;

ASN1_SEQUENCE(MS_ISSUER_SERIAL) = {
	ASN1_SIMPLE(MS_ISSUER_SERIAL, issuer, X509_NAME),
	ASN1_SIMPLE(MS_ISSUER_SERIAL, serial, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END(MS_ISSUER_SERIAL)

typedef struct {
	int type; /* 0: issuer and serial, 1: key id */
	union {
		MS_ISSUER_SERIAL *issuer_serial;
		ASN1_OCTET_STRING *key_id;
	} d;
} MS_SID;

ASN1_CHOICE(MS_SID) = {
	ASN1_SIMPLE(MS_SID, d.issuer_serial, MS_ISSUER_SERIAL),
	ASN1_IMP(MS_SID, d.key_id, ASN1_OCTET_STRING, 0),
} static_ASN1_CHOICE_END(MS_SID)

typedef struct {
	int32_t version;
	MS_SID *sid;
	X509_ALGOR *digest;
	STACK_OF(ASN1_TYPE) *signed_attributes;
	X509_ALGOR *signature_algorithm;
	ASN1_OCTET_STRING *signature;
	STACK_OF(ASN1_TYPE) *unsigned_attributes;
} MS_SIGNER;
DEFINE_STACK_OF(MS_SIGNER)

ASN1_SEQUENCE(MS_SIGNER) = {
	ASN1_EMBED(MS_SIGNER, version, INT32),
	ASN1_SIMPLE(MS_SIGNER, sid, MS_SID),
	ASN1_SIMPLE(MS_SIGNER, digest, X509_ALGOR),
	ASN1_IMP_SET_OF_OPT(MS_SIGNER, signed_attributes, ASN1_ANY, 0),
	ASN1_SIMPLE(MS_SIGNER, signature_algorithm, X509_ALGOR),
	ASN1_SIMPLE(MS_SIGNER, signature, ASN1_OCTET_STRING),
	ASN1_IMP_SET_OF_OPT(MS_SIGNER, unsigned_attributes, ASN1_ANY, 1),
} static_ASN1_SEQUENCE_END(MS_SIGNER)

typedef struct {
	ASN1_OBJECT *type;
	ASN1_TYPE *content;
} MS_CONTENT;

ASN1_SEQUENCE(MS_CONTENT) = {
	ASN1_SIMPLE(MS_CONTENT, type, ASN1_OBJECT),
	ASN1_EXP_OPT(MS_CONTENT, content, ASN1_ANY, 0),
} static_ASN1_SEQUENCE_END(MS_CONTENT)

typedef struct {
	int32_t version;
	STACK_OF(X509_ALGOR) *digests;
	MS_CONTENT *content;
	STACK_OF(X509) *certificates;
	STACK_OF(ASN1_TYPE) *crls;
	STACK_OF(MS_SIGNER) *signers;
} MS_SIGNED_DATA;

ASN1_SEQUENCE(MS_SIGNED_DATA) = {
	ASN1_EMBED(MS_SIGNED_DATA, version, INT32),
	ASN1_SET_OF(MS_SIGNED_DATA, digests, X509_ALGOR),
	ASN1_SIMPLE(MS_SIGNED_DATA, content, MS_CONTENT),
	ASN1_IMP_SET_OF_OPT(MS_SIGNED_DATA, certificates, X509, 0),
	ASN1_IMP_SET_OF_OPT(MS_SIGNED_DATA, crls, ASN1_ANY, 1),
	ASN1_SET_OF(MS_SIGNED_DATA, signers, MS_SIGNER),
} static_ASN1_SEQUENCE_END(MS_SIGNED_DATA)

typedef struct {
	ASN1_OBJECT *type;
	MS_SIGNED_DATA *signed_data;
} MS_CONTENT_INFO;

ASN1_SEQUENCE(MS_CONTENT_INFO) = {
	ASN1_SIMPLE(MS_CONTENT_INFO, type, ASN1_OBJECT),
	ASN1_EXP(MS_CONTENT_INFO, signed_data, MS_SIGNED_DATA, 0),
} static_ASN1_SEQUENCE_END(MS_CONTENT_INFO)

static MS_CONTENT_INFO *info_new(void)
{
	return (MS_CONTENT_INFO *)ASN1_item_new(ASN1_ITEM_rptr(MS_CONTENT_INFO));
}

static void info_free(MS_CONTENT_INFO **info)
{
	ASN1_item_free((ASN1_VALUE *)*info, ASN1_ITEM_rptr(MS_CONTENT_INFO));
}

/* The signature algorithm's name for a key type and hash. RSA is named without its hash, as
 * sign-file does (RFC 3370, 3.2); ECDSA with it (RFC 5754, 3.3; RFC 8702, 3.2). */
static int sig_nid(const EVP_PKEY *pub, enum ms_hash hash)
{
	if (EVP_PKEY_is_a(pub, "RSA"))
		return NID_rsaEncryption;
	if (!EVP_PKEY_is_a(pub, "EC"))
		return NID_undef;
	return keyrule_ecdsa_nid(hash);
}

static int set_sid(MS_SID *sid, X509 *cert, enum cms_sid kind, struct ms_error *err)
{
	const ASN1_OCTET_STRING *ski;

	if (kind == CMS_SID_ISSUER_SERIAL) {
		MS_ISSUER_SERIAL *is =
			(MS_ISSUER_SERIAL *)ASN1_item_new(ASN1_ITEM_rptr(MS_ISSUER_SERIAL));

		if (!is)
			return err_nomem(err);
		sid->type = 0;
		sid->d.issuer_serial = is;
		ASN1_INTEGER_free(is->serial);
		is->serial = ASN1_INTEGER_dup(X509_get0_serialNumber(cert));
		if (!is->serial || !X509_NAME_set(&is->issuer, X509_get_issuer_name(cert)))
			return err_nomem(err);
		return 0;
	}
	ski = X509_get0_subject_key_id(cert);
	if (!ski) {
		err_set(err, MS_ERR_CERT,
			"the certificate has no subject key identifier to name the signer by");
		err_hint(err, "Use --key-id issuer, or make the certificate with "
			      "subjectKeyIdentifier=hash.");
		return MS_ERR_CERT;
	}
	sid->type = 1;
	sid->d.key_id = ASN1_OCTET_STRING_dup(ski);
	return sid->d.key_id ? 0 : err_nomem(err);
}

/* What a message is made of. */
struct parts {
	X509 *cert; /* the signer's */
	enum cms_sid sid;
	enum ms_hash hash;
	int hash_parameters; /* V_ASN1_UNDEF (absent), V_ASN1_NULL */
	const uint8_t *sig;
	size_t sig_len;
	const STACK_OF(X509) *chain;
};

static int set_digest(X509_ALGOR *algorithm, const struct parts *parts)
{
	return X509_ALGOR_set0(algorithm, OBJ_nid2obj(digest_nid(parts->hash)),
		parts->hash_parameters, NULL);
}

static int set_signer(MS_SIGNER *signer, const struct parts *parts, struct ms_error *err)
{
	int nid = sig_nid(X509_get0_pubkey(parts->cert), parts->hash);
	int r;

	if (nid == NID_undef)
		return err_set(err, MS_ERR_UNSUPPORTED,
			"CMS has no name for a signature by this kind of key with %s",
			ms_hash_name(parts->hash));
	signer->version = parts->sid == CMS_SID_KEY_ID ? 3 : 1;
	r = set_sid(signer->sid, parts->cert, parts->sid, err);
	if (r < 0)
		return r;
	if (!set_digest(signer->digest, parts) ||
		!X509_ALGOR_set0(signer->signature_algorithm, OBJ_nid2obj(nid),
			nid == NID_rsaEncryption ? V_ASN1_NULL : V_ASN1_UNDEF, NULL) ||
		!ASN1_OCTET_STRING_set(signer->signature, parts->sig, (int)parts->sig_len))
		return err_nomem(err);
	return 0;
}

static int set_chain(MS_SIGNED_DATA *sd, const STACK_OF(X509) *chain)
{
	if (!chain || !sk_X509_num(chain))
		return 0;
	sd->certificates = X509_chain_up_ref((STACK_OF(X509) *)chain);
	return sd->certificates ? 0 : -1;
}

static int fill(MS_SIGNED_DATA *sd, const struct parts *parts, struct ms_error *err)
{
	MS_SIGNER *signer;
	X509_ALGOR *digest;

	sd->version = parts->sid == CMS_SID_KEY_ID ? 3 : 1;
	sd->content->type = OBJ_nid2obj(NID_pkcs7_data);
	digest = X509_ALGOR_new();
	if (!digest || !sk_X509_ALGOR_push(sd->digests, digest)) {
		X509_ALGOR_free(digest);
		return err_nomem(err);
	}
	signer = (MS_SIGNER *)ASN1_item_new(ASN1_ITEM_rptr(MS_SIGNER));
	if (!signer || !sk_MS_SIGNER_push(sd->signers, signer)) {
		ASN1_item_free((ASN1_VALUE *)signer, ASN1_ITEM_rptr(MS_SIGNER));
		return err_nomem(err);
	}
	if (!set_digest(digest, parts) || set_chain(sd, parts->chain) < 0)
		return err_nomem(err);
	return set_signer(signer, parts, err);
}

static int encode(const void *value, const ASN1_ITEM *item, struct buf *out, struct ms_error *err)
{
	unsigned char *der = NULL;
	int len = ASN1_item_i2d(value, &der, item), r;

	if (len <= 0)
		return ossl_err(err, MS_ERR_INTERNAL, "the CMS cannot be encoded");
	r = buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	return r < 0 ? err_nomem(err) : 0;
}

int cms_build(X509 *cert, enum cms_sid sid, enum ms_hash hash, const uint8_t *sig,
	size_t sig_len, const STACK_OF(X509) *chain, struct buf *out, struct ms_error *err)
{
	__attribute__((cleanup(info_free))) MS_CONTENT_INFO *info = info_new();
	const struct parts parts = { cert, sid, hash, V_ASN1_UNDEF, sig, sig_len, chain };
	int r;

	if (!info)
		return err_nomem(err);
	info->type = OBJ_nid2obj(NID_pkcs7_signed);
	r = fill(info->signed_data, &parts, err);
	return r < 0 ? r : encode(info, ASN1_ITEM_rptr(MS_CONTENT_INFO), out, err);
}

int cms_build_pkcs7(X509 *cert, enum ms_hash hash, const uint8_t *sig, size_t sig_len,
	struct buf *out, struct ms_error *err)
{
	__attribute__((cleanup(info_free))) MS_CONTENT_INFO *info = info_new();
	STACK_OF(X509) *own = sk_X509_new_null();
	const struct parts parts = { cert, CMS_SID_ISSUER_SERIAL, hash, V_ASN1_NULL, sig, sig_len, own };
	int r = info && own && sk_X509_push(own, cert) ? 0 : err_nomem(err);

	if (r == 0)
		r = fill(info->signed_data, &parts, err);
	if (r == 0)
		r = encode(info->signed_data, ASN1_ITEM_rptr(MS_SIGNED_DATA), out, err);
	sk_X509_free(own);
	return r;
}

static void algorithm_name(const X509_ALGOR *alg, int *nid, char *name, size_t size)
{
	const ASN1_OBJECT *obj;

	X509_ALGOR_get0(&obj, NULL, NULL, alg);
	*nid = OBJ_obj2nid(obj);
	if (*nid != NID_undef)
		snprintf(name, size, "%s", OBJ_nid2sn(*nid));
	else
		OBJ_obj2txt(name, (int)size, obj, 1);
}

static bool is_attribute(const ASN1_TYPE *encoded, int nid)
{
	X509_ATTRIBUTE *attribute = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ATTRIBUTE), encoded);
	bool is = attribute && OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute)) == nid;

	X509_ATTRIBUTE_free(attribute);
	return is;
}

static void read_signer(struct cms_signer *to, const MS_SIGNER *from)
{
	int nid;

	to->version = from->version;
	if (from->sid->type == 0) {
		to->issuer = from->sid->d.issuer_serial->issuer;
		to->serial = from->sid->d.issuer_serial->serial;
	} else {
		to->key_id = ASN1_STRING_get0_data(from->sid->d.key_id);
		to->key_id_len = (size_t)ASN1_STRING_length(from->sid->d.key_id);
	}
	algorithm_name(from->digest, &nid, to->hash_name, sizeof(to->hash_name));
	to->hash = digest_by_nid(nid);
	if (to->hash)
		snprintf(to->hash_name, sizeof(to->hash_name), "%s", ms_hash_name(to->hash));
	algorithm_name(from->signature_algorithm, &to->sig_nid, to->sig_name,
		sizeof(to->sig_name));
	to->has_attributes = from->signed_attributes != NULL;
	for (int i = 0; i < sk_ASN1_TYPE_num(from->signed_attributes); i++)
		to->has_smime_capabilities |=
			is_attribute(sk_ASN1_TYPE_value(from->signed_attributes, i),
				NID_SMIMECapabilities);
	to->sig = ASN1_STRING_get0_data(from->signature);
	to->sig_len = (size_t)ASN1_STRING_length(from->signature);
}

/* The template read the certificates into OpenSSL's default context; ours are needed. */
static STACK_OF(X509) *certs_in_our_context(const STACK_OF(X509) *certs)
{
	STACK_OF(X509) *out = sk_X509_new_null();

	for (int i = 0; out && i < sk_X509_num(certs); i++) {
		unsigned char *der = NULL;
		int len = i2d_X509(sk_X509_value(certs, i), &der);
		const unsigned char *p = der;
		X509 *x509 = X509_new_ex(ossl_ctx(), NULL);

		if (len <= 0 || !x509 || !d2i_X509(&x509, &p, len) || !sk_X509_push(out, x509)) {
			X509_free(x509);
			sk_X509_pop_free(out, X509_free);
			out = NULL;
		}
		OPENSSL_free(der);
	}
	return out;
}

int cms_parse(const uint8_t *der, size_t len, struct cms **cms, struct ms_error *err)
{
	const unsigned char *p = der;
	__attribute__((cleanup(info_free))) MS_CONTENT_INFO *info = NULL;
	MS_SIGNED_DATA *sd;
	struct cms *c;
	int n;

	info = (MS_CONTENT_INFO *)ASN1_item_d2i(NULL, &p, (long)len,
		ASN1_ITEM_rptr(MS_CONTENT_INFO));
	if (!info || OBJ_obj2nid(info->type) != NID_pkcs7_signed)
		return ossl_err(err, MS_ERR_SIGNATURE, "not a CMS SignedData");
	if (p != der + len)
		return err_set(err, MS_ERR_SIGNATURE, "%zu bytes behind the CMS SignedData",
			(size_t)(der + len - p));
	sd = info->signed_data;
	n = sk_MS_SIGNER_num(sd->signers);
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_nomem(err);
	c->signers = calloc(n > 0 ? (size_t)n : 1, sizeof(*c->signers));
	c->certs = certs_in_our_context(sd->certificates);
	if (!c->signers || !c->certs) {
		cms_free(c);
		return ossl_err(err, MS_ERR_SIGNATURE, "its certificates cannot be read");
	}
	c->version = sd->version;
	c->content_is_data = OBJ_obj2nid(sd->content->type) == NID_pkcs7_data;
	c->detached = !sd->content->content;
	c->n_signers = n > 0 ? (size_t)n : 0;
	for (int i = 0; i < n; i++)
		read_signer(&c->signers[i], sk_MS_SIGNER_value(sd->signers, i));
	c->der = STEAL(info);
	*cms = c;
	return 0;
}

void cms_free(struct cms *cms)
{
	MS_CONTENT_INFO *info;

	if (!cms)
		return;
	info = cms->der;
	info_free(&info);
	sk_X509_pop_free(cms->certs, X509_free);
	free(cms->signers);
	free(cms);
}

bool cms_sig_fits_key(int nid, const EVP_PKEY *pub)
{
	int md, pkey;

	if (EVP_PKEY_is_a(pub, "RSA"))
		return nid == NID_rsaEncryption ||
			(OBJ_find_sigid_algs(nid, &md, &pkey) && pkey == NID_rsaEncryption);
	if (EVP_PKEY_is_a(pub, "EC"))
		for (enum ms_hash h = MS_HASH_SHA1; h <= MS_HASH_SHA3_512; h++)
			if (nid == sig_nid(pub, h))
				return true;
	return false;
}

/* The kernel compares names byte for byte, unlike X509_NAME_cmp(). */
static bool same_name(const X509_NAME *a, const X509_NAME *b)
{
	const unsigned char *der_a, *der_b;
	size_t len_a, len_b;

	return X509_NAME_get0_der(a, &der_a, &len_a) && X509_NAME_get0_der(b, &der_b, &len_b) &&
		len_a == len_b && !memcmp(der_a, der_b, len_a);
}

bool cms_names_cert(const struct cms_signer *signer, X509 *cert)
{
	const ASN1_OCTET_STRING *ski;

	if (signer->issuer)
		return same_name(signer->issuer, X509_get_issuer_name(cert)) &&
			ASN1_INTEGER_cmp(signer->serial, X509_get0_serialNumber(cert)) == 0;
	ski = X509_get0_subject_key_id(cert);
	return ski && (size_t)ASN1_STRING_length(ski) == signer->key_id_len &&
		!memcmp(ASN1_STRING_get0_data(ski), signer->key_id, signer->key_id_len);
}
