/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel sees in a certificate: crypto/asymmetric_keys/x509_cert_parser.c,
 * x509_public_key.c, crypto/rsa.c and ecdsa.c of the kernel. */
#include <modseal/certview.h>

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/key/key.h"
#include "src/trust/accept.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define OID_MODULE_SIGNING "1.3.6.1.4.1.2312.16.1.2"

MS_API void ms_cert_view_free(struct ms_cert_view *v)
{
	if (!v)
		return;
	free(v->subject);
	free(v->issuer);
	free(v->serial);
	free(v->key_id);
	free(v->not_before);
	free(v->not_after);
	free(v);
}

static void set_problem(struct ms_cert_view *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The first one counts. */
static void set_problem(struct ms_cert_view *v, const char *fmt, ...)
{
	va_list ap;

	if (v->problem[0])
		return;
	va_start(ap, fmt);
	vsnprintf(v->problem, sizeof(v->problem), fmt, ap);
	va_end(ap);
}

static void add_need(struct ms_cert_view *v, const char *need)
{
	size_t len = strlen(v->needs);

	snprintf(v->needs + len, sizeof(v->needs) - len, "%s%s", len ? "; " : "", need);
}

/* -- names and dates --------------------------------------------------------------------- */

static int read_names(X509 *cert, struct ms_cert_view *v)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(cert);

	v->subject = cert_name_text(X509_get_subject_name(cert));
	v->issuer = cert_name_text(X509_get_issuer_name(cert));
	v->serial = cert_serial_hex(X509_get0_serialNumber(cert));
	if (id)
		v->key_id = cert_hex(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id));
	return v->subject && v->issuer && v->serial && (!id || v->key_id) ? 0 : -1;
}

/* x509_decode_time() wants the form that RFC 5280 has for a year, and no year before 1970. */
static void check_time(const ASN1_TIME *time, struct ms_cert_view *v)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(time, &tm))
		set_problem(v, "a date of it cannot be read");
	else if (tm.tm_year < 70)
		set_problem(v, "its dates begin before 1970");
	else if (ASN1_STRING_type(time) == V_ASN1_GENERALIZEDTIME && tm.tm_year < 150)
		set_problem(v,
			"a date before 2050 is written as GeneralizedTime, which kernels refuse");
}

static void read_dates(X509 *cert, struct ms_cert_view *v)
{
	check_time(X509_get0_notBefore(cert), v);
	check_time(X509_get0_notAfter(cert), v);
	v->not_before = cert_time_text(X509_get0_notBefore(cert));
	v->not_after = cert_time_text(X509_get0_notAfter(cert));
	v->expired = X509_cmp_current_time(X509_get0_notAfter(cert)) < 0;
}

/* -- the key ----------------------------------------------------------------------------- */

static void read_rsa(const EVP_PKEY *pub, struct ms_cert_view *v)
{
	int bits = (EVP_PKEY_get_bits(pub) + 7) / 8 * 8;

	switch (bits) {
	case 2048:
	case 3072:
	case 4096:
		break;
	case 512:
	case 1024:
	case 1536:
		add_need(v, "RSA keys below 2048 bits: no FIPS mode (and no enemies)");
		break;
	default:
		set_problem(v,
			"kernels check RSA keys of 512, 1024, 1536, 2048, 3072 and 4096 bits only");
	}
}

/* x509_extract_key_data() wants the name of the curve. */
static bool is_curve_spelt_out(const EVP_PKEY *pub)
{
	int explicit = 0;

	return EVP_PKEY_get_int_param(
		       pub, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit) &&
		explicit;
}

static void read_other(const EVP_PKEY *pub, const char *type, struct ms_cert_view *v)
{
	if (pub && is_curve_spelt_out(pub))
		set_problem(v, "its curve is spelt out instead of named, which kernels do not read");
	else if (!strcmp(type, "P-256") || !strcmp(type, "P-384"))
		add_need(v, "ECDSA: Linux 5.13 with CONFIG_CRYPTO_ECDSA, which Debian 12's lacks");
	else if (!strcmp(type, "P-521"))
		add_need(v, "ECDSA with P-521: Linux 6.10 with CONFIG_CRYPTO_ECDSA");
	else if (!strncmp(type, "ML-DSA", 6))
		add_need(v, "ML-DSA: a kernel with CONFIG_CRYPTO_MLDSA");
	else
		set_problem(v, "kernels check no module signatures of %s keys", type);
}

