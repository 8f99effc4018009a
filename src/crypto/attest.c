/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/attest.h"

#include "src/base/error.h"
#include "src/crypto/cert.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#define YUBICO_PIV "1.3.6.1.4.1.41482.3."
#define FIRMWARE   YUBICO_PIV "3" /* three bytes */
#define SERIAL	   YUBICO_PIV "7" /* an INTEGER */
#define POLICIES   YUBICO_PIV "8" /* two bytes: PIN, touch */
#define FORM	   YUBICO_PIV "9" /* a byte, whose upper two bits are of other things */

/* -- extensions -------------------------------------------------------------------------- */

bool attest_is_one(const X509 *x509)
{
	char oid[64];

	for (int i = 0; i < X509_get_ext_count(x509); i++) {
		const ASN1_OBJECT *o = X509_EXTENSION_get_object(X509_get_ext(x509, i));

		OBJ_obj2txt(oid, sizeof(oid), o, 1);
		if (!strncmp(oid, YUBICO_PIV, strlen(YUBICO_PIV)))
			return true;
	}
	return false;
}

bool attest_is_placeholder(const X509 *x509)
{
	static const char begin[] = "YubiKey PIV Slot "; /* "9c" */
	char name[64];
	int len = X509_NAME_get_text_by_NID(
		X509_get_subject_name(x509), NID_commonName, name, sizeof(name));

	return len == (int)strlen(begin) + 2 && !strncmp(name, begin, strlen(begin)) &&
		!ASN1_INTEGER_get(X509_get0_serialNumber(x509)) &&
		!X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) &&
		!X509_get_ext_count(x509);
}

/* Its content; NULL if there is none. */
static const ASN1_OCTET_STRING *extension(const X509 *x509, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int at = object ? X509_get_ext_by_OBJ(x509, object, -1) : -1;

	ASN1_OBJECT_free(object);
	return at < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(x509, at));
}

/* The bytes of an extension that has just so many; NULL. */
static const uint8_t *bytes(const X509 *x509, const char *oid, int len)
{
	const ASN1_OCTET_STRING *s = extension(x509, oid);

	return s && ASN1_STRING_length(s) == len ? ASN1_STRING_get0_data(s) : NULL;
}

static const char *word(const char *const *words, size_t n, unsigned value)
{
	return value < n && words[value] ? words[value] : "unknown";
}
#define WORD(words, value) word(words, sizeof(words) / sizeof((words)[0]), value)

static void read_words(const X509 *x509, struct ms_attestation *out)
{
	static const char *const pin[] = { NULL, "never", "once", "always", "match-once",
		"match-always" };
	static const char *const touch[] = { NULL, "never", "always", "cached" };
	static const char *const forms[] = { NULL, "USB-A keychain", "USB-A nano",
		"USB-C keychain", "USB-C nano", "USB-C Lightning", "USB-A bio", "USB-C bio" };
	const uint8_t *b = bytes(x509, POLICIES, 2);

	if (b) {
		out->pin_policy = WORD(pin, b[0]);
		out->touch_policy = WORD(touch, b[1]);
	}
	b = bytes(x509, FORM, 1);
	if (b)
		out->form_factor = WORD(forms, b[0] & 0x3f);
	b = bytes(x509, FIRMWARE, 3);
	if (b)
		snprintf(out->firmware, sizeof(out->firmware), "%u.%u.%u", b[0], b[1], b[2]);
}

static void read_serial(const X509 *x509, struct ms_attestation *out)
{
	const ASN1_OCTET_STRING *s = extension(x509, SERIAL);
	const unsigned char *p = s ? ASN1_STRING_get0_data(s) : NULL;
	ASN1_INTEGER *number = p ? d2i_ASN1_INTEGER(NULL, &p, ASN1_STRING_length(s)) : NULL;
	uint64_t value;

	if (number && ASN1_INTEGER_get_uint64(&value, number))
		snprintf(out->serial, sizeof(out->serial), "%llu", (unsigned long long)value);
	ASN1_INTEGER_free(number);
	ERR_clear_error();
}

/* -- the chain --------------------------------------------------------------------------- */

static int doubt(struct ms_attestation *out, const char *why, const char *more)
{
	out->trusted = MS_NO;
	snprintf(out->problem, sizeof(out->problem), "%s%s", why, more);
	return 0;
}

static X509_STORE *store_of(STACK_OF(X509) * roots)
{
	X509_STORE *store = X509_STORE_new();

	for (int i = 0; store && i < sk_X509_num(roots); i++) {
		if (X509_STORE_add_cert(store, sk_X509_value(roots, i)))
			continue;
		X509_STORE_free(store);
		store = NULL;
	}
	return store;
}

static int check_chain(const STACK_OF(X509) * certs, STACK_OF(X509) * roots,
	struct ms_attestation *out, struct ms_error *err)
{
	X509_STORE *store = store_of(roots);
	X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(ossl_ctx(), NULL);
	int ok = store && ctx &&
		X509_STORE_CTX_init(
			ctx, store, sk_X509_value(certs, 0), (STACK_OF(X509) *)certs);

	if (ok) {
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_NO_CHECK_TIME);
		if (X509_verify_cert(ctx) == 1)
			out->trusted = MS_YES;
		else
			doubt(out, "it does not lead to the root: ",
				X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return ok ? 0 : err_nomem(err);
}

/* CVE-2017-15361 (ROCA), Yubico's advisory YSA-2017-01. */
static bool is_weak(X509 *x509)
{
	const EVP_PKEY *pub = X509_get0_pubkey(x509);
	const uint8_t *b = bytes(x509, FIRMWARE, 3);
	unsigned version = b ? (unsigned)b[0] << 16 | (unsigned)b[1] << 8 | b[2] : 0;

	return pub && EVP_PKEY_is_a(pub, "RSA") && version >= 0x040206 && version <= 0x040304;
}

int attest_read(const STACK_OF(X509) * certs, const EVP_PKEY *pub, STACK_OF(X509) * roots,
	struct ms_attestation *out, struct ms_error *err)
{
	X509 *own = sk_X509_value(certs, 0);

	*out = (struct ms_attestation){ .shown = true };
	read_words(own, out);
	read_serial(own, out);
	if (is_weak(own))
		return doubt(out, "RSA keys that firmware 4.2.6 to 4.3.4 made can be computed from "
				  "their public half (ROCA, CVE-2017-15361)", "");
	if (!roots)
		return 0;
	if (!cert_fits_key(own, pub))
		return doubt(out, "it is of another key", "");
	return check_chain(certs, roots, out, err);
}
