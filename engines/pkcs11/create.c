/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate put beside its key. */
#include "engines/pkcs11/create.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/change.h"
#include "engines/pkcs11/key.h"
#include "engines/pkcs11/login.h"
#include "engines/pkcs11/pubkey.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/attest.h"
#include "src/crypto/cert.h"

enum { ID, LABEL, VALUE, SUBJECT, ISSUER, SERIAL, N_PARTS };

static const CK_ATTRIBUTE_TYPE types[N_PARTS] = {
	[ID] = CKA_ID,
	[LABEL] = CKA_LABEL,
	[VALUE] = CKA_VALUE,
	[SUBJECT] = CKA_SUBJECT,
	[ISSUER] = CKA_ISSUER,
	[SERIAL] = CKA_SERIAL_NUMBER,
};

struct parts {
	struct buf of[N_PARTS]; /* empty: the object gets none */
};

struct store {
	struct p11_change change; /* first: make() gets its address */
	struct p11_reader reader;
	CK_OBJECT_HANDLE key;
	X509 *cert;
	struct parts parts;
	bool replace;
	bool there;		   /* that very certificate lies beside the key already */
	struct p11_objects others; /* certificates of the same key that do */
	CK_OBJECT_HANDLE old;	   /* the one that is to go */
	CK_OBJECT_HANDLE made;	   /* the new one */
	bool nameless;		   /* NSS wants each label for one subject only: it gets it later */
};

static void free_parts(struct parts *parts)
{
	for (int i = 0; i < N_PARTS; i++)
		buf_free(&parts->of[i]);
}

/* -- what goes in ------------------------------------------------------------------------ */

static int add_der(
	struct buf *b, int (*encode)(const void *of, unsigned char **der), const void *of)
{
	unsigned char *der = NULL;
	int len = encode(of, &der);
	int r = len > 0 ? buf_add(b, der, (size_t)len) : -1;

	OPENSSL_free(der);
	return r;
}

static int encode_cert(const void *of, unsigned char **der)
{
	return i2d_X509(of, der);
}

static int encode_name(const void *of, unsigned char **der)
{
	return i2d_X509_NAME(of, der);
}

static int encode_serial(const void *of, unsigned char **der)
{
	return i2d_ASN1_INTEGER(of, der);
}

static int encode(struct store *s, struct ms_error *err)
{
	if (add_der(&s->parts.of[VALUE], encode_cert, s->cert) < 0 ||
		add_der(&s->parts.of[SUBJECT], encode_name, X509_get_subject_name(s->cert)) < 0 ||
		add_der(&s->parts.of[ISSUER], encode_name, X509_get_issuer_name(s->cert)) < 0 ||
		add_der(&s->parts.of[SERIAL], encode_serial, X509_get0_serialNumber(s->cert)) < 0)
		return err_nomem(err);
	return 0;
}

/* -- what is there ----------------------------------------------------------------------- */

static int look_at_certs(struct store *s)
{
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	const EVP_PKEY *pub = X509_get0_pubkey(s->cert);
	struct p11_template tmpl;
	int r = p11_template_beside(&s->reader, s->key, CKO_CERTIFICATE, &tmpl);

	s->there = false;
	s->others.n = 0;
	if (r == 1)
		r = p11_find(&s->reader, &tmpl, &found);
	for (size_t i = 0; i < found.n && r >= 0; i++) {
		AUTO_X509 X509 *cert = NULL;

		r = p11_cert_of(&s->reader, found.list[i], &cert);
		if (r != 1 || attest_is_one(cert) || attest_is_placeholder(cert))
			continue;
		if (!X509_cmp(cert, s->cert))
			s->there = true;
		else if (cert_fits_key(cert, pub))
			found.list[s->others.n++] = found.list[i]; /* never ahead of i */
	}
	if (r < 0)
		return r;
	free(s->others.list);
	s->others.list = STEAL(found.list);
	return 0;
}

static int look_fn(void *arg)
{
	struct store *s = arg;
	struct parts *p = &s->parts;
	int r = p11_reader_begin(&s->reader, s->reader.token, s->reader.err);

	if (r < 0)
		return r;
	if (!p->of[ID].len)
		r = p11_attr(&s->reader, s->key, CKA_ID, &p->of[ID]);
	if (r >= 0 && !p->of[LABEL].len)
		r = p11_attr(&s->reader, s->key, CKA_LABEL, &p->of[LABEL]);
	if (r >= 0)
		r = look_at_certs(s);
	p11_reader_end(&s->reader);
	return r < 0 ? r : 0;
}

/* -- the call ---------------------------------------------------------------------------- */

