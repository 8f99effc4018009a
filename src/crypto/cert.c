/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/cert.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/crypto/digest.h"
#include "src/key/key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#define CERT_FILE_MAX (4 << 20) /* bytes; a CA bundle has 200 KB */

struct ms_cert *cert_wrap(X509 *x509)
{
	struct ms_cert *cert = calloc(1, sizeof(*cert));

	if (!cert) {
		X509_free(x509);
		return NULL;
	}
	cert->x509 = x509;
	cert->subject = cert_name_text(X509_get_subject_name(x509));
	if (cert->subject)
		return cert;
	ms_cert_free(cert);
	return NULL;
}

MS_API void ms_cert_free(struct ms_cert *cert)
{
	if (!cert)
		return;
	X509_free(cert->x509);
	free(cert->subject);
	free(cert);
}

MS_API const char *ms_cert_subject(const struct ms_cert *cert)
{
	return cert->subject;
}

MS_API int ms_cert_fingerprint(const struct ms_cert *cert, enum ms_hash hash,
	unsigned char *digest, struct ms_error *err)
{
	if (X509_digest(cert->x509, digest_md(hash), digest, NULL) == 1)
		return 0;
	return ossl_err(err, MS_ERR_CERT, "the certificate \"%s\" cannot be digested", cert->subject);
}

MS_API int ms_key_cert(const struct ms_key *key, struct ms_cert **cert, struct ms_error *err)
{
	if (!key->cert) {
		err_set(err, MS_ERR_CERT, "%s holds no certificate for the key %s", key->place,
			key->uri);
		err_hint(err, "Name the certificate's file with -c.");
		return MS_ERR_CERT;
	}
	X509_up_ref(key->cert);
	*cert = cert_wrap(key->cert);
	return *cert ? 0 : err_nomem(err);
}

void cert_stack_free(STACK_OF(X509) *certs)
{
	sk_X509_pop_free(certs, X509_free);
}

X509 *cert_of_der(const uint8_t *der, size_t len)
{
	X509 *x509 = X509_new_ex(ossl_ctx(), NULL);

	if (x509 && d2i_X509(&x509, &der, (long)len))
		return x509;
	X509_free(x509); /* d2i frees and clears it on failure */
	return NULL;
}

static int push_der(STACK_OF(X509) *certs, const uint8_t *der, size_t len)
{
	X509 *x509 = cert_of_der(der, len);

	if (!x509)
		return -1;
	if (sk_X509_push(certs, x509) > 0)
		return 0;
	X509_free(x509);
	return -1;
}

static int push_pem(STACK_OF(X509) *certs, const void *data, size_t len)
{
	AUTO_BIO BIO *bio = BIO_new_mem_buf(data, (int)len);
	char *name, *header;
	unsigned char *der;
	long der_len;
	int r = 0;

	while (bio && r == 0 && PEM_read_bio(bio, &name, &header, &der, &der_len)) {
		if (!strcmp(name, PEM_STRING_X509) || !strcmp(name, PEM_STRING_X509_OLD))
			r = push_der(certs, der, (size_t)der_len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)der_len);
	}
	if (!bio || r < 0)
		return -1;
	/* Anything but the end of the blocks is a block that is damaged. */
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? 0 : -1;
}

int cert_read(const void *data, size_t len, const char *name, STACK_OF(X509) **certs,
	struct ms_error *err)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	const uint8_t *p = data;
	int r;

	if (!stack)
		return err_nomem(err);
	/* A DER certificate is a SEQUENCE; PEM is text. */
	if (len && p[0] == 0x30)
		r = push_der(stack, data, len);
	else
		r = len ? push_pem(stack, data, len) : 0;
	if (r < 0) {
		cert_stack_free(stack);
		return ossl_err(err, MS_ERR_CERT, "%s: not a well-formed certificate", name);
	}
	ERR_clear_error();
	if (!sk_X509_num(stack)) {
		cert_stack_free(stack);
		return err_set(err, MS_ERR_CERT, "%s holds no certificate (PEM or DER)", name);
	}
	*certs = stack;
	return 0;
}

int cert_read_file(const char *path, STACK_OF(X509) **certs, struct ms_error *err)
{
	AUTO_BUF struct buf b = { 0 };
	int r = file_read(path, CERT_FILE_MAX, &b, err);

	if (r < 0) {
		if (r == MS_ERR_IO)
			r = MS_ERR_CERT;
		if (err)
			err->code = r;
		err_prefix(err, "certificate");
		return r;
	}
	return cert_read(b.data, b.len, path, certs, err);
}

MS_API int ms_cert_open_all(const char *path, struct ms_cert ***certs, size_t *count,
	struct ms_error *err)
{
	STACK_OF(X509) *stack = NULL;
	struct ms_cert **list;
	int n, r = cert_read_file(path, &stack, err);

	if (r < 0)
		return r;
	n = sk_X509_num(stack);
	list = calloc((size_t)n, sizeof(*list));
	for (int i = 0; list && i < n; i++) {
		list[i] = cert_wrap(sk_X509_shift(stack));
		if (!list[i]) {
			ms_cert_list_free(list, (size_t)i);
			list = NULL;
		}
	}
	cert_stack_free(stack);
	if (!list)
		return err_nomem(err);
	*certs = list;
	*count = (size_t)n;
	return 0;
}

MS_API void ms_cert_list_free(struct ms_cert **certs, size_t count)
{
	for (size_t i = 0; certs && i < count; i++)
		ms_cert_free(certs[i]);
	free(certs);
}

bool cert_fits_key(X509 *x509, const EVP_PKEY *pub)
{
	const EVP_PKEY *of_cert = X509_get0_pubkey(x509);
	bool fits = of_cert && EVP_PKEY_eq(of_cert, pub) == 1;

	ERR_clear_error();
	return fits;
}

char *cert_name_text(const X509_NAME *name)
{
	AUTO_BIO BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (!bio || X509_NAME_print_ex(bio, name, 0,
			    (XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV & ~ASN1_STRFLGS_ESC_MSB)) < 0)
		return NULL;
	len = BIO_get_mem_data(bio, &data);
	return strndup(len > 0 ? data : "", (size_t)len);
}

char *cert_hex(const uint8_t *data, size_t len)
{
	char *hex = malloc(2 * len + 1);

	if (!hex)
		return NULL;
	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", data[i]);
	hex[2 * len] = '\0';
	return hex;
}

char *cert_serial_hex(const ASN1_INTEGER *serial)
{
	unsigned char *der = NULL, *p;
	int len = i2d_ASN1_INTEGER(serial, &der);
	char *hex;
	long content;
	int tag, class;

	if (len <= 0)
		return NULL;
	p = der;
	ASN1_get_object((const unsigned char **)&p, &content, &tag, &class, len);
	hex = cert_hex(p, (size_t)content);
	OPENSSL_free(der);
	return hex;
}

char *cert_time_text(const ASN1_TIME *time)
{
	char text[32];
	struct tm tm;

	if (!ASN1_TIME_to_tm(time, &tm) ||
		!strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return strdup(text);
}
