/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/asymmetric_keys/pkcs7_parser.c, pkcs7_verify.c, pkcs7_trust.c, certs/system_keyring.c
 * verify_pkcs7_message_sig(): what a signature is worth to a kernel. */
#include "src/base/cleanup.h"
#include "src/crypto/cert.h"
#include "src/crypto/digest.h"
#include "src/crypto/keyrule.h"
#include "src/trust/can_check.h"
#include "src/trust/standing.h"
#include "src/verify/kernel.h"
#include "src/verify/known.h"
#include "src/verify/trust_chain.h"

#include <stdarg.h>
#include <string.h>

void worth_say(struct sig_worth *w, enum worth worth, const char *fmt, ...)
{
	va_list ap;

	w->worth = worth;
	va_start(ap, fmt);
	vsnprintf(w->reason, sizeof(w->reason), fmt, ap);
	va_end(ap);
}

void worth_fatal(struct sig_worth *w, const char *error, const char *fmt, ...)
{
	va_list ap;

	w->worth = WORTH_FATAL;
	w->error = error;
	va_start(ap, fmt);
	vsnprintf(w->reason, sizeof(w->reason), fmt, ap);
	va_end(ap);
}

/* -- what can be computed ------------------------------------------------------------------- */

void kernel_judge_hash(const struct ms_machine *m, enum ms_hash hash, struct sig_worth *w)
{
	char why[256];

	switch (can_check_hash(m, hash, why, sizeof(why))) {
	case MS_YES:
		w->worth = WORTH_GOOD;
		break;
	case MS_NO:
		worth_say(w, WORTH_ENOPKG, "this kernel cannot compute %s: %s", ms_hash_name(hash), why);
		break;
	default:
		worth_say(w, WORTH_UNKNOWN, "whether this kernel computes %s is not known: %s",
			ms_hash_name(hash), why);
	}
}

/* A certificate is in a keyring although its key cannot be used where the kernel could not compute the
 * hash that it is signed with either, and so never tried. */
static bool key_is_missing(const struct ms_machine *m, X509 *cert, char *why, size_t size)
{
	EVP_PKEY *pub = X509_get0_pubkey(cert);
	char name[32];
	int bits = pub ? EVP_PKEY_get_bits(pub) : 0;

	if (!pub || !EVP_PKEY_is_a(pub, "EC"))
		return false;
	snprintf(name, sizeof(name), "ecdsa-nist-p%d", bits);
	return ms_machine_algorithm(m, name, why, size) == MS_NO;
}

/* x509_check_for_self_signed(): such a certificate is checked as soon as it is read, if its hash can be
 * computed; and public_key_verify_signature() returns what crypto_alloc_*() says. */
bool kernel_cannot_read(const struct ms_machine *m, const struct cms *cms, struct sig_worth *w)
{
	for (int i = 0; i < sk_X509_num(cms->certs); i++) {
		X509 *cert = sk_X509_value(cms->certs, i);
		struct sig_worth hash = { 0 };
		char why[256];
		int nid;

		if (X509_self_signed(cert, 0) != 1 ||
			!X509_get_signature_info(cert, &nid, NULL, NULL, NULL) || !digest_by_nid(nid))
			continue;
		kernel_judge_hash(m, digest_by_nid(nid), &hash);
		if (hash.worth == WORTH_GOOD && key_is_missing(m, cert, why, sizeof(why))) {
			worth_fatal(w, "ENOENT", "the certificate that travels along has a key that this "
				"kernel cannot check: %s", why);
			return true;
		}
	}
	return false;
}

/* -- one certificate ------------------------------------------------------------------------ */

static void take_standing(struct sig_worth *w, const struct ms_standing *s)
{
	w->store = s->store;
	if (s->revoked == MS_YES) {
		worth_fatal(w, "EKEYREJECTED", "%s", s->why);
		return;
	}
	worth_say(w, s->trusted == MS_YES ? WORTH_GOOD
			: s->trusted == MS_NO ? WORTH_ENOKEY
					      : WORTH_UNKNOWN, "%s", s->why);
	if (s->trusted == MS_YES && s->revoked == MS_UNKNOWN)
		worth_say(w, WORTH_UNKNOWN, "%s, but whether it is revoked is not known (.blacklist)",
			s->why);
}

