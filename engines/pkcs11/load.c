/* SPDX-License-Identifier: Apache-2.0 */
/* From a private key object to a struct ms_key. */
#include "engines/pkcs11/call.h"
#include "engines/pkcs11/ckr.h"
#include "engines/pkcs11/key.h"
#include "engines/pkcs11/login.h"
#include "engines/pkcs11/mech.h"
#include "engines/pkcs11/pubkey.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/attest.h"
#include "src/crypto/cert.h"

#include <string.h>

struct load {
	struct p11_reader reader;
	const struct p11_uri *named_by;
	struct p11_key key;
	EVP_PKEY *pub;
	X509 *cert;
	unsigned n_fitting; /* certificates beside it that certify pub */
	char *uri;
	bool hardware;
};

static void load_free(struct load *l)
{
	EVP_PKEY_free(l->pub);
	X509_free(l->cert);
	free(l->uri);
}

static struct ms_error *err_of(struct load *l)
{
	return l->reader.err;
}

/* -- the public half --------------------------------------------------------------------- */

static int load_public(struct load *l)
{
	CK_KEY_TYPE type = (CK_KEY_TYPE)-1;
	int r = p11_attr_ulong(&l->reader, l->key.handle, CKA_KEY_TYPE, &type);

	if (r < 0)
		return r;
	if (type == (CK_KEY_TYPE)-1)
		return err_set(err_of(l), MS_ERR_KEY,
			"%s: the token does not tell what type of key it is", l->uri);
	if (type != CKK_RSA && type != CKK_EC) {
		err_set(err_of(l), MS_ERR_KEY, "%s: key type 0x%lx is neither RSA nor EC", l->uri,
			type);
		err_hint(err_of(l), "Kernels check module signatures by RSA and EC keys.");
		return MS_ERR_KEY;
	}
	r = p11_public_half(&l->reader, l->key.handle, type, &l->pub);
	if (r < 0)
		return r;
	if (r == 0) {
		err_set(err_of(l), MS_ERR_KEY,
			"%s: the token shows no public half of this key, neither with it nor as a "
			"public key or certificate of the same id",
			l->uri);
		err_hint(err_of(l), "Put the public key or the certificate beside it, with the same "
				    "CKA_ID.");
		return MS_ERR_KEY;
	}
	l->key.rsa = type == CKK_RSA;
	l->key.order_bits = (unsigned)EVP_PKEY_get_bits(l->pub);
	l->key.size = (l->key.order_bits + 7) / 8;
	if (l->key.size > KEY_SIG_MAX)
		return err_set(err_of(l), MS_ERR_KEY,
			"%s: the token says that the key has %u bits, more than any signature has room for",
			l->uri, l->key.order_bits);
	return 0;
}

/* -- the certificate --------------------------------------------------------------------- */

/* One that fits, else any: then the caller can say that the two do not belong together. */
static int load_cert(struct load *l)
{
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	struct p11_template tmpl;
	int r = p11_template_beside(&l->reader, l->key.handle, CKO_CERTIFICATE, &tmpl);

	if (r == 1)
		r = p11_find(&l->reader, &tmpl, &found);
	for (size_t i = 0; i < found.n && r >= 0; i++) {
		AUTO_X509 X509 *cert = NULL;
		bool fits;

		r = p11_cert_of(&l->reader, found.list[i], &cert);
		if (r != 1 || attest_is_one(cert) || attest_is_placeholder(cert))
			continue;
		fits = cert_fits_key(cert, l->pub);
		if (!l->cert || (fits && !l->n_fitting)) {
			X509_free(l->cert);
			l->cert = STEAL(cert);
		}
		l->n_fitting += fits;
	}
	return r < 0 ? r : 0;
}

/* -- what it can do ---------------------------------------------------------------------- */

static bool is_allowed(const struct buf *allowed, CK_MECHANISM_TYPE mechanism)
{
	CK_MECHANISM_TYPE m;

	for (size_t at = 0; at + sizeof(m) <= allowed->len; at += sizeof(m)) {
		memcpy(&m, allowed->data + at, sizeof(m));
		if (m == mechanism)
			return true;
	}
	return allowed->len == 0; /* a key without the attribute allows all */
}

/* Sizes are in bits, but some modules give RSA's in bytes; 0 means that it does not say. */
static bool size_fits(const CK_MECHANISM_INFO *info, unsigned bits)
{
	unsigned long unit = info->ulMaxKeySize && info->ulMaxKeySize < 1024 && bits >= 1024 ? 8 : 1;

	return (!info->ulMaxKeySize || bits <= info->ulMaxKeySize * unit) &&
		bits >= info->ulMinKeySize * unit;
}

