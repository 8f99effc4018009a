/* SPDX-License-Identifier: Apache-2.0 */
/* Signing. */
#include "engines/tpm2/hash.h"
#include "engines/tpm2/info.h"
#include "engines/tpm2/key.h"
#include "engines/tpm2/lanes.h"
#include "engines/tpm2/policy_run.h"
#include "engines/tpm2/pubkey.h"
#include "engines/tpm2/rc.h"
#include "engines/tpm2/session.h"
#include "src/base/error.h"

#include <openssl/x509.h>
#include <string.h>

/* -- what is signed ------------------------------------------------------------------------- */

/*
 * A digest in the length that the scheme's hash has. ECDSA takes the leftmost bits up to the
 * order's length as a number: what is behind them is of no matter, and zeros in front change
 * nothing while all of it fits.
 */
static void fit(const uint8_t *digest, size_t len, size_t order, TPM2B_DIGEST *out, size_t want)
{
	size_t cut = len < order ? len : order;
	size_t lead = want > cut && want <= order ? want - cut
		: want > order && order > cut	  ? order - cut
						  : 0;

	memset(out, 0, sizeof(*out));
	memcpy(out->buffer + lead, digest, cut);
	out->size = (UINT16)want;
}

static const struct {
	TPMI_ALG_HASH alg;
	size_t len;
} by_length[] = { { TPM2_ALG_SHA256, 32 }, { TPM2_ALG_SHA384, 48 }, { TPM2_ALG_SHA512, 64 } };

/* A hash of at least that many bytes that the TPM has. */
static TPMI_ALG_HASH any_hash(const struct tpm *tpm, size_t bytes)
{
	for (size_t i = 0; i < sizeof(by_length) / sizeof(by_length[0]); i++)
		if (by_length[i].len >= bytes &&
			tpm_has_hash(tpm, tpm_hash_of_alg(by_length[i].alg)))
			return by_length[i].alg;
	return TPM2_ALG_SHA256;
}

static void prepare_ec(const struct tpm_signing *s, TPM2B_DIGEST *digest, TPMT_SIG_SCHEME *scheme)
{
	const TPMS_ECC_PARMS *ecc = &s->key->pub.publicArea.parameters.eccDetail;
	size_t order = tpm_curve_bytes(ecc->curveID), len = ms_hash_size(s->hash);
	TPMI_ALG_HASH alg = ecc->scheme.scheme == TPM2_ALG_ECDSA
		? ecc->scheme.details.ecdsa.hashAlg
		: any_hash(s->key->tpm, len < order ? len : order);

	scheme->scheme = TPM2_ALG_ECDSA;
	scheme->details.ecdsa.hashAlg = alg;
	fit(s->digest, len, order, digest, tpm_alg_size(alg));
}

static void prepare_rsa(const struct tpm_signing *s, TPM2B_DIGEST *digest, TPMT_SIG_SCHEME *scheme)
{
	scheme->scheme = TPM2_ALG_RSASSA;
	scheme->details.rsassa.hashAlg = tpm_alg_of_hash(s->hash);
	digest->size = (UINT16)ms_hash_size(s->hash);
	memcpy(digest->buffer, s->digest, digest->size);
}

static size_t modulus_bytes(const struct tpm_key *k)
{
	return k->pub.publicArea.parameters.rsaDetail.keyBits / 8;
}

/* DigestInfo (RFC 8017, 9.2); its length, 0 on failure. OPENSSL_free() *der. */
static int digest_info(const struct tpm_signing *s, unsigned char **der)
{
	X509_SIG *info = X509_SIG_new();
	X509_ALGOR *alg;
	ASN1_OCTET_STRING *digest;
	int len = 0;

	if (info) {
		X509_SIG_getm(info, &alg, &digest);
		if (X509_ALGOR_set0(alg, OBJ_nid2obj(digest_nid(s->hash)), V_ASN1_NULL, NULL) &&
			ASN1_OCTET_STRING_set(digest, s->digest, (int)ms_hash_size(s->hash)))
			len = i2d_X509_SIG(info, der);
	}
	X509_SIG_free(info);
	return len > 0 ? len : 0;
}

/* EMSA-PKCS1-v1_5: 00 01 ff...ff 00 DigestInfo, as long as the modulus. */
static int pad(const struct tpm_signing *s, TPM2B_PUBLIC_KEY_RSA *block)
{
	size_t size = modulus_bytes(s->key);
	unsigned char *info = NULL;
	size_t len = (size_t)digest_info(s, &info);
	int r = -1;

	if (len && len + 11 <= size && size <= sizeof(block->buffer)) {
		block->size = (UINT16)size;
		memset(block->buffer, 0xff, size);
		block->buffer[0] = 0;
		block->buffer[1] = 1;
		block->buffer[size - len - 1] = 0;
		memcpy(block->buffer + size - len, info, len);
		r = 0;
	}
	OPENSSL_free(info);
	return r;
}

/* -- the TPM's part ------------------------------------------------------------------------- */

static ESYS_TR session_of(const struct tpm_key *k)
{
	return k->session == ESYS_TR_NONE ? ESYS_TR_PASSWORD : k->session;
}

/* Some TPMs drop leading zeros. */
static int take_rsa(struct tpm_signing *s, const BYTE *sig, size_t len)
{
	size_t size = modulus_bytes(s->key);

	if (!len || len > size || size > KEY_SIG_MAX)
		return -1;
	memset(s->sig, 0, size - len);
	memcpy(s->sig + size - len, sig, len);
	s->sig_len = size;
	return 0;
}

static int bad_signature(struct tpm_signing *s)
{
	return err_set(s->err, MS_ERR_TOKEN, "%s: the TPM's answer is no signature by this key",
		s->key->name);
}

