/* SPDX-License-Identifier: Apache-2.0 */
#include "src/verify/verify.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/crypto/digest.h"
#include "src/crypto/sign_digest.h"
#include "src/verify/trust_chain.h"

#include <stdarg.h>
#include <string.h>

#define CMS_MAX (16 << 20) /* bytes; sig_len is a 32-bit field, but no signature is that long */

DEFINE_CLEANUP(struct cms, cms_free, cleanup_cms);
DEFINE_CLEANUP(struct module, module_close, cleanup_module);

MS_API const char *ms_verdict_name(enum ms_verdict verdict)
{
	static const char *const names[] = {
		[MS_VALID] = "valid",
		[MS_UNSIGNED] = "unsigned",
		[MS_UNKNOWN_KEY] = "unknown key",
		[MS_ALTERED] = "altered",
		[MS_MALFORMED] = "malformed",
		[MS_UNSUPPORTED_CRYPTO] = "unsupported",
		[MS_INTERRUPTED] = "interrupted",
	};

	return names[verdict];
}

static void __attribute__((format(printf, 3, 4))) say(struct ms_verification *result,
	enum ms_verdict verdict, const char *fmt, ...)
{
	va_list ap;

	result->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(result->reason, sizeof(result->reason), fmt, ap);
	va_end(ap);
}

int verify_read_cms(struct module *m, const struct module_sig *sig, struct cms **cms,
	struct ms_error *err)
{
	AUTO_FREE uint8_t *der = NULL;
	int r;

	if (sig->cms_len > CMS_MAX)
		return err_set(err, MS_ERR_SIGNATURE, "a CMS of %llu bytes",
			(unsigned long long)sig->cms_len);
	der = malloc(sig->cms_len ? sig->cms_len : 1);
	if (!der)
		return err_nomem(err);
	r = module_read(m, sig->content_len, der, sig->cms_len, err);
	if (r < 0)
		return r;
	return cms_parse(der, sig->cms_len, cms, err);
}

void verify_note_signer(const struct cms_signer *signer, char *text, size_t size)
{
	AUTO_FREE char *name = NULL, *number = NULL;

	if (signer->issuer) {
		name = cert_name_text(signer->issuer);
		number = cert_serial_hex(signer->serial);
		snprintf(text, size, "issuer %s, serial %s", name ? name : "?",
			number ? number : "?");
	} else {
		number = cert_hex(signer->key_id, signer->key_id_len);
		snprintf(text, size, "key id %s", number ? number : "?");
	}
}

void verify_note_cert(X509 *cert, char *signer, size_t signer_size, char *note, size_t note_size)
{
	AUTO_FREE char *subject = cert_name_text(X509_get_subject_name(cert));
	AUTO_FREE char *until = cert_time_text(X509_get0_notAfter(cert));
	AUTO_FREE char *from = cert_time_text(X509_get0_notBefore(cert));

	if (subject)
		snprintf(signer, signer_size, "%s", subject);
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		snprintf(note, note_size,
			"the certificate expired at %s (kernels don't look at dates)",
			until ? until : "?");
	else if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		snprintf(note, note_size,
			"the certificate is valid from %s only (kernels don't look at dates)",
			from ? from : "?");
}

static void note_cert(struct ms_verification *result, X509 *cert)
{
	verify_note_cert(cert, result->signer, sizeof(result->signer), result->note,
		sizeof(result->note));
}

static int content_digest(struct verify_content *content, enum ms_hash hash, struct ms_error *err)
{
	int r;

	if (content->hash == hash)
		return 0;
	r = module_digest(content->m, content->len, hash, content->digest, err);
	content->hash = r < 0 ? MS_HASH_NONE : hash;
	return r;
}

int verify_signature(struct verify_content *content, const struct cms_signer *signer, X509 *cert,
	struct ms_error *err)
{
	EVP_PKEY *pub = X509_get0_pubkey(cert);
	int r;

	if (!pub || !cms_sig_fits_key(signer->sig_nid, pub))
		return 1;
	r = content_digest(content, signer->hash, err);
	if (r < 0)
		return r;
	r = crypto_verify(pub, KEY_INPUT_DIGEST, signer->hash, content->digest,
		ms_hash_size(signer->hash), signer->sig, signer->sig_len, err);
	return r == MS_ERR_SIGNATURE ? 1 : r;
}

/* Verdict on the signature of one signer by one public key. */
static int check_signature(struct verify_content *content, const struct cms_signer *signer,
	X509 *cert, struct ms_verification *result, struct ms_error *err)
{
	EVP_PKEY *pub = X509_get0_pubkey(cert);
	int r;

	if (!pub || !cms_sig_fits_key(signer->sig_nid, pub)) {
		say(result, MS_ALTERED,
			"the signature algorithm %s is not one of the signer's key", signer->sig_name);
		return 0;
	}
	r = verify_signature(content, signer, cert, err);
	if (r > 0)
		say(result, MS_ALTERED,
			"the signature does not fit: the module was altered after it was signed, or "
			"another key signed it under this certificate's name");
	else if (r == 0)
		say(result, MS_VALID, "signed by a trusted key");
	return r < 0 ? r : 0;
}

/* What makes a kernel refuse a signer info before it looks for the key. */
static bool unusable(const struct cms_signer *signer, struct ms_verification *result)
{
	if (signer->version != (signer->issuer ? 1 : 3)) {
		say(result, MS_MALFORMED, "SignerInfo version %ld does not go with how it names its "
			"signer", signer->version);
		return true;
	}
	if (signer->has_attributes) {
		say(result, MS_UNSUPPORTED_CRYPTO,
			"the signature has signed attributes, which kernels refuse in modules");
		return true;
	}
	if (!signer->hash) {
		say(result, MS_UNSUPPORTED_CRYPTO, "no kernel knows the digest %s",
			signer->hash_name);
		return true;
	}
	if (signer->sig_nid == NID_undef) {
		say(result, MS_UNSUPPORTED_CRYPTO, "unknown signature algorithm %s",
			signer->sig_name);
		return true;
	}
	return false;
}

