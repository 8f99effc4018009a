/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key file while it is read: key_file.c gets the bytes and tells what they are, decode.c and
 * pkcs12.c take them apart, passphrase.c asks for the passphrase when one of these needs it.
 */
#ifndef MODSEAL_ENGINES_FILE_KEY_FILE_H
#define MODSEAL_ENGINES_FILE_KEY_FILE_H

#include "src/base/buf.h"
#include "src/key/context.h"

#include <openssl/core.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

struct key_file {
	struct ms_context *ctx;
	const char *path;
	struct buf bytes;
	struct secret *passphrase; /* NULL until it was asked for, or if there is none */
	const char *origin;	   /* where the passphrase came from, for messages */
	int asked;		   /* 1 = not yet; then what pin_get() answered */
	struct ms_error *err;	   /* all functions here fill it when they fail */
};

/* Reads the file's private key (in ossl_ctx()) and, if it lies in the same file and fits, its
 * certificate (else NULL). The caller frees both. MS_ERR_KEY: no such file, none or several keys
 * in it, or one that cannot be read here; MS_ERR_PIN: passphrase missing or wrong. */
int key_file_load(struct ms_context *ctx, const char *path, EVP_PKEY **pkey, X509 **cert,
	struct ms_error *err);

bool key_file_is_pem(const struct key_file *f);
bool key_file_is_pkcs12(const struct key_file *f);

/* The one private key among the blocks of PEM text. */
int key_file_decode_pem(struct key_file *f, EVP_PKEY **pkey);
/* DER: PKCS#8, encrypted PKCS#8, PKCS#1, SEC 1. */
int key_file_decode_der(struct key_file *f, EVP_PKEY **pkey);
/* PKCS#12; an empty passphrase is tried before one is asked for. */
int key_file_decode_pkcs12(struct key_file *f, EVP_PKEY **pkey, X509 **cert);

/* Asks for the passphrase unless that was done; pin_get()'s answer. */
int passphrase_get(struct key_file *f);
/* For OSSL_DECODER_CTX_set_passphrase_cb(); arg is the struct key_file. */
int passphrase_callback(char *pass, size_t size, size_t *len, const OSSL_PARAM params[], void *arg);
/* The passphrase that was given does not open the file: MS_ERR_PIN. */
int passphrase_wrong(struct key_file *f);

/* Whether OpenSSL's error queue begins with an algorithm that is missing. */
bool key_file_unsupported(void);
/* The file needs an algorithm that is not to be had: MS_ERR_KEY. */
int key_file_lacking(struct key_file *f);
/* Makes the algorithms of old files (RC2, single DES), which OpenSSL keeps in a provider of their
 * own, available in ossl_ctx(); false when it is not installed. */
bool key_file_load_legacy(void);

#endif
