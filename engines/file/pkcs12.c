/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS12_parse() decrypts the key in OpenSSL's default library context (3.0) and gives
 * certificates that belong to it, so the bags are opened here one by one.
 */
#include "engines/file/key_file.h"

#include "src/base/error.h"
#include "src/base/secret.h"
#include "src/crypto/cert.h"
#include "src/crypto/ossl.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

/* What was found so far. */
struct contents {
	const char *pass;
	int pass_len;
	EVP_PKEY *pkey; /* the first */
	unsigned keys;
	STACK_OF(X509) * certs;
};

static void contents_clear(struct contents *c)
{
	EVP_PKEY_free(c->pkey);
	cert_stack_free(c->certs);
	c->pkey = NULL;
	c->keys = 0;
	c->certs = NULL;
}

static PKCS12 *parse(const struct key_file *f)
{
	const unsigned char *p = f->bytes.data;
	PKCS12 *p12 = PKCS12_init_ex(NID_pkcs7_data, ossl_ctx(), NULL);

	if (p12 && !d2i_PKCS12(&p12, &p, (long)f->bytes.len))
		p12 = NULL; /* d2i freed it */
	ERR_clear_error();
	return p12;
}

bool key_file_is_pkcs12(const struct key_file *f)
{
	PKCS12 *p12 = parse(f);

	PKCS12_free(p12);
	return p12 != NULL;
}

static bool take_key(struct contents *c, const PKCS8_PRIV_KEY_INFO *p8)
{
	EVP_PKEY *pkey = p8 ? EVP_PKCS82PKEY_ex(p8, ossl_ctx(), NULL) : NULL;

	if (!pkey)
		return false;
	if (c->keys++)
		EVP_PKEY_free(pkey);
	else
		c->pkey = pkey;
	return true;
}

static bool take_encrypted_key(struct contents *c, const PKCS12_SAFEBAG *bag)
{
	PKCS8_PRIV_KEY_INFO *p8 =
		PKCS12_decrypt_skey_ex(bag, c->pass, c->pass_len, ossl_ctx(), NULL);
	bool ok = take_key(c, p8);

	PKCS8_PRIV_KEY_INFO_free(p8);
	return ok;
}

/* The bag's own X509 is the default context's: it is made anew in ours. */
static bool take_cert(struct contents *c, const PKCS12_SAFEBAG *bag)
{
	X509 *foreign, *own = NULL;
	unsigned char *der = NULL;
	const unsigned char *p;
	int len;
	bool ok = false;

	if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
		return true;
	foreign = PKCS12_SAFEBAG_get1_cert(bag);
	len = foreign ? i2d_X509(foreign, &der) : -1;
	p = der;
	if (len > 0 && (own = X509_new_ex(ossl_ctx(), NULL)) && !d2i_X509(&own, &p, len))
		own = NULL; /* d2i freed it */
	if (own && (c->certs || (c->certs = sk_X509_new_null())))
		ok = sk_X509_push(c->certs, own) > 0;
	if (!ok)
		X509_free(own);
	OPENSSL_free(der);
	X509_free(foreign);
	return ok;
}

/* `depth`: bags nest, and how deep is up to whoever wrote the file. */
static bool take_bags(struct contents *c, const STACK_OF(PKCS12_SAFEBAG) * bags, int depth)
{
	if (!bags || depth > 4)
		return false;
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		bool ok = true;

		switch (PKCS12_SAFEBAG_get_nid(bag)) {
		case NID_keyBag:
			ok = take_key(c, PKCS12_SAFEBAG_get0_p8inf(bag));
			break;
		case NID_pkcs8ShroudedKeyBag:
			ok = take_encrypted_key(c, bag);
			break;
		case NID_certBag:
			ok = take_cert(c, bag);
			break;
		case NID_safeContentsBag:
			ok = take_bags(c, PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
			break;
		}
		if (!ok)
			return false;
	}
	return true;
}

static bool take_safe(struct contents *c, PKCS7 *safe)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	bool ok;

	if (PKCS7_type_is_data(safe))
		bags = PKCS12_unpack_p7data(safe);
	else if (PKCS7_type_is_encrypted(safe))
		bags = PKCS12_unpack_p7encdata(safe, c->pass, c->pass_len);
	ok = take_bags(c, bags, 0);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return ok;
}

static bool take_once(struct contents *c, const PKCS12 *p12)
{
	STACK_OF(PKCS7) * safes;
	bool ok = true;

	ERR_clear_error();
	safes = PKCS12_unpack_authsafes(p12);
	for (int i = 0; ok && i < sk_PKCS7_num(safes); i++)
		ok = take_safe(c, sk_PKCS7_value(safes, i));
	ok = ok && safes;
	sk_PKCS7_pop_free(safes, PKCS7_free);
	if (!ok)
		contents_clear(c);
	return ok;
}

/* Opens it with this passphrase. False: another is needed, or an algorithm (the reason is in
 * OpenSSL's error queue). */
static bool take_apart(struct contents *c, PKCS12 *p12, const char *pass, size_t len)
{
	c->pass = pass;
	c->pass_len = (int)len;
	ERR_clear_error();
	if (PKCS12_mac_present(p12) && !PKCS12_verify_mac(p12, pass, c->pass_len))
		return false;
	if (take_once(c, p12))
		return true;
	return key_file_unsupported() && key_file_load_legacy() && take_once(c, p12);
}

/* NULL and "" first: writers differ in what they take an empty passphrase for. */
static int find_passphrase(struct key_file *f, PKCS12 *p12, struct contents *c)
{
	int r;

	if (take_apart(c, p12, NULL, 0) || take_apart(c, p12, "", 0))
		return 0;
	if (key_file_unsupported())
		return key_file_lacking(f);
	r = passphrase_get(f);
	if (r < 0)
		return r;
	if (take_apart(c, p12, f->passphrase->data, f->passphrase->len))
		return 0;
	return key_file_unsupported() ? key_file_lacking(f) : passphrase_wrong(f);
}

static X509 *steal_fitting(struct contents *c)
{
	for (int i = 0; i < sk_X509_num(c->certs); i++)
		if (cert_fits_key(sk_X509_value(c->certs, i), c->pkey))
			return sk_X509_delete(c->certs, i);
	return NULL;
}

int key_file_decode_pkcs12(struct key_file *f, EVP_PKEY **pkey, X509 **cert)
{
	PKCS12 *p12 = parse(f);
	struct contents c = { 0 };
	int r = p12 ? find_passphrase(f, p12, &c) : err_nomem(f->err);

	if (r == 0 && c.keys != 1)
		r = err_set(f->err, MS_ERR_KEY, "key file %s holds %s private key", f->path,
			c.keys ? "more than one" : "no");
	if (r == 0) {
		*cert = steal_fitting(&c);
		*pkey = c.pkey;
		c.pkey = NULL;
	}
	contents_clear(&c);
	ERR_clear_error();
	PKCS12_free(p12);
	return r;
}