int kernel_judge_cert(const struct ms_machine *m, X509 *cert, struct sig_worth *w,
	struct ms_error *err)
{
	struct ms_standing s;
	int r = standing_of_cert(m, cert, &s, err);
	char why[256];

	verify_note_cert(cert, w->signer, sizeof(w->signer), w->note, sizeof(w->note));
	if (r == 0)
		take_standing(w, &s);
	if (r == 0 && w->worth == WORTH_GOOD && key_is_missing(m, cert, why, sizeof(why)))
		worth_fatal(w, "EKEYREJECTED", "%s, but this kernel cannot use it: %s", s.why, why);
	return r;
}

static int altered(struct sig_worth *w)
{
	worth_fatal(w, "EKEYREJECTED", "the signature does not fit: the module was altered after it was "
		"signed, or another key signed it under this certificate's name");
	return 0;
}

/* -- through certificates that travel along ------------------------------------------------- */

/* From the signer's certificate upwards: the first that is trusted, or whose issuer is. `*w` stays as
 * it is unless something was found. 1: decided. */
static int climb(const struct kernel_judge *j, const struct cms *cms, X509 *cert,
	struct sig_worth *w, struct ms_error *err)
{
	for (int steps = 0; cert && steps <= sk_X509_num(cms->certs); steps++) {
		struct sig_worth one = { 0 };
		X509 *issuer;
		int r = kernel_judge_cert(j->m, cert, &one, err);

		if (r < 0)
			return r;
		if (standing_tbs_revoked(j->m, cert) == MS_YES) {
			w->store = ".blacklist";
			worth_fatal(w, "EKEYREJECTED",
				"a certificate that travels along is revoked by its hash");
			return 1;
		}
		issuer = chain_find_issuer(cert, cms->certs);
		if (one.worth == WORTH_ENOKEY && !issuer) {
			issuer = chain_find_issuer(cert, j->known);
			if (issuer && issuer != cert)
				r = kernel_judge_cert(j->m, issuer, &one, err);
			issuer = NULL;
			if (r < 0)
				return r;
		}
		if (one.worth != WORTH_ENOKEY) {
			w->worth = one.worth;
			w->error = one.error;
			w->store = one.store;
			snprintf(w->reason, sizeof(w->reason),
				"through a certificate that travels along: %.500s", one.reason);
			return 1;
		}
		if (issuer == cert)
			break;
		cert = issuer;
	}
	return 0;
}

/* -- the signer itself ---------------------------------------------------------------------- */

/* Certificates at hand that the signature names. 1: decided. */
static int try_known(const struct kernel_judge *j, struct verify_content *content,
	const struct cms_signer *signer, struct sig_worth *w, struct ms_error *err)
{
	bool named = false;

	for (int i = 0; i < sk_X509_num(j->known); i++) {
		X509 *cert = sk_X509_value(j->known, i);
		int r, fits;

		if (!cms_names_cert(signer, cert))
			continue;
		r = kernel_judge_cert(j->m, cert, w, err);
		if (r < 0)
			return r;
		named = true;
		if (w->worth == WORTH_FATAL)
			return 1;
		if (w->worth == WORTH_ENOKEY)
			continue;
		fits = verify_signature(content, signer, cert, err);
		if (fits < 0)
			return fits;
		if (fits > 0 && w->worth == WORTH_GOOD)
			altered(w);
		else if (fits > 0)
			worth_say(w, WORTH_UNKNOWN, "the signature does not fit, and whether this kernel "
				"has the key is not known");
		return 1;
	}
	return named;
}

/* No certificate at hand is the signer's. */
static int judge_stranger(const struct kernel_judge *j, const struct cms_signer *signer,
	struct sig_worth *w, struct ms_error *err)
{
	struct ms_standing s;
	char other[256];
	int r;

