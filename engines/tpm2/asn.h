/* SPDX-License-Identifier: Apache-2.0 */
/* The ASN.1 of TPM key files, for OpenSSL. */
#ifndef MODSEAL_ENGINES_TPM2_ASN_H
#define MODSEAL_ENGINES_TPM2_ASN_H

#include <openssl/asn1t.h>

#define TPM_KEY_OID	   "2.23.133.10.1.3" /* to be loaded by TPM2_Load */
#define TPM_IMPORTABLE_OID "2.23.133.10.1.4"
#define TPM_SEALED_OID	   "2.23.133.10.1.5"
#define TPM_OLD_OID	   "2.23.133.10.2"
#define TPM_PEM_LABEL	   "TSS2 PRIVATE KEY"

typedef struct {
	ASN1_INTEGER *command_code;
	ASN1_OCTET_STRING *command_policy;
} TPM_ASN_STEP;
DEFINE_STACK_OF(TPM_ASN_STEP)

typedef struct {
	ASN1_UTF8STRING *name;
	STACK_OF(TPM_ASN_STEP) * policy;
} TPM_ASN_APPROVAL;
DEFINE_STACK_OF(TPM_ASN_APPROVAL)

typedef struct {
	ASN1_OBJECT *type;
	ASN1_BOOLEAN empty_auth; /* -1: absent */
	STACK_OF(TPM_ASN_STEP) * policy;
	ASN1_OCTET_STRING *secret;
	STACK_OF(TPM_ASN_APPROVAL) * auth_policy;
	ASN1_UTF8STRING *description;
	ASN1_BOOLEAN rsa_parent;
	ASN1_INTEGER *parent;
	ASN1_OCTET_STRING *pubkey;
	ASN1_OCTET_STRING *privkey;
} TPM_ASN_KEY;

TPM_ASN_STEP *tpm_asn_step_new(void);
void tpm_asn_step_free(TPM_ASN_STEP *step);
TPM_ASN_APPROVAL *tpm_asn_approval_new(void);
void tpm_asn_approval_free(TPM_ASN_APPROVAL *approval);
TPM_ASN_KEY *tpm_asn_key_new(void);
void tpm_asn_key_free(TPM_ASN_KEY *key);
/* NULL if it is malformed, or if there is something behind it. */
TPM_ASN_KEY *tpm_asn_key_decode(const unsigned char *der, long len);
/* The length, or a negative value; OPENSSL_free() *der. */
int tpm_asn_key_encode(const TPM_ASN_KEY *key, unsigned char **der);

#endif
