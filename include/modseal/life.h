/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * A key's life: made on a device, certified, put beside its certificate.
 */
#ifndef MODSEAL_LIFE_H
#define MODSEAL_LIFE_H

#include <modseal/key.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A token to be initialised. Zero-initialise. */
struct ms_token_init {
	const char *ref;   /**< a PKCS#11 URI whose slot part fits one slot; NULL: the one slot that
				there is with a token that is not initialised */
	const char *label; /**< what it will be called, 1 to 32 bytes */
	bool erase;        /**< although it is initialised: all that it holds is lost */
};

/**
 * Initialises a token: sets its label, the SO PIN (that it has if it is initialised already) and
 * the user's PIN. *uri is the token's URI afterwards, with the object and id of ref; free() it.
 * The user's PIN is kept for the next key of this context.
 */
MS_API int ms_token_init(struct ms_context *ctx, const struct ms_token_init *request, char **uri,
	struct ms_error *err);

enum ms_key_kind { MS_KEY_RSA2048 = 1, MS_KEY_RSA3072, MS_KEY_RSA4096, MS_KEY_P256, MS_KEY_P384 };

/** What a key in a TPM is bound to. Zero-initialise; elsewhere it has to stay zero. */
struct ms_seal {
	uint32_t parent;            /**< handle of the storage key above it; 0: the owner's primary */
	bool auth;                  /**< it has an auth value, which is asked for as a PIN is */
	const char *pcrs;           /**< it is sealed to these PCRs: "sha256:7,11" as they are now,
					 "sha256:7=HEX" as given; NULL: to none */
	struct ms_key *policy_key;  /**< with whose signature it can be bound to other values later
					 (ms_tpm_approve()); NULL: none */
	bool recovery_auth;         /**< it has an auth value that does instead of the PCR values */
};

/** When a YubiKey wants to be touched, and wants the PIN, before the key signs; 0: as its slot has
 *  it. Numbered as Yubico does. */
enum ms_touch_policy { MS_TOUCH_NEVER = 1, MS_TOUCH_ALWAYS, MS_TOUCH_CACHED };
enum ms_pin_policy { MS_PIN_NEVER = 1, MS_PIN_ONCE, MS_PIN_ALWAYS };

/** A key to be made. Zero-initialise. */
struct ms_keygen {
	const char *ref;       /**< where: a PKCS#11 URI whose token part fits one token, and whose
				    object and id become label and CKA_ID; or a TPM's
				    "handle:0x81......", or the path of a TPM key file */
	enum ms_key_kind kind;
	bool duplicate;        /**< although the token has a key of that label or id */
	struct ms_seal seal;
	enum ms_touch_policy touch_policy; /**< YubiKeys only */
	enum ms_pin_policy pin_policy;	   /**< YubiKeys only */
};

/** Makes the key pair on the device and opens it. MS_ERR_UNSUPPORTED where keys are not
 *  made, or not with such policies. */
MS_API int ms_keygen(struct ms_context *ctx, const struct ms_keygen *request, struct ms_key **key,
	struct ms_error *err);

/** A key in a file, to be put into a token or a TPM. Zero-initialise. */
struct ms_import {
	const char *ref; /**< where: as for struct ms_keygen */
	bool duplicate;  /**< although the token has a key of that label or id */
	struct ms_seal seal;
};

/**
 * Puts a key that is not in hardware into a token or a TPM, from where it cannot be read any more, and opens
 * it there. Copies that were made of it before stay what they are: a notice says so.
 * MS_ERR_UNSUPPORTED where the one cannot be read or the other takes no keys.
 */
MS_API int ms_key_import(struct ms_context *ctx, const struct ms_key *from,
	const struct ms_import *request, struct ms_key **key, struct ms_error *err);

/** What a certificate is to be good for. */
enum ms_cert_profile {
	MS_CERT_MOK,    /**< module signing: CA:FALSE, digitalSignature, the module-signing EKU
			     1.3.6.1.4.1.2312.16.1.2 and codeSigning; shim then takes the key for
			     modules and not for booting */
	MS_CERT_KERNEL, /**< as the kernel's documentation has it: the same without the EKUs */
	MS_CERT_CA,     /**< CA:TRUE, keyCertSign and cRLSign: for .machine under CA enforcement, and
			     to sign leaves */
};

/** A certificate to be made. Zero-initialise; zero means the default. */
struct ms_cert_request {
	const char *subject;          /**< "CN=...,O=..." or "/CN=.../O=..."; needed without config */
	enum ms_cert_profile profile;
	const char *config;           /**< an openssl req configuration file (x509.genkey): subject,
					   extensions and digest come from there */
	unsigned days;                /**< of validity, from now; default 36500 */
	enum ms_hash hash;            /**< default: as strong as the key */
	struct ms_key *issuer_key;    /**< who signs it; NULL: self-signed */
	const struct ms_cert *issuer; /**< the issuer's certificate, with issuer_key */
};

/** Whether subject and configuration can be used, before there is a key. */
MS_API int ms_cert_request_check(const struct ms_cert_request *request, struct ms_error *err);
/** A certificate of the key's public half. */
MS_API int ms_cert_make(struct ms_key *key, const struct ms_cert_request *request,
	struct ms_cert **cert, struct ms_error *err);
/** A certificate for a certificate signing request (PKCS#10 file, PEM or DER), whose own signature
 *  is checked and whose subject is taken unless the request says another; needs an issuer. */
MS_API int ms_cert_from_csr(const char *csr, const struct ms_cert_request *request,
	struct ms_cert **cert, struct ms_error *err);
/** A certificate signing request, written to a file: PEM if its name ends in .pem, .csr or .req,
 *  else DER. */
MS_API int ms_csr_write(struct ms_key *key, const struct ms_cert_request *request, const char *path,
	struct ms_error *err);
/** Writes it: PEM if the name ends in .pem or .crt, else DER. */
MS_API int ms_cert_write(const struct ms_cert *cert, const char *path, struct ms_error *err);
/** Whether the certificate is of this key; MS_ERR_CERT, naming both, if not. */
MS_API int ms_cert_check_key(const struct ms_cert *cert, const struct ms_key *key,
	struct ms_error *err);
/**
 * Puts the certificate beside the key on its token (same CKA_ID and label), or into a TPM key's file.
 * If there is another one of that key: MS_ERR_CERT; with `replace` the new one takes its place.
 */
MS_API int ms_key_store_cert(struct ms_context *ctx, struct ms_key *key, const struct ms_cert *cert,
	bool replace, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
