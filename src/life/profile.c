/* SPDX-License-Identifier: Apache-2.0 */
#include "src/life/profile.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/life/subject.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

struct extension {
	const char *name, *value;
};

/* Documentation/admin-guide/module-signing.rst of the kernel; the two purposes are what Ubuntu's
 * update-secureboot-policy gives its MOKs. */
static const struct extension mok[] = {
	{ "basicConstraints", "critical,CA:FALSE" },
	{ "keyUsage", "digitalSignature" },
	{ "extendedKeyUsage", "codeSigning,1.3.6.1.4.1.2312.16.1.2" },
	{ NULL, NULL },
};
static const struct extension kernel[] = {
	{ "basicConstraints", "critical,CA:FALSE" },
	{ "keyUsage", "digitalSignature" },
	{ NULL, NULL },
};
static const struct extension ca[] = {
	{ "basicConstraints", "critical,CA:TRUE" },
	{ "keyUsage", "critical,keyCertSign,cRLSign" },
	{ NULL, NULL },
};

static const struct extension *extensions(enum ms_cert_profile profile)
{
	switch (profile) {
	case MS_CERT_CA:
		return ca;
	case MS_CERT_KERNEL:
		return kernel;
	default:
		return mok;
	}
}

static int add(X509 *cert, X509V3_CTX *ctx, const struct extension *e)
{
	X509_EXTENSION *ext = X509V3_EXT_nconf(NULL, ctx, e->name, e->value);
	int ok = ext && X509_add_ext(cert, ext, -1);

	X509_EXTENSION_free(ext);
	return ok;
}

int profile_apply(X509 *cert, X509 *issuer, enum ms_cert_profile profile, struct ms_error *err)
{
	/* Kernels follow a chain by these two (pkcs7_verify_sig_chain()). */
	static const struct extension ids[] = {
		{ "subjectKeyIdentifier", "hash" },
		{ "authorityKeyIdentifier", "keyid:always" },
	};
	X509V3_CTX ctx;
	int ok = 1;

	X509V3_set_ctx(&ctx, issuer ? issuer : cert, cert, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	for (const struct extension *e = extensions(profile); ok && e->name; e++)
		ok = add(cert, &ctx, e);
	ok = ok && add(cert, &ctx, &ids[0]) && add(cert, &ctx, &ids[1]);
	return ok ? 0 : ossl_err(err, MS_ERR_CERT, "an extension cannot be made");
}

int profile_apply_req(X509_REQ *req, enum ms_cert_profile profile, struct ms_error *err)
{
	STACK_OF(X509_EXTENSION) *list = NULL;
	X509V3_CTX ctx;
	int ok = 1;

	X509V3_set_ctx(&ctx, NULL, NULL, req, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	for (const struct extension *e = extensions(profile); ok && e->name; e++) {
		X509_EXTENSION *ext = X509V3_EXT_nconf(NULL, &ctx, e->name, e->value);

		ok = ext && X509v3_add_ext(&list, ext, -1);
		X509_EXTENSION_free(ext);
	}
	ok = ok && X509_REQ_add_extensions(req, list);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return ok ? 0 : ossl_err(err, MS_ERR_CERT, "an extension cannot be made");
}

/* -- an openssl configuration file ---------------------------------------------------------- */

int profile_load(const char *path, CONF **out, struct ms_error *err)
{
	AUTO_CONF CONF *conf = NCONF_new_ex(ossl_ctx(), NULL);
	long line = -1;

	if (!conf)
		return err_nomem(err);
	if (NCONF_load(conf, path, &line) <= 0) {
		if (line > 0)
			return ossl_err(err, MS_ERR_USAGE, "%s, line %ld: not understood", path, line);
		return ossl_err(err, MS_ERR_IO, "%s cannot be read", path);
	}
	/* What [req] lacks may stand before all sections. */
	if (!NCONF_get_string(conf, "req", "distinguished_name")) {
		ERR_clear_error();
		err_set(err, MS_ERR_USAGE, "%s has no [req] with a distinguished_name", path);
		err_hint(err, "It has to be a file as 'openssl req -config' takes it, such as the "
			      "kernel's certs/x509.genkey.");
		return MS_ERR_USAGE;
	}
	*out = STEAL(conf);
	return 0;
}

int profile_hash(const CONF *conf, const char *path, enum ms_hash *hash, struct ms_error *err)
{
	const char *md = NCONF_get_string(conf, "req", "default_md");

	ERR_clear_error();
	*hash = md ? ms_hash_by_name(md) : MS_HASH_NONE;
	if (!md || *hash)
		return 0;
	return err_set(err, MS_ERR_USAGE, "%s: default_md '%s' is not understood", path, md);
}

/* What openssl does with key identifiers: "none" takes one away, and there is a subject's always, an
 * authority's unless the certificate is self-signed. */
static int settle_id(X509 *cert, X509V3_CTX *ctx, int nid, const struct extension *e)
{
	int at = X509_get_ext_by_NID(cert, nid, -1);
	X509_EXTENSION *found;

	if (at < 0)
		return !e || add(cert, ctx, e);
	found = X509_get_ext(cert, at);
	if (ASN1_STRING_length(X509_EXTENSION_get_data(found)) > 2)
		return 1;
	X509_EXTENSION_free(X509_delete_ext(cert, at));
	return 1;
}

static int settle_ids(X509 *cert, X509 *issuer, X509V3_CTX *ctx)
{
	static const struct extension subject = { "subjectKeyIdentifier", "hash" };
	static const struct extension authority = { "authorityKeyIdentifier", "keyid" };

	return settle_id(cert, ctx, NID_subject_key_identifier, &subject) &&
		settle_id(cert, ctx, NID_authority_key_identifier, issuer ? &authority : NULL);
}

int profile_apply_conf(X509 *cert, X509 *issuer, CONF *conf, const char *path,
	struct ms_error *err)
{
	const char *section = NCONF_get_string(conf, "req", "x509_extensions");
	X509V3_CTX ctx;

	ERR_clear_error();
	X509V3_set_ctx(&ctx, issuer ? issuer : cert, cert, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	if (section && !X509V3_EXT_add_nconf(conf, &ctx, section, cert))
		return ossl_err(err, MS_ERR_USAGE, "%s: an extension of [%s] cannot be made", path,
			section);
	if (settle_ids(cert, issuer, &ctx))
		return 0;
	return ossl_err(err, MS_ERR_CERT, "a key identifier cannot be made");
}

int profile_apply_req_conf(X509_REQ *req, CONF *conf, const char *path, struct ms_error *err)
{
	const char *section = NCONF_get_string(conf, "req", "req_extensions");
	X509V3_CTX ctx;

	ERR_clear_error();
	X509V3_set_ctx(&ctx, NULL, NULL, req, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	if (!section || X509V3_EXT_REQ_add_nconf(conf, &ctx, (char *)section, req))
		return 0;
	return ossl_err(
		err, MS_ERR_USAGE, "%s: an extension of [%s] cannot be made", path, section);
}
