/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/evidence.h"

#include "engines/pkcs11/call.h"
#include "engines/pkcs11/key.h"
#include "engines/pkcs11/object.h"
#include "engines/pkcs11/piv.h"
#include "engines/pkcs11/pubkey.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/attest.h"
#include "src/crypto/cert.h"
#include "src/key/evidence.h"

/* -- attributes -------------------------------------------------------------------------- */

int p11_evidence(const struct ms_key *key, struct ms_evidence *e, struct ms_error *err)
{
	const struct p11_key *k = key->priv;
	bool hardware = k->token->slot_info.flags & CKF_HW_SLOT;
	bool invented = p11_piv_is_emulated(&k->token->info);

	evidence_add(e, "CKA_SENSITIVE", "its value is not shown", k->sensitive, MS_YES);
	evidence_add(e, "CKA_EXTRACTABLE", "it can be taken out wrapped", k->extractable, MS_NO);
	evidence_add(e, "CKA_ALWAYS_SENSITIVE", "its value never was shown",
		invented ? MS_UNKNOWN : k->always_sensitive, MS_YES);
	evidence_add(e, "CKA_NEVER_EXTRACTABLE", "it never could be taken out",
		invented ? MS_UNKNOWN : k->never_extractable, MS_YES);
	evidence_add(e, "CKA_LOCAL", "it was made on the token", invented ? MS_UNKNOWN : k->local,
		MS_YES);
	evidence_add(e, "CKF_HW_SLOT", "the module says that the slot is a device",
		hardware ? MS_YES : MS_NO, MS_UNKNOWN);
	return 0;
}

/* -- certificates by the device itself ----------------------------------------------------- */

struct attestation {
	struct p11_reader reader;
	const struct p11_key *key;
	const EVP_PKEY *pub;
	X509 *own;
	STACK_OF(X509) * others; /* of its issuer's name */
};

/* The one of this key; several (a module that shows old ones) are passed over for the one that fits. */
static int find_own(struct attestation *a)
{
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	struct p11_template tmpl;
	int r = p11_template_beside(&a->reader, a->key->handle, CKO_CERTIFICATE, &tmpl);

	if (r == 1)
		r = p11_find(&a->reader, &tmpl, &found);
	for (size_t i = 0; i < found.n && r >= 0; i++) {
		AUTO_X509 X509 *cert = NULL;

		r = p11_cert_of(&a->reader, found.list[i], &cert);
		if (r != 1 || !attest_is_one(cert) || (a->own && cert_fits_key(a->own, a->pub)))
			continue;
		X509_free(a->own);
		a->own = STEAL(cert);
	}
	return r < 0 ? r : 0;
}

static int find_issuers(struct attestation *a)
{
	AUTO_P11_OBJECTS struct p11_objects found = { 0 };
	struct p11_template tmpl;
	int r;

	p11_template_init(&tmpl, CKO_CERTIFICATE);
	r = p11_find(&a->reader, &tmpl, &found);
	for (size_t i = 0; i < found.n && r >= 0; i++) {
		AUTO_X509 X509 *cert = NULL;

		r = p11_cert_of(&a->reader, found.list[i], &cert);
		if (r != 1 ||
			X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(a->own)))
			continue;
		if (sk_X509_push(a->others, cert) <= 0)
			return err_nomem(a->reader.err);
		cert = NULL;
	}
	return r < 0 ? r : 0;
}

static int find_fn(void *arg)
{
	struct attestation *a = arg;
	int r = p11_reader_begin(&a->reader, a->key->token, a->reader.err);

	if (r < 0)
		return r;
	r = find_own(a);
	if (r == 0 && a->own)
		r = find_issuers(a);
	p11_reader_end(&a->reader);
	return r;
}

int p11_attestation(const struct ms_key *key, STACK_OF(X509) * *certs, struct ms_error *err)
{
	struct ms_error own = { 0 };
	struct attestation a = {
		.reader.err = &own, .key = key->priv, .pub = key->pub, .others = sk_X509_new_null()
	};
	int r = a.others ? p11_run(a.key->token->module, find_fn, &a, &own) : err_nomem(&own);

	*certs = NULL;
	if (r == 0 && a.own) {
		if (sk_X509_unshift(a.others, a.own) > 0) {
			*certs = STEAL(a.others);
			a.own = NULL;
		} else {
			r = err_nomem(&own);
		}
	}
	X509_free(a.own);
	cert_stack_free(a.others);
	if (r < 0 && err)
		*err = own;
	return r;
}