/* 1, 0 or negative. */
static int is_usable(struct load *l, const struct buf *allowed, CK_MECHANISM_TYPE mechanism)
{
	struct p11_token *t = l->key.token;
	CK_MECHANISM_INFO info;
	CK_RV rv;

	if (!is_allowed(allowed, mechanism))
		return 0;
	memset(&info, 0, sizeof(info));
	rv = P11_CALL(t->module, t->name, C_GetMechanismInfo, t->slot, mechanism, &info);
	if (rv == CKR_MECHANISM_INVALID)
		return 0;
	if (rv == CKR_FUNCTION_NOT_SUPPORTED) /* C_SignInit will tell */
		return 1;
	if (rv != CKR_OK)
		return ckr_err(err_of(l), rv, t->name, "C_GetMechanismInfo");
	return (info.flags & CKF_SIGN) && size_fits(&info, l->key.order_bits);
}

static int load_mechanisms(struct load *l)
{
	AUTO_BUF struct buf allowed = { 0 };
	int r = p11_attr(&l->reader, l->key.handle, CKA_ALLOWED_MECHANISMS, &allowed);

	if (r >= 0)
		r = is_usable(l, &allowed, p11_mech_digest(l->key.rsa));
	if (r < 0)
		return r;
	l->key.digest = r == 1;
	if (l->key.digest)
		return 0;
	for (enum ms_hash hash = MS_HASH_SHA256; hash <= MS_HASH_SHA3_512; hash++) {
		r = is_usable(l, &allowed, p11_mech_message(l->key.rsa, hash));
		if (r < 0)
			return r;
		if (r == 1)
			l->key.messages |= 1U << hash;
	}
	return 0;
}

static int load_attributes(struct load *l)
{
	enum ms_answer sign = MS_UNKNOWN, always = MS_UNKNOWN;
	struct p11_key *k = &l->key;
	const struct {
		CK_ATTRIBUTE_TYPE type;
		enum ms_answer *answer;
	} answers[] = {
		{ CKA_SIGN, &sign },
		{ CKA_ALWAYS_AUTHENTICATE, &always },
		{ CKA_SENSITIVE, &k->sensitive },
		{ CKA_ALWAYS_SENSITIVE, &k->always_sensitive },
		{ CKA_EXTRACTABLE, &k->extractable },
		{ CKA_NEVER_EXTRACTABLE, &k->never_extractable },
		{ CKA_LOCAL, &k->local },
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (p11_attr_answer(&l->reader, k->handle, answers[i].type, answers[i].answer) < 0)
			return err_of(l)->code;
	k->may_sign = sign != MS_NO;
	k->always_authenticate = always == MS_YES;
	l->hardware = k->extractable != MS_YES && k->sensitive != MS_NO;
	return 0;
}

/* -- all of it --------------------------------------------------------------------------- */

static int load_parts(struct load *l)
{
	int r;

	l->uri = p11_object_uri(&l->reader, l->key.handle, CKO_PRIVATE_KEY, l->named_by);
	if (!l->uri)
		return err_of(l)->code;
	r = load_public(l);
	if (r == 0)
		r = load_attributes(l);
	if (r == 0)
		r = load_mechanisms(l);
	return r == 0 ? load_cert(l) : r;
}

static int load_fn(void *arg)
{
	struct load *l = arg;
	int r = p11_reader_begin(&l->reader, l->key.token, l->reader.err);

	if (r < 0)
		return r;
	r = load_parts(l);
	p11_reader_end(&l->reader);
	return r;
}

static int make_key(struct load *l, struct ms_key **out, struct ms_error *err)
{
	struct p11_token *t = l->key.token;
	struct p11_key *priv = malloc(sizeof(*priv));
	struct ms_key *key = NULL;

	if (priv)
		key = key_new(&p11_key_ops, STEAL(l->pub), l->uri, t->name);
	if (!key) {
		free(priv);
		return err_nomem(err);
	}
	*priv = l->key;
	priv->epoch = t->epoch;
	key->priv = priv;
	key->cert = STEAL(l->cert);
	key->hardware = l->hardware;
	/* A card knows one PIN entry, whoever gave it: a second thread's would be used up by the first
	 * one's signature. */
	key->parallel = l->key.always_authenticate ? 1 : p11_session_limit(t);
	*out = key;
	return 0;
}

int p11_key_load(struct p11_token *token, CK_OBJECT_HANDLE handle, const struct p11_uri *uri,
	struct ms_key **key, struct ms_error *err)
{
	struct ms_error own = { 0 };
	struct load l = {
		.reader.err = &own, /* its code is looked at, so it must be there */
		.named_by = uri,
		.key = { .token = token, .handle = handle, .login = token->logged_in },
	};
	int r = p11_run(token->module, load_fn, &l, &own);

	if (r == 0 && l.n_fitting > 1)
		context_notice(token->module->ctx,
			"%s: %u certificates beside this key certify it; the first is used "
			"unless another is named",
			l.uri, l.n_fitting);
	if (r == 0)
		r = p11_pin_hold(token, uri, l.key.always_authenticate, &own);
	if (r == 0) {
		r = make_key(&l, key, &own);
		if (r < 0)
			p11_pin_release(token);
	}
	load_free(&l);
	if (r < 0 && err)
		*err = own;
	return r;
}
