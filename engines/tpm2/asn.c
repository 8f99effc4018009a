/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/asn.h"

ASN1_SEQUENCE(TPM_ASN_STEP) = {
	ASN1_EXP(TPM_ASN_STEP, command_code, ASN1_INTEGER, 0),
	ASN1_EXP(TPM_ASN_STEP, command_policy, ASN1_OCTET_STRING, 1),
} static_ASN1_SEQUENCE_END(TPM_ASN_STEP)

ASN1_SEQUENCE(TPM_ASN_APPROVAL) = {
	ASN1_EXP_OPT(TPM_ASN_APPROVAL, name, ASN1_UTF8STRING, 0),
	ASN1_EXP_SEQUENCE_OF(TPM_ASN_APPROVAL, policy, TPM_ASN_STEP, 1),
} static_ASN1_SEQUENCE_END(TPM_ASN_APPROVAL)

ASN1_SEQUENCE(TPM_ASN_KEY) = {
	ASN1_SIMPLE(TPM_ASN_KEY, type, ASN1_OBJECT),
	ASN1_EXP_OPT(TPM_ASN_KEY, empty_auth, ASN1_BOOLEAN, 0),
	ASN1_EXP_SEQUENCE_OF_OPT(TPM_ASN_KEY, policy, TPM_ASN_STEP, 1),
	ASN1_EXP_OPT(TPM_ASN_KEY, secret, ASN1_OCTET_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(TPM_ASN_KEY, auth_policy, TPM_ASN_APPROVAL, 3),
	ASN1_EXP_OPT(TPM_ASN_KEY, description, ASN1_UTF8STRING, 4),
	ASN1_EXP_OPT(TPM_ASN_KEY, rsa_parent, ASN1_BOOLEAN, 5),
	ASN1_SIMPLE(TPM_ASN_KEY, parent, ASN1_INTEGER),
	ASN1_SIMPLE(TPM_ASN_KEY, pubkey, ASN1_OCTET_STRING),
	ASN1_SIMPLE(TPM_ASN_KEY, privkey, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(TPM_ASN_KEY)

TPM_ASN_STEP *tpm_asn_step_new(void)
{
	return (TPM_ASN_STEP *)ASN1_item_new(ASN1_ITEM_rptr(TPM_ASN_STEP));
}

void tpm_asn_step_free(TPM_ASN_STEP *step)
{
	ASN1_item_free((ASN1_VALUE *)step, ASN1_ITEM_rptr(TPM_ASN_STEP));
}

TPM_ASN_APPROVAL *tpm_asn_approval_new(void)
{
	return (TPM_ASN_APPROVAL *)ASN1_item_new(ASN1_ITEM_rptr(TPM_ASN_APPROVAL));
}

void tpm_asn_approval_free(TPM_ASN_APPROVAL *approval)
{
	ASN1_item_free((ASN1_VALUE *)approval, ASN1_ITEM_rptr(TPM_ASN_APPROVAL));
}

TPM_ASN_KEY *tpm_asn_key_new(void)
{
	return (TPM_ASN_KEY *)ASN1_item_new(ASN1_ITEM_rptr(TPM_ASN_KEY));
}

void tpm_asn_key_free(TPM_ASN_KEY *key)
{
	ASN1_item_free((ASN1_VALUE *)key, ASN1_ITEM_rptr(TPM_ASN_KEY));
}

TPM_ASN_KEY *tpm_asn_key_decode(const unsigned char *der, long len)
{
	const unsigned char *p = der;
	TPM_ASN_KEY *key = (TPM_ASN_KEY *)ASN1_item_d2i(NULL, &p, len, ASN1_ITEM_rptr(TPM_ASN_KEY));

	if (key && p == der + len)
		return key;
	tpm_asn_key_free(key);
	return NULL;
}

int tpm_asn_key_encode(const TPM_ASN_KEY *key, unsigned char **der)
{
	return ASN1_item_i2d((const ASN1_VALUE *)key, der, ASN1_ITEM_rptr(TPM_ASN_KEY));
}