static int sign_digest(struct tpm_signing *s)
{
	const TPMT_TK_HASHCHECK no_ticket = { .tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL };
	struct tpm_key *k = s->key;
	bool rsa = k->pub.publicArea.type == TPM2_ALG_RSA;
	TPMT_SIGNATURE *sig = NULL;
	TPMT_SIG_SCHEME scheme = { 0 };
	TPM2B_DIGEST digest;
	int r;

	if (rsa)
		prepare_rsa(s, &digest, &scheme);
	else
		prepare_ec(s, &digest, &scheme);
	s->rc = TPM_CALL(k->tpm, Sign, k->object, session_of(k), ESYS_TR_NONE, ESYS_TR_NONE, &digest,
		&scheme, &no_ticket, &sig);
	if (s->rc != TSS2_RC_SUCCESS)
		return tpm_err(k->tpm, s->rc, "TPM2_Sign", s->err);
	if (rsa) {
		const TPM2B_PUBLIC_KEY_RSA *raw = &sig->signature.rsassa.sig;

		r = take_rsa(s, raw->buffer, raw->size);
	} else {
		s->sig_len = tpm_ecdsa_der(&sig->signature.ecdsa, s->sig, KEY_SIG_MAX);
		r = s->sig_len ? 0 : -1;
	}
	Esys_Free(sig);
	return r < 0 ? bad_signature(s) : 0;
}

static int sign_by_decryption(struct tpm_signing *s)
{
	const TPMT_RSA_DECRYPT scheme = { .scheme = TPM2_ALG_NULL };
	const TPM2B_DATA no_label = { 0 };
	struct tpm_key *k = s->key;
	TPM2B_PUBLIC_KEY_RSA block, *out = NULL;
	int r;

	if (pad(s, &block) < 0)
		return err_set(s->err, MS_ERR_KEY, "%s: the key is too short for a %s signature",
			k->name, ms_hash_name(s->hash));
	s->rc = TPM_CALL(k->tpm, RSA_Decrypt, k->object, session_of(k), ESYS_TR_NONE, ESYS_TR_NONE,
		&block, &scheme, &no_label, &out);
	if (s->rc != TSS2_RC_SUCCESS)
		return tpm_err(k->tpm, s->rc, "TPM2_RSA_Decrypt", s->err);
	r = take_rsa(s, out->buffer, out->size);
	Esys_Free(out);
	return r < 0 ? bad_signature(s) : 0;
}

/* The steps run anew for each signature: one use of the session uses them up. */
static int run_policy(struct tpm_signing *s)
{
	struct tpm_key *k = s->key;

	if (k->session_used) {
		s->rc = TPM_CALL(k->tpm, PolicyRestart, k->session, TPM_NO_SESSIONS);
		if (s->rc != TSS2_RC_SUCCESS)
			return tpm_err(k->tpm, s->rc, "TPM2_PolicyRestart", s->err);
	}
	k->session_used = true;
	return tpm_way_run(k->tpm, k->way, k->session, k->pub.publicArea.nameAlg, &s->unsatisfied,
		&s->rc, s->err);
}

static int attempt(struct tpm_signing *s)
{
	struct tpm_key *k = s->key;
	int r = k->loaded ? 0 : tpm_key_load(k, s->err);

	s->rc = TSS2_RC_SUCCESS;
	s->unsatisfied = false;
	if (r == 0 && k->way)
		r = run_policy(s);
	if (r < 0)
		return r;
	if (tpm_key_scheme(k, s->hash, s->err) == TPM_SCHEME_RSA_DECRYPT)
		r = sign_by_decryption(s);
	else
		r = sign_digest(s);
	if (r == 0)
		k->session_used = false;
	return r;
}

/* What was in the TPM may be gone (suspended, flushed by another program), and a PCR may change
 * between policy and signature. */
int tpm_sign_once(struct tpm_signing *s)
{
	int r = attempt(s);

	if (r == 0 || s->unsatisfied)
		return r;
	if (tpm_rc_gone(s->rc))
		tpm_key_unload(s->key);
	else if (tpm_rc(s->rc) != TPM2_RC_PCR_CHANGED)
		return r;
	return attempt(s);
}

/* -- as the rest of the house sees it -------------------------------------------------------- */

static enum key_input can(const struct ms_key *key, enum ms_hash hash, struct ms_error *err)
{
	return tpm_key_scheme(key->priv, hash, err) == TPM_SCHEME_NONE ? KEY_INPUT_NONE
								       : KEY_INPUT_DIGEST;
}

static int sign(struct ms_key *key, enum key_input input, enum ms_hash hash, const uint8_t *data,
	size_t len, uint8_t *sig, size_t *sig_len, struct ms_error *err)
{
	struct tpm_key *k = key->priv;
	struct ms_error why = { 0 };
	struct tpm_signing s = { .key = k, .hash = hash, .digest = data, .sig = sig, .err = &why };
	int r;

	if (input != KEY_INPUT_DIGEST || len != ms_hash_size(hash) || !len)
		return err_set(err, MS_ERR_INTERNAL, "%zu bytes are no %s digest", len,
			ms_hash_name(hash));
	r = tpm_lanes_sign(k, &s);
	*sig_len = r == 0 ? s.sig_len : 0;
	if (r < 0 && err)
		*err = why;
	return r;
}

static void key_free(struct ms_key *key)
{
	struct tpm_key *k = key->priv;

	if (!k)
		return;
	key->priv = NULL;
	if (!tpm_lanes_end(k))
		return;
	secret_free(k->auth);
	tpm_keyfile_free(k->file);
	free(k->name);
	free(k);
}

const struct key_ops tpm_key_ops = {
	.can = can,
	.sign = sign,
	.evidence = tpm_key_evidence,
	.free = key_free,
};