	if (!signer->issuer) {
		r = standing_of_key_id(j->m, signer->key_id, signer->key_id_len, &s, err);
		if (r < 0)
			return r;
		take_standing(w, &s);
		if (w->worth == WORTH_GOOD)
			worth_say(w, WORTH_UNKNOWN, "%.200s, but its certificate is not at hand, so that "
				"the signature cannot be checked", s.why);
		return 0;
	}
	if (known_all(j->m, j->known, other, sizeof(other)))
		worth_say(w, WORTH_ENOKEY, "the signer is none of those that this kernel trusts");
	else if (*other)
		worth_say(w, WORTH_UNKNOWN, "the signature names its signer by issuer and serial number, "
			"which the kernel does not show of its keys, and no certificate at hand is the "
			"signer's: it may be %s", other);
	else
		worth_say(w, WORTH_UNKNOWN, "no certificate at hand is the signer's, and which keys this "
			"kernel trusts is not known");
	return 0;
}

/* pkcs7_sig_note_pkey_algo() */
static bool parser_knows(int sig_nid)
{
	for (enum ms_hash h = MS_HASH_SHA1; h <= MS_HASH_SHA3_512; h++)
		if (sig_nid == keyrule_ecdsa_nid(h))
			return true;
	return sig_nid == NID_rsaEncryption;
}

/* pkcs7_parser.c stops at what it does not know. */
static bool unknown_to_parser(const struct cms_signer *signer, struct sig_worth *w)
{
	if (signer->version != 1 && signer->version != 3)
		worth_fatal(w, "EINVAL", "SignerInfo version %ld", signer->version);
	else if (signer->version != (signer->issuer ? 1 : 3))
		worth_fatal(w, "EBADMSG", "SignerInfo version %ld does not go with how it names its "
			"signer", signer->version);
	else if (!signer->hash)
		worth_say(w, WORTH_ENOPKG, "no kernel knows the digest %s", signer->hash_name);
	else if (!parser_knows(signer->sig_nid))
		worth_say(w, WORTH_ENOPKG, "no kernel knows signatures by %s", signer->sig_name);
	else
		return false;
	return true;
}

int kernel_judge_signer(const struct kernel_judge *j, struct verify_content *content,
	const struct cms *cms, const struct cms_signer *signer, struct sig_worth *w,
	struct ms_error *err)
{
	struct sig_worth hash = { 0 };
	X509 *embedded;
	char why[256];
	int r = 0;

	snprintf(w->hash, sizeof(w->hash), "%s", signer->hash_name);
	verify_note_signer(signer, w->signer, sizeof(w->signer));
	if (unknown_to_parser(signer, w))
		return 0;
	kernel_judge_hash(j->m, signer->hash, &hash);
	if (hash.worth == WORTH_ENOPKG) {
		worth_say(w, WORTH_ENOPKG, "%s", hash.reason);
		return 0;
	}
	embedded = chain_find_signer(signer, cms->certs);
	if (embedded) {
		verify_note_cert(embedded, w->signer, sizeof(w->signer), w->note, sizeof(w->note));
		if (key_is_missing(j->m, embedded, why, sizeof(why))) {
			/* public_key_verify_signature() returns what crypto_alloc_*() says */
			worth_fatal(w, "ENOENT", "the certificate that travels along has a key that this "
				"kernel cannot check: %s", why);
			return 0;
		}
		r = verify_signature(content, signer, embedded, err);
		if (r > 0)
			return altered(w);
		if (r == 0)
			r = climb(j, cms, embedded, w, err);
	}
	if (r == 0)
		r = try_known(j, content, signer, w, err);
	if (r == 0)
		r = judge_stranger(j, signer, w, err);
	if (r >= 0 && hash.worth == WORTH_UNKNOWN && w->worth != WORTH_FATAL)
		worth_say(w, WORTH_UNKNOWN, "%s", hash.reason);
	return r < 0 ? r : 0;
}
