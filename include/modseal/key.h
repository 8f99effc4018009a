/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Keys and certificates.
 */
#ifndef MODSEAL_KEY_H
#define MODSEAL_KEY_H

#include <modseal/context.h>
#include <modseal/hash.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A private key that can sign, wherever it lives. */
struct ms_key;
/** An X.509 certificate. */
struct ms_cert;

/**
 * Opens the private key that `ref` names: a PKCS#11 URI (RFC 7512) or the path of a key file
 * (PEM, DER, PKCS#12). A token is logged into when the key needs it. A reference that fits no
 * key, or several, is MS_ERR_KEY and lists what was found as full URIs.
 */
MS_API int ms_key_open(struct ms_context *ctx, const char *ref, struct ms_key **key,
	struct ms_error *err);
/** Before its context; NULL is fine. */
MS_API void ms_key_free(struct ms_key *key);
/** The URI or path that names exactly this key; holds no PIN. Belongs to the key. */
MS_API const char *ms_key_uri(const struct ms_key *key);
/** "RSA-4096", "P-384", ...; belongs to the key. */
MS_API const char *ms_key_type(const struct ms_key *key);
/** False for a key in a file. */
MS_API bool ms_key_in_hardware(const struct ms_key *key);
/**
 * The certificate that lies beside the key (same CKA_ID on the token, or in the same file):
 * MS_ERR_CERT if there is none. The caller frees *cert.
 */
MS_API int ms_key_cert(const struct ms_key *key, struct ms_cert **cert, struct ms_error *err);

/** Reads a certificate from a file (PEM or DER, told by content) or a PKCS#11 URI. */
MS_API int ms_cert_open(struct ms_context *ctx, const char *ref, struct ms_cert **cert,
	struct ms_error *err);
/** All certificates of a PEM file, in its order (a DER file has one); the caller frees each and
 *  the array with ms_cert_list_free(). */
MS_API int ms_cert_open_all(const char *path, struct ms_cert ***certs, size_t *count,
	struct ms_error *err);
/** The certificates and the array; NULL is fine. */
MS_API void ms_cert_list_free(struct ms_cert **certs, size_t count);
/** NULL is fine. */
MS_API void ms_cert_free(struct ms_cert *cert);
/** Subject as one line ("CN=...,O=..."); belongs to the certificate. */
MS_API const char *ms_cert_subject(const struct ms_cert *cert);
/** The digest of its DER form, ms_hash_size() bytes: what is called its fingerprint. */
MS_API int ms_cert_fingerprint(const struct ms_cert *cert, enum ms_hash hash,
	unsigned char *digest, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
