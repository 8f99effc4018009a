/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys, the TPM's form and OpenSSL's. */
#ifndef MODSEAL_ENGINES_TPM2_PUBKEY_H
#define MODSEAL_ENGINES_TPM2_PUBKEY_H

#include <modseal/error.h>
#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

/* In ossl_ctx(). MS_ERR_KEY for an object that is no RSA or EC key, or of a curve that no kernel
 * has. */
int tpm_pubkey(const TPMT_PUBLIC *pub, EVP_PKEY **pkey, struct ms_error *err);

/* A public area that a TPM can verify this key's signatures with; MS_ERR_KEY if there is none. */
int tpm_public_of(const EVP_PKEY *pkey, TPM2B_PUBLIC *pub, struct ms_error *err);

/* A signature as key->ops->sign makes it (RSA PKCS#1 v1.5, ECDSA in DER), in the TPM's form. */
int tpm_signature_of(const EVP_PKEY *pkey, TPMI_ALG_HASH hash, const uint8_t *sig, size_t len,
	TPMT_SIGNATURE *out, struct ms_error *err);
/* ECDSA in DER; the length, 0 if there is no room or the numbers are none. */
size_t tpm_ecdsa_der(const TPMS_SIGNATURE_ECC *sig, uint8_t *out, size_t size);

/* NID of a curve that is known here, NID_undef for another. */
int tpm_curve_nid(TPM2_ECC_CURVE curve);
/* Bytes of its order. */
size_t tpm_curve_bytes(TPM2_ECC_CURVE curve);

#endif
