/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CMS SignedData (RFC 5652) of a module signature, built from a certificate and a finished
 * signature, and taken apart again. Built is what the kernel's scripts/sign-file builds: detached,
 * no signed attributes, no certificates unless a chain is asked for. Taken apart is whatever
 * parses; what a kernel makes of it is the business of src/verify.
 */
#ifndef MODSEAL_CRYPTO_CMS_H
#define MODSEAL_CRYPTO_CMS_H

#include "src/base/buf.h"
#include "src/crypto/ossl.h"

#include <modseal/hash.h>
#include <stdbool.h>
#include <stdint.h>

/* How the signature names its signer. */
enum cms_sid { CMS_SID_ISSUER_SERIAL, CMS_SID_KEY_ID };

/* Builds ContentInfo DER. `chain` (NULL for none) travels as the certificates; the signer's own
 * is not added by itself. MS_ERR_CERT when CMS_SID_KEY_ID is asked for and the certificate has
 * no subject key identifier; MS_ERR_UNSUPPORTED for a key type or hash without a CMS name. */
int cms_build(X509 *signer, enum cms_sid sid, enum ms_hash hash, const uint8_t *sig,
	size_t sig_len, const STACK_OF(X509) *chain, struct buf *out, struct ms_error *err);

/* The PKCS#7 (RFC 2315) of a signed UEFI variable (UEFI 2.10, 8.2.2): the SignedData alone, without
 * ContentInfo, with the signer's certificate, and NULL as the digest's parameters. */
int cms_build_pkcs7(X509 *signer, enum ms_hash hash, const uint8_t *sig, size_t sig_len,
	struct buf *out, struct ms_error *err);

struct cms_signer {
	long version;
	const X509_NAME *issuer;      /* NULL when named by key id */
	const ASN1_INTEGER *serial;   /* likewise */
	const uint8_t *key_id;        /* NULL when named by issuer and serial */
	size_t key_id_len;
	enum ms_hash hash;            /* MS_HASH_NONE: none that we know */
	char hash_name[64];           /* OpenSSL's short name or the OID, whatever it is */
	int sig_nid;                  /* of the signature algorithm; NID_undef if unknown */
	char sig_name[64];
	bool has_attributes;          /* signed attributes: the kernel refuses them for RSA/ECDSA */
	bool has_smime_capabilities;  /* among them */
	const uint8_t *sig;
	size_t sig_len;
};

struct cms {
	void *der;                  /* what the pointers above and below point into */
	long version;
	bool content_is_data;       /* the content type is id-data */
	bool detached;              /* no content inside */
	struct cms_signer *signers;
	size_t n_signers;
	STACK_OF(X509) *certs;      /* embedded; in ossl_ctx(); may be empty */
};

/* MS_ERR_SIGNATURE when it is not a SignedData. Trailing bytes are an error too. */
int cms_parse(const uint8_t *der, size_t len, struct cms **cms, struct ms_error *err);
void cms_free(struct cms *cms);

/* Whether the signature algorithm is one for this kind of public key. */
bool cms_sig_fits_key(int sig_nid, const EVP_PKEY *pub);
/* Whether this signer info names this certificate, by issuer and serial or by key id. */
bool cms_names_cert(const struct cms_signer *signer, X509 *cert);

#endif