static int check_signer(struct verify_content *content, const struct cms *cms,
	const struct cms_signer *signer, const STACK_OF(X509) *trusted,
	struct ms_verification *result, struct ms_error *err)
{
	X509 *embedded, *anchor;
	bool known = false;
	int r;

	snprintf(result->hash, sizeof(result->hash), "%s", signer->hash_name);
	verify_note_signer(signer, result->signer, sizeof(result->signer));
	if (unusable(signer, result))
		return 0;
	embedded = chain_find_signer(signer, cms->certs);
	if (embedded) {
		/* A certificate that travels along must fit, trusted or not. */
		r = check_signature(content, signer, embedded, result, err);
		if (r < 0 || result->verdict != MS_VALID)
			return r;
		anchor = chain_find_anchor(embedded, cms->certs, trusted);
		if (anchor) {
			note_cert(result, embedded);
			say(result, MS_VALID, "signed by a key whose certificate travels along and "
				"leads to a trusted one");
			return 0;
		}
	}
	for (int i = 0; i < sk_X509_num(trusted); i++) {
		anchor = sk_X509_value(trusted, i);
		if (!cms_names_cert(signer, anchor))
			continue;
		note_cert(result, anchor);
		r = check_signature(content, signer, anchor, result, err);
		if (r < 0 || result->verdict == MS_VALID)
			return r;
		known = true;
	}
	if (!known)
		say(result, MS_UNKNOWN_KEY, "none of the given certificates is the signer's");
	return 0;
}

/* As in the kernel one bad signer is fatal, and one good one is enough (pkcs7_verify(),
 * pkcs7_validate_trust()). */
static int rank(enum ms_verdict verdict)
{
	switch (verdict) {
	case MS_MALFORMED:
		return 4;
	case MS_ALTERED:
		return 3;
	case MS_VALID:
		return 2;
	case MS_UNSUPPORTED_CRYPTO:
		return 1;
	default:
		return 0;
	}
}

static int check_cms(struct verify_content *content, const struct cms *cms,
	const STACK_OF(X509) *trusted, struct ms_verification *result, struct ms_error *err)
{
	if (!cms->content_is_data) {
		say(result, MS_MALFORMED, "the CMS is not about plain data");
		return 0;
	}
	if (!cms->detached) {
		say(result, MS_MALFORMED, "the CMS holds content of its own");
		return 0;
	}
	if (cms->version != 1 && cms->version != 3) {
		say(result, MS_MALFORMED, "SignedData version %ld", cms->version);
		return 0;
	}
	if (!cms->n_signers) {
		say(result, MS_MALFORMED, "the CMS has no signer");
		return 0;
	}
	for (size_t i = 0; i < cms->n_signers; i++) {
		struct ms_verification one = { .verdict = MS_UNKNOWN_KEY };
		int r = check_signer(content, cms, &cms->signers[i], trusted, &one, err);

		if (r < 0)
			return r;
		if (i == 0 || rank(one.verdict) > rank(result->verdict))
			*result = one;
	}
	return 0;
}

int verify_cms(struct module *m, uint64_t content_len, const uint8_t *der, size_t len,
	const STACK_OF(X509) *trusted, struct ms_verification *result, struct ms_error *err)
{
	CLEANUP(cleanup_cms) struct cms *cms = NULL;
	struct verify_content content = { .m = m, .len = content_len };
	int r;

	memset(result, 0, sizeof(*result));
	r = cms_parse(der, len, &cms, err);
	if (r == MS_ERR_SIGNATURE) {
		say(result, MS_MALFORMED, "%s", err ? err->message : "not a CMS SignedData");
		return 0;
	}
	if (r < 0)
		return r;
	return check_cms(&content, cms, trusted, result, err);
}

int verify_module(struct module *m, const STACK_OF(X509) *trusted,
	struct ms_verification *result, struct ms_error *err)
{
	CLEANUP(cleanup_cms) struct cms *cms = NULL;
	struct verify_content content = { .m = m };
	struct ms_error why;
	int r;

	memset(result, 0, sizeof(*result));
	switch (m->tail) {
	case MODULE_UNSIGNED:
		say(result, MS_UNSIGNED, "no signature is appended");
		return 0;
	case MODULE_MALFORMED:
		say(result, MS_MALFORMED, "%s", m->tail_reason);
		return 0;
	case MODULE_INTERRUPTED:
		say(result, MS_INTERRUPTED, "%s", m->tail_reason);
		return 0;
	case MODULE_SIGNED:
		break;
	}
	r = verify_read_cms(m, &m->sigs[0], &cms, &why);
	if (r == MS_ERR_SIGNATURE) {
		say(result, MS_MALFORMED, "the appended signature: %s", why.message);
		return 0;
	}
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	content.len = m->sigs[0].content_len;
	return check_cms(&content, cms, trusted, result, err);
}

MS_API int ms_verify(const char *path, unsigned flags, struct ms_cert *const *trusted,
	size_t n_trusted, struct ms_verification *result, struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = NULL;
	STACK_OF(X509) *stack = sk_X509_new_null();
	int r = 0;

	for (size_t i = 0; stack && i < n_trusted; i++)
		if (!sk_X509_push(stack, trusted[i]->x509))
			r = err_nomem(err);
	if (!stack)
		r = err_nomem(err);
	if (r == 0)
		r = module_open(path, flags, &m, err);
	if (r == 0)
		r = verify_module(m, stack, result, err);
	sk_X509_free(stack);
	return r;
}
