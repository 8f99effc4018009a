/* SPDX-License-Identifier: Apache-2.0 */
/* What a key can do, by its public area. */
#include "engines/tpm2/hash.h"
#include "engines/tpm2/info.h"
#include "engines/tpm2/key.h"
#include "engines/tpm2/pubkey.h"
#include "src/base/error.h"

static bool has(const struct tpm_key *k, TPMA_OBJECT attributes)
{
	return (k->pub.publicArea.objectAttributes & attributes) == attributes;
}

static bool is_rsa(const struct tpm_key *k)
{
	return k->pub.publicArea.type == TPM2_ALG_RSA;
}

static TPMI_ALG_RSA_SCHEME rsa_scheme(const struct tpm_key *k)
{
	return k->pub.publicArea.parameters.rsaDetail.scheme.scheme;
}

static TPMI_ALG_ECC_SCHEME ec_scheme(const struct tpm_key *k)
{
	return k->pub.publicArea.parameters.eccDetail.scheme.scheme;
}

static int refuse(const struct tpm_key *k, const char *why, const char *hint, struct ms_error *err)
{
	err_set(err, MS_ERR_KEY, "%s: %s", k->name, why);
	err_hint(err, "%s", hint);
	return MS_ERR_KEY;
}

int tpm_key_check(const struct tpm_key *k, struct ms_error *err)
{
	static const char another[] = "Use another key; `modseal keygen` makes one.";

	if (k->pub.publicArea.type != TPM2_ALG_RSA && k->pub.publicArea.type != TPM2_ALG_ECC)
		return refuse(k, "it is no RSA or EC key", another, err);
	if (has(k, TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT))
		return refuse(k,
			"it is a storage key, which other keys lie under; it signs nothing",
			another, err);
	if (has(k, TPMA_OBJECT_RESTRICTED))
		return refuse(k,
			"it is restricted: it signs only what the TPM itself has made "
			"(attestations), no "
			"digests from outside",
			another, err);
	if (!has(k, TPMA_OBJECT_SIGN_ENCRYPT) && !(is_rsa(k) && has(k, TPMA_OBJECT_DECRYPT)))
		return refuse(k, "it was made without the right to sign", another, err);
	if (is_rsa(k) && rsa_scheme(k) != TPM2_ALG_NULL && rsa_scheme(k) != TPM2_ALG_RSASSA)
		return refuse(k,
			"its scheme is fixed to another than RSASSA (PKCS#1 v1.5), which kernels "
			"do not "
			"check",
			another, err);
	if (!is_rsa(k) && ec_scheme(k) != TPM2_ALG_NULL && ec_scheme(k) != TPM2_ALG_ECDSA)
		return refuse(k,
			"its scheme is fixed to another than ECDSA, which kernels do not check",
			another, err);
	return 0;
}

/* Its fixed scheme's, MS_HASH_NONE if it is free. */
static enum ms_hash fixed_hash(const struct tpm_key *k)
{
	const TPMT_PUBLIC *pub = &k->pub.publicArea;

	if (is_rsa(k))
		return rsa_scheme(k) == TPM2_ALG_NULL
			? MS_HASH_NONE
			: tpm_hash_of_alg(pub->parameters.rsaDetail.scheme.details.rsassa.hashAlg);
	return ec_scheme(k) == TPM2_ALG_NULL
		? MS_HASH_NONE
		: tpm_hash_of_alg(pub->parameters.eccDetail.scheme.details.ecdsa.hashAlg);
}

static enum tpm_scheme cannot(
	const struct tpm_key *k, enum ms_hash hash, const char *why, struct ms_error *err)
{
	err_set(err, MS_ERR_KEY, "%s: no %s signature: %s", k->name, ms_hash_name(hash), why);
	err_hint(err, "Try another --hash, or another key.");
	return TPM_SCHEME_NONE;
}

static enum tpm_scheme scheme_of_rsa(
	const struct tpm_key *k, enum ms_hash hash, struct ms_error *err)
{
	enum ms_hash fixed = fixed_hash(k);

	if (has(k, TPMA_OBJECT_SIGN_ENCRYPT) && tpm_has_hash(k->tpm, hash) &&
		(!fixed || fixed == hash))
		return TPM_SCHEME_SIGN;
	/* The bare RSA operation needs no hash of the TPM's. */
	if (has(k, TPMA_OBJECT_DECRYPT) && rsa_scheme(k) == TPM2_ALG_NULL)
		return TPM_SCHEME_RSA_DECRYPT;
	if (fixed && fixed != hash)
		return cannot(k, hash, "its scheme is fixed to another hash", err);
	return cannot(k, hash, "the TPM does not have this hash", err);
}

/* ECDSA signs a number that is cut from the digest; which hash it came from is of no matter to the
 * TPM, but that its length is that of the scheme's hash (see fit() in sign.c). */
static enum tpm_scheme scheme_of_ec(
	const struct tpm_key *k, enum ms_hash hash, struct ms_error *err)
{
	size_t order = tpm_curve_bytes(k->pub.publicArea.parameters.eccDetail.curveID);
	size_t need = ms_hash_size(hash) < order ? ms_hash_size(hash) : order;
	enum ms_hash fixed = fixed_hash(k);

	if (fixed && ms_hash_size(fixed) < need)
		return cannot(k, hash, "its scheme is fixed to a shorter hash", err);
	return TPM_SCHEME_SIGN;
}

enum tpm_scheme tpm_key_scheme(const struct tpm_key *k, enum ms_hash hash, struct ms_error *err)
{
	if (!ms_hash_can_sign(hash))
		return cannot(k, hash, "new signatures are not made with it", err);
	return is_rsa(k) ? scheme_of_rsa(k, hash, err) : scheme_of_ec(k, hash, err);
}