/* The name of a key that this OpenSSL does not know. */
static void name_unknown(X509 *cert, char *type, size_t size)
{
	static const char *const ml_dsa[] = { "ML-DSA-44", "ML-DSA-65", "ML-DSA-87" };
	ASN1_OBJECT *oid = NULL;
	char text[64];

	X509_PUBKEY_get0_param(&oid, NULL, NULL, NULL, X509_get_X509_PUBKEY(cert));
	OBJ_obj2txt(text, sizeof(text), oid, 1);
	snprintf(type, size, "%.31s", text);
	for (int i = 0; i < 3; i++) {
		char ml[64];

		snprintf(ml, sizeof(ml), "2.16.840.1.101.3.4.3.%d", 17 + i);
		if (!strcmp(text, ml))
			snprintf(type, size, "%s", ml_dsa[i]);
	}
}

static void read_key(X509 *cert, struct ms_cert_view *v)
{
	const EVP_PKEY *pub = X509_get0_pubkey(cert);

	ERR_clear_error();
	if (pub)
		key_type_name(pub, v->key_type, sizeof(v->key_type));
	else
		name_unknown(cert, v->key_type, sizeof(v->key_type));
	if (pub && EVP_PKEY_is_a(pub, "RSA"))
		read_rsa(pub, v);
	else
		read_other(pub, v->key_type, v);
}

/* -- how it is signed -------------------------------------------------------------------- */

static bool is_known_digest(int nid)
{
	static const int known[] = { NID_sha1, NID_sha224, NID_sha256, NID_sha384, NID_sha512,
		NID_sha3_256, NID_sha3_384, NID_sha3_512 };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (nid == known[i])
			return true;
	return false;
}

/* x509_note_sig_algo(): a certificate signed in a way that is not known is not parsed at all. */
static void read_signature(X509 *cert, struct ms_cert_view *v)
{
	int nid = X509_get_signature_nid(cert), digest = NID_undef, key = NID_undef;
	bool known = OBJ_find_sigid_algs(nid, &digest, &key) &&
		(key == NID_rsaEncryption || key == NID_X9_62_id_ecPublicKey) &&
		is_known_digest(digest);

	v->signed_with = OBJ_nid2ln(nid);
	if (!known && strncmp(v->key_type, "ML-DSA", 6) != 0)
		set_problem(v, "it is signed with %s, which kernels do not know",
			nid == NID_undef ? "an algorithm that OpenSSL does not know"
					 : v->signed_with);
	if (known && (digest == NID_sha3_256 || digest == NID_sha3_384 || digest == NID_sha3_512))
		add_need(v, "a certificate signed with SHA-3: Linux 6.7");
	v->self_signed = X509_self_signed(cert, 0) == 1;
	if (v->self_signed && known && X509_get0_pubkey(cert) && X509_self_signed(cert, 1) != 1)
		set_problem(v, "its signature by itself is wrong");
	ERR_clear_error();
}

/* -- extensions -------------------------------------------------------------------------- */

static void read_extensions(X509 *cert, struct ms_cert_view *v)
{
	EXTENDED_KEY_USAGE *purposes = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	uint32_t flags = X509_get_extension_flags(cert), usage = X509_get_key_usage(cert);

	v->ca = (flags & EXFLAG_BCONS) && (flags & EXFLAG_CA);
	if (flags & EXFLAG_KUSAGE) {
		v->key_cert_sign = usage & KU_KEY_CERT_SIGN;
		v->digital_signature = usage & KU_DIGITAL_SIGNATURE;
	}
	for (int i = 0; i < sk_ASN1_OBJECT_num(purposes); i++) {
		char oid[64];

		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(purposes, i), 1);
		v->module_signing |= !strcmp(oid, OID_MODULE_SIGNING);
		v->code_signing |= OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, i)) == NID_code_sign;
	}
	EXTENDED_KEY_USAGE_free(purposes);
	ERR_clear_error();
}

MS_API int ms_cert_view_new(
	const struct ms_cert *cert, struct ms_cert_view **view, struct ms_error *err)
{
	struct ms_cert_view *v = calloc(1, sizeof(*v));
	X509 *x509 = cert->x509;

	if (!v || read_names(x509, v) < 0) {
		ms_cert_view_free(v);
		return err_nomem(err);
	}
	read_dates(x509, v);
	read_key(x509, v);
	read_signature(x509, v);
	read_extensions(x509, v);
	accept_judge(x509, v);
	*view = v;
	return 0;
}