static CK_RV create(struct p11_token *t, CK_SESSION_HANDLE session, const struct parts *parts,
	bool label, CK_OBJECT_HANDLE *made)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE attrs[4 + N_PARTS] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &no, sizeof(no) },
	};
	CK_OBJECT_HANDLE object = 0;
	CK_ULONG n = 4;
	CK_RV rv;

	for (int i = 0; i < N_PARTS; i++)
		if (parts->of[i].len && (label || i != LABEL))
			attrs[n++] =
				(CK_ATTRIBUTE){ types[i], parts->of[i].data, parts->of[i].len };
	rv = P11_CALL(t->module, t->name, C_CreateObject, session, attrs, n, &object);
	if (rv == CKR_OK)
		*made = object;
	return rv;
}

/* The copy leaks with the thread when the call never comes back (call.h). */
static CK_RV make(struct p11_change *change, CK_SESSION_HANDLE session)
{
	struct store *s = (struct store *)change;
	CLEANUP(free_parts) struct parts parts = { 0 };
	CK_RV rv;

	change->call = "C_CreateObject";
	for (int i = 0; i < N_PARTS; i++) {
		const struct buf *part = &s->parts.of[i];

		if (part->len && buf_add(&parts.of[i], part->data, part->len) < 0)
			return CKR_HOST_MEMORY;
	}
	rv = create(change->token, session, &parts, true, &s->made);
	s->nameless = rv == CKR_ATTRIBUTE_VALUE_INVALID && s->others.n && parts.of[LABEL].len;
	return s->nameless ? create(change->token, session, &parts, false, &s->made) : rv;
}

static CK_RV name(struct p11_change *change, CK_SESSION_HANDLE session)
{
	const struct store *s = (struct store *)change;
	struct p11_token *t = change->token;
	CLEANUP(buf_free) struct buf label = { 0 };
	CK_OBJECT_HANDLE object = s->made;
	CK_ATTRIBUTE attr;

	change->call = "C_SetAttributeValue";
	if (buf_add(&label, s->parts.of[LABEL].data, s->parts.of[LABEL].len) < 0)
		return CKR_HOST_MEMORY;
	attr = (CK_ATTRIBUTE){ CKA_LABEL, label.data, label.len };
	return P11_CALL(t->module, t->name, C_SetAttributeValue, session, object, &attr, 1);
}

/* -- in place of others -------------------------------------------------------------------- */

static CK_RV destroy(struct p11_change *change, CK_SESSION_HANDLE session)
{
	const struct store *s = (struct store *)change;
	struct p11_token *t = change->token;
	CK_OBJECT_HANDLE old = s->old;

	change->call = "C_DestroyObject";
	return P11_CALL(t->module, t->name, C_DestroyObject, session, old);
}

static int refuse(const struct store *s, const struct ms_key *key, struct ms_error *err)
{
	err_set(err, MS_ERR_CERT, "%s has %zu certificate%s beside it already", key->uri,
		s->others.n, s->others.n > 1 ? "s" : "");
	err_hint(err, "--replace puts the new one in the place of what is there; to a file it is "
		      "written without --store.");
	return MS_ERR_CERT;
}

/* They are looked for anew: a token that has room for one has replaced it, perhaps under its handle. */
static int destroy_others(struct store *s, const struct ms_key *key, struct ms_error *err)
{
	int r = p11_run(s->change.token->module, look_fn, s, err);

	s->change.make = destroy;
	for (size_t i = 0; i < s->others.n && r == 0; i++) {
		s->old = s->others.list[i];
		r = p11_change(&s->change, NULL, err);
	}
	if (r < 0)
		err_prefix(err,
			"the certificate is beside %s, but an old one could not be deleted", key->uri);
	s->change.make = name;
	return r == 0 && s->nameless ? p11_change(&s->change, NULL, err) : r;
}

static int store(struct store *s, const struct ms_key *key, struct ms_error *err)
{
	int r = p11_run(s->change.token->module, look_fn, s, err);

	if (r < 0)
		return r;
	if (!s->there && s->others.n && !s->replace)
		return refuse(s, key, err);
	if (!s->there)
		r = p11_change(&s->change, NULL, err);
	/* After the officer's login the key's handle is void, and tokens that want him have room for
	 * one. */
	if (r == 0 && s->replace && s->others.n && !s->change.officer)
		r = destroy_others(s, key, err);
	return r;
}

int p11_store_cert(
	struct ms_context *ctx, struct ms_key *key, X509 *cert, bool replace, struct ms_error *err)
{
	const struct p11_key *k = key->priv;
	struct ms_error own = { 0 };
	struct store s = {
		.change = { .token = k->token, .make = make },
		.reader = { .token = k->token, .err = &own },
		.key = k->handle,
		.cert = cert,
		.replace = replace,
	};
	int r = encode(&s, &own);

	if (r == 0)
		r = store(&s, key, &own);
	p11_pin_wipe(k->token);
	free_parts(&s.parts);
	free(s.others.list);
	if (r < 0 && err)
		*err = own;
	return r;
}
