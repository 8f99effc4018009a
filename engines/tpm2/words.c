/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/words.h"

#include "engines/tpm2/hash.h"
#include "engines/tpm2/pubkey.h"
#include "src/base/cleanup.h"
#include "src/crypto/cert.h"
#include "src/key/key.h"

#include <string.h>

static const struct {
	TPMA_OBJECT bit;
	const char *name;
} attributes[] = {
	{ TPMA_OBJECT_FIXEDTPM, "fixedTPM" },
	{ TPMA_OBJECT_STCLEAR, "stClear" },
	{ TPMA_OBJECT_FIXEDPARENT, "fixedParent" },
	{ TPMA_OBJECT_SENSITIVEDATAORIGIN, "sensitiveDataOrigin" },
	{ TPMA_OBJECT_USERWITHAUTH, "userWithAuth" },
	{ TPMA_OBJECT_ADMINWITHPOLICY, "adminWithPolicy" },
	{ TPMA_OBJECT_NODA, "noDA" },
	{ TPMA_OBJECT_ENCRYPTEDDUPLICATION, "encryptedDuplication" },
	{ TPMA_OBJECT_RESTRICTED, "restricted" },
	{ TPMA_OBJECT_DECRYPT, "decrypt" },
	{ TPMA_OBJECT_SIGN_ENCRYPT, "sign" },
};

char *tpm_attributes_text(TPMA_OBJECT bits)
{
	char text[256] = "";

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (bits & attributes[i].bit) {
			if (text[0])
				strcat(text, ", ");
			strcat(text, attributes[i].name);
		}
	return strdup(text);
}

char *tpm_hex(const void *data, size_t len)
{
	return cert_hex(data, len);
}

char *tpm_type_text(const TPMT_PUBLIC *pub, unsigned *bits)
{
	AUTO_PKEY EVP_PKEY *pkey = NULL;
	char name[32];

	*bits = 0;
	switch (pub->type) {
	case TPM2_ALG_RSA:
		*bits = pub->parameters.rsaDetail.keyBits;
		return strdup("RSA");
	case TPM2_ALG_ECC:
		if (tpm_pubkey(pub, &pkey, NULL) < 0)
			return strdup("EC");
		key_type_name(pkey, name, sizeof(name));
		*bits = (unsigned)EVP_PKEY_get_bits(pkey);
		return strdup(name);
	case TPM2_ALG_KEYEDHASH:
		return strdup("sealed data or HMAC key");
	default:
		return strdup("symmetric key");
	}
}

static char *pcrs_text(const struct tpm_step *step, TPMI_ALG_HASH alg, const struct tpm_pcrs *known)
{
	TPML_PCR_SELECTION selection;
	TPM2B_DIGEST digest, same;
	struct tpm_pcrs pcrs;

	if (tpm_step_pcrs(step, alg, &selection, &digest, NULL) < 0 ||
		tpm_pcrs_of_selection(&selection, &pcrs, NULL) < 0)
		return strdup("malformed");
	if (known && known->n == pcrs.n && tpm_pcrs_known(known) &&
		tpm_pcrs_digest(known, alg, &same, NULL) == 0 && tpm_digest_eq(&same, &digest))
		pcrs = *known;
	return tpm_pcrs_text(&pcrs, true);
}

/* The policy key, as the hash of its SubjectPublicKeyInfo would be too long to compare by eye. */
static char *authorize_text(const struct tpm_step *step)
{
	AUTO_PKEY EVP_PKEY *pkey = NULL;
	AUTO_FREE char *hex = NULL;
	struct tpm_authorize a;
	TPM2B_NAME name;
	char type[32], *text;

	if (tpm_step_authorize(step, &a, NULL) < 0 ||
		tpm_pubkey(&a.key.publicArea, &pkey, NULL) < 0 ||
		tpm_name_of(&a.key.publicArea, &name, NULL) < 0)
		return strdup("malformed");
	key_type_name(pkey, type, sizeof(type));
	hex = tpm_hex(name.name, name.size);
	if (!hex ||
		asprintf(&text, "%s policy key %s%s", type, hex,
			a.signature.sigAlg == TPM2_ALG_NULL ? "" : " has signed it") < 0)
		return NULL;
	return text;
}

static char *or_text(const struct tpm_step *step, TPMI_ALG_HASH alg)
{
	TPML_DIGEST branches;
	TPM2B_DIGEST auth;
	char *text;

	if (tpm_step_or(step, &branches, NULL) < 0 ||
		tpm_policy_auth_value_digest(alg, &auth, NULL) < 0)
		return strdup("malformed");
	for (size_t i = 0; i < branches.count; i++)
		if (tpm_digest_eq(&branches.digests[i], &auth))
			return strdup("or the recovery auth value");
	return asprintf(&text, "one of %u branches", branches.count) < 0 ? NULL : text;
}

char *tpm_step_text(const struct tpm_step *step, TPMI_ALG_HASH alg, const struct tpm_pcrs *known)
{
	switch (step->cc) {
	case TPM2_CC_PolicyPCR:
		return pcrs_text(step, alg, known);
	case TPM2_CC_PolicyAuthorize:
		return authorize_text(step);
	case TPM2_CC_PolicyOR:
		return or_text(step, alg);
	case TPM2_CC_PolicyAuthValue:
	case TPM2_CC_PolicyPassword:
		return strdup("the key's auth value");
	default:
		return tpm_hex(step->body.data, step->body.len);
	}
}
