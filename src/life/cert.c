/* SPDX-License-Identifier: Apache-2.0 */
#include "src/life/cert.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/crypto/digest.h"
#include "src/crypto/keyrule.h"
#include "src/crypto/provider.h"
#include "src/life/profile.h"
#include "src/life/subject.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DEFAULT_DAYS 36500
#define SERIAL_BYTES 20 /* RFC 5280, 4.1.2.2: at most */

static int set_serial(X509 *cert)
{
	unsigned char random[SERIAL_BYTES];
	BIGNUM *number;
	int ok;

	if (RAND_bytes_ex(ossl_ctx(), random, sizeof(random), 0) <= 0)
		return 0;
	random[0] = (unsigned char)((random[0] & 0x7f) | 0x40); /* positive, and always as long */
	number = BN_bin2bn(random, sizeof(random), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static int set_frame(X509 *cert, EVP_PKEY *pub, const X509_NAME *subject, X509 *issuer,
	unsigned days, struct ms_error *err)
{
	X509_NAME *issuer_name = issuer ? X509_get_subject_name(issuer) : (X509_NAME *)subject;

	if (X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
		X509_set_subject_name(cert, (X509_NAME *)subject) &&
		X509_set_issuer_name(cert, issuer_name) &&
		X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
		X509_time_adj_ex(X509_getm_notAfter(cert), (int)(days ? days : DEFAULT_DAYS), 0,
			NULL) &&
		X509_set_pubkey(cert, pub))
		return 0;
	return ossl_err(err, MS_ERR_CERT, "the certificate cannot be made");
}

static int sign(X509 *cert, struct ms_key *key, enum ms_hash hash, struct ms_error *err)
{
	AUTO_PKEY EVP_PKEY *signer = NULL;
	int r = provider_pkey(key, &signer, err);

	if (r < 0)
		return r;
	if (X509_sign(cert, signer, digest_md(hash)) > 0)
		return 0;
	return provider_error(err, MS_ERR_KEY, "the certificate cannot be signed");
}

/* X509_sign() leaves a certificate whose parts were set one by one; read again it is as any other,
 * and verifies or not. */
static int read_again(X509 *made, EVP_PKEY *issuer_pub, X509 **cert, struct ms_error *err)
{
	AUTO_X509 X509 *x509 = X509_new_ex(ossl_ctx(), NULL);
	unsigned char *der = NULL;
	int len = i2d_X509(made, &der);
	const unsigned char *p = der;
	X509 *read = len > 0 && x509 ? d2i_X509(&x509, &p, len) : NULL;

	OPENSSL_free(der);
	if (!read || X509_verify(read, issuer_pub) != 1)
		return ossl_err(err, MS_ERR_INTERNAL, "the certificate that was made does not verify");
	*cert = STEAL(x509);
	return 0;
}

struct settings {
	X509_NAME *name;
	CONF *conf;
	enum ms_hash hash;
};

static void settings_free(struct settings *s)
{
	X509_NAME_free(s->name);
	NCONF_free(s->conf);
}

/* Subject, digest and configuration, from the request and from its file. */
static int settle(const struct ms_cert_request *request, const X509_NAME *name,
	const EVP_PKEY *signer, struct settings *s, struct ms_error *err)
{
	int r = 0;

	s->hash = request->hash;
	if (request->config) {
		r = profile_load(request->config, &s->conf, err);
		if (r == 0 && !s->hash)
			r = profile_hash(s->conf, request->config, &s->hash, err);
		if (r == 0 && !s->hash)
			s->hash = MS_HASH_SHA256; /* what openssl takes then, whatever the key */
	}
	if (r < 0)
		return r;
	if (!s->hash && signer)
		s->hash = keyrule_default_hash(signer);
	if (request->subject)
		return subject_parse(request->subject, &s->name, err);
	if (name) {
		s->name = X509_NAME_dup((X509_NAME *)name);
		return s->name ? 0 : err_nomem(err);
	}
	if (s->conf)
		return profile_subject(s->conf, request->config, &s->name, err);
	return err_set(err, MS_ERR_USAGE, "the certificate needs a subject");
}

MS_API int ms_cert_request_check(const struct ms_cert_request *request, struct ms_error *err)
{
	CLEANUP(settings_free) struct settings s = { 0 };

	return settle(request, NULL, NULL, &s, err);
}

static int check_issuer(X509 *issuer, const struct ms_key *key, struct ms_error *err)
{
	AUTO_FREE char *subject = cert_name_text(X509_get_subject_name(issuer));
	int ca = X509_check_ca(issuer);

	ERR_clear_error();
	if (!cert_fits_key(issuer, key->pub))
		return err_set(err, MS_ERR_CERT, "the issuer's certificate \"%s\" is not of the key %s",
			subject ? subject : "?", key->uri);
	if (ca)
		return 0;
	err_set(err, MS_ERR_CERT, "the issuer's certificate \"%s\" is not that of a CA",
		subject ? subject : "?");
	err_hint(err, "One with basicConstraints CA:TRUE and keyUsage keyCertSign is needed; modseal "
		      "cert --profile ca makes one.");
	return MS_ERR_CERT;
}

int life_cert_make(EVP_PKEY *pub, struct ms_key *self, const X509_NAME *name,
	const struct ms_cert_request *request, X509 **out, struct ms_error *err)
{
	struct ms_key *signer = request->issuer_key ? request->issuer_key : self;
	X509 *issuer = request->issuer ? request->issuer->x509 : NULL;
	CLEANUP(settings_free) struct settings s = { 0 };
	AUTO_X509 X509 *cert = X509_new_ex(ossl_ctx(), NULL);
	int r;

	if (!cert)
		return err_nomem(err);
	if (!signer || !request->issuer_key != !issuer)
		return err_set(err, MS_ERR_USAGE,
			"an issuer needs both its key and its certificate");
	r = issuer ? check_issuer(issuer, signer, err) : 0;
	if (r == 0)
		r = settle(request, name, signer->pub, &s, err);
	if (r == 0)
		r = set_frame(cert, pub, s.name, issuer, request->days, err);
	if (r == 0)
		r = s.conf ? profile_apply_conf(cert, issuer, s.conf, request->config, err)
			   : profile_apply(cert, issuer, request->profile, err);
	if (r == 0)
		r = sign(cert, signer, s.hash, err);
	return r < 0 ? r : read_again(cert, signer->pub, out, err);
}

MS_API int ms_cert_make(struct ms_key *key, const struct ms_cert_request *request,
	struct ms_cert **cert, struct ms_error *err)
{
	X509 *x509 = NULL;
	int r = life_cert_make(key->pub, key, NULL, request, &x509, err);

	if (r < 0)
		return r;
	*cert = cert_wrap(x509);
	return *cert ? 0 : err_nomem(err);
}

static bool ends_in(const char *path, const char *const *endings)
{
	size_t len = strlen(path);

	for (; *endings; endings++)
		if (len > strlen(*endings) && !strcmp(path + len - strlen(*endings), *endings))
			return true;
	return false;
}

/* Writes what was put into the BIO. */
static int write_bio(BIO *bio, int ok, const char *path, struct ms_error *err)
{
	char *data;
	long len = bio ? BIO_get_mem_data(bio, &data) : 0;

	if (!ok || len <= 0)
		return ossl_err(err, MS_ERR_INTERNAL, "%s cannot be encoded", path);
	return file_replace(path, data, (size_t)len, 0666, err);
}

MS_API int ms_cert_write(const struct ms_cert *cert, const char *path, struct ms_error *err)
{
	static const char *const pem[] = { ".pem", ".crt", NULL };
	AUTO_BIO BIO *bio = BIO_new(BIO_s_mem());
	int ok = bio && (ends_in(path, pem) ? PEM_write_bio_X509(bio, cert->x509)
					     : i2d_X509_bio(bio, cert->x509));

	return write_bio(bio, ok, path, err);
}

static int csr_fill(X509_REQ *req, struct ms_key *key, const struct ms_cert_request *request,
	const struct settings *s, struct ms_error *err)
{
	AUTO_PKEY EVP_PKEY *signer = NULL;
	int r = provider_pkey(key, &signer, err);

	if (r < 0)
		return r;
	if (!X509_REQ_set_version(req, X509_REQ_VERSION_1) ||
		!X509_REQ_set_subject_name(req, s->name) || !X509_REQ_set_pubkey(req, key->pub))
		return ossl_err(err, MS_ERR_CERT, "the request cannot be made");
	r = s->conf ? profile_apply_req_conf(req, s->conf, request->config, err)
		    : profile_apply_req(req, request->profile, err);
	if (r < 0)
		return r;
	if (X509_REQ_sign(req, signer, digest_md(s->hash)) > 0)
		return 0;
	return provider_error(err, MS_ERR_KEY, "the request cannot be signed");
}

MS_API int ms_csr_write(struct ms_key *key, const struct ms_cert_request *request,
	const char *path, struct ms_error *err)
{
	static const char *const pem[] = { ".pem", ".csr", ".req", NULL };
	CLEANUP(settings_free) struct settings s = { 0 };
	AUTO_BIO BIO *bio = BIO_new(BIO_s_mem());
	X509_REQ *req = X509_REQ_new_ex(ossl_ctx(), NULL);
	int r = req && bio ? settle(request, NULL, key->pub, &s, err) : err_nomem(err);

	if (r == 0)
		r = csr_fill(req, key, request, &s, err);
	if (r == 0)
		r = write_bio(bio,
			ends_in(path, pem) ? PEM_write_bio_X509_REQ(bio, req)
					   : i2d_X509_REQ_bio(bio, req),
			path, err);
	X509_REQ_free(req);
	return r;
}

static int csr_read(const char *path, X509_REQ **out, struct ms_error *err)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO_BIO BIO *bio = NULL;
	X509_REQ *req;
	int r = file_read(path, 1 << 20, &b, err);

	if (r < 0)
		return r;
	bio = BIO_new_mem_buf(b.data, (int)b.len);
	req = X509_REQ_new_ex(ossl_ctx(), NULL);
	if (!bio || !req) {
		X509_REQ_free(req);
		return err_nomem(err);
	}
	/* A failure clears req, but for PEM in which nothing is found. */
	if (!(b.len && b.data[0] == 0x30 ? d2i_X509_REQ_bio(bio, &req)
					  : PEM_read_bio_X509_REQ(bio, &req, NULL, NULL))) {
		X509_REQ_free(req);
		return ossl_err(err, MS_ERR_CERT, "%s is no certificate signing request", path);
	}
	if (X509_REQ_verify_ex(req, X509_REQ_get0_pubkey(req), ossl_ctx(), NULL) != 1) {
		X509_REQ_free(req);
		return ossl_err(err, MS_ERR_CERT, "%s is not signed by the key that it holds", path);
	}
	*out = req;
	return 0;
}

MS_API int ms_cert_from_csr(const char *csr, const struct ms_cert_request *request,
	struct ms_cert **cert, struct ms_error *err)
{
	X509_REQ *req = NULL;
	X509 *x509 = NULL;
	int r = csr_read(csr, &req, err);

	if (r < 0)
		return r;
	r = life_cert_make(X509_REQ_get0_pubkey(req), NULL, X509_REQ_get_subject_name(req),
		request, &x509, err);
	X509_REQ_free(req);
	if (r < 0)
		return r;
	*cert = cert_wrap(x509);
	return *cert ? 0 : err_nomem(err);
}
