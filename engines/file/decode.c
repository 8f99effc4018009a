/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/file/key_file.h"

#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/crypto/ossl.h"

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evperr.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <string.h>

#define BEGIN  "-----BEGIN "
#define DASHES "-----"

/* One block of PEM text, from its BEGIN line to the end of its END line. */
struct pem_block {
	const uint8_t *start;
	size_t len;
	char label[64]; /* "RSA PRIVATE KEY" */
};

bool key_file_is_pem(const struct key_file *f)
{
	return memmem(f->bytes.data, f->bytes.len, BEGIN, strlen(BEGIN)) != NULL;
}

/* Finds the next whole block at or behind *pos and moves *pos behind it. */
static bool next_block(const struct key_file *f, size_t *pos, struct pem_block *block)
{
	const uint8_t *end = f->bytes.data + f->bytes.len;
	const uint8_t *p = f->bytes.data + *pos, *label, *stop;
	char last[sizeof(block->label) + 16];
	size_t len;

	while ((p = memmem(p, (size_t)(end - p), BEGIN, strlen(BEGIN)))) {
		block->start = p;
		p = label = p + strlen(BEGIN);
		stop = memmem(p, (size_t)(end - p), DASHES, strlen(DASHES));
		len = stop ? (size_t)(stop - label) : 0;
		if (!stop || len >= sizeof(block->label))
			continue;
		memcpy(block->label, label, len);
		block->label[len] = '\0';
		snprintf(last, sizeof(last), "-----END %s-----", block->label);
		p = memmem(stop, (size_t)(end - stop), last, strlen(last));
		if (!p)
			return false;
		p += strlen(last);
		while (p < end && (*p == '\r' || *p == '\n'))
			p++;
		block->len = (size_t)(p - block->start);
		*pos = (size_t)(p - f->bytes.data);
		return true;
	}
	return false;
}

bool key_file_unsupported(void)
{
	unsigned long first = ERR_peek_error();

	return ERR_GET_LIB(first) == ERR_LIB_EVP &&
		(ERR_GET_REASON(first) == ERR_R_UNSUPPORTED ||
			ERR_GET_REASON(first) == EVP_R_UNSUPPORTED_ALGORITHM);
}

bool key_file_load_legacy(void)
{
	bool loaded;

	ERR_set_mark(); /* keeps why it was needed */
	loaded = OSSL_PROVIDER_try_load(ossl_ctx(), "legacy", 1) != NULL;
	ERR_pop_to_mark();
	return loaded;
}

int key_file_lacking(struct key_file *f)
{
	ossl_err(f->err, MS_ERR_KEY,
		"key file %s is encrypted with an algorithm that this OpenSSL lacks", f->path);
	err_hint(f->err,
		"Old files have RC2 or single DES. Install OpenSSL's legacy provider, or encrypt "
		"the key anew, for PKCS#12 by `openssl pkcs12 -legacy -in OLD -nodes | openssl "
		"pkcs12 -export -out NEW`.");
	return MS_ERR_KEY;
}

static EVP_PKEY *decode_once(struct key_file *f, const char *format, const void *data, size_t len)
{
	const unsigned char *p = data;
	EVP_PKEY *pkey = NULL;
	OSSL_DECODER_CTX *d = OSSL_DECODER_CTX_new_for_pkey(
		&pkey, format, NULL, NULL, OSSL_KEYMGMT_SELECT_PRIVATE_KEY, ossl_ctx(), NULL);

	ERR_clear_error();
	if (d && OSSL_DECODER_CTX_set_passphrase_cb(d, passphrase_callback, f) &&
		OSSL_DECODER_from_data(d, &p, &len) <= 0) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	OSSL_DECODER_CTX_free(d);
	return pkey;
}

/* NULL when the bytes hold no private key, or one that needs another passphrase or algorithm; the
 * reason is in OpenSSL's error queue. */
static EVP_PKEY *run_decoder(struct key_file *f, const char *format, const void *data, size_t len)
{
	EVP_PKEY *pkey = decode_once(f, format, data, len);

	if (!pkey && key_file_unsupported() && key_file_load_legacy())
		pkey = decode_once(f, format, data, len);
	return pkey;
}

/* A label that ends so, though none of those that OpenSSL reads. */
static int foreign_key(const struct key_file *f, const char *label)
{
	err_set(f->err, MS_ERR_KEY, "key file %s holds a key in a form that is not read here (%s)",
		f->path, label);
	if (!strcmp(label, "OPENSSH PRIVATE KEY"))
		err_hint(f->err, "A copy that `ssh-keygen -p -m PKCS8 -f COPY` has rewritten is.");
	return MS_ERR_KEY;
}

static int decode_failed(struct key_file *f)
{
	if (f->asked < 0)
		return f->asked;
	if (f->asked == 0 && key_file_unsupported())
		return key_file_lacking(f);
	if (f->asked == 0)
		return passphrase_wrong(f);
	return ossl_err(f->err, MS_ERR_KEY, "key file %s: its private key cannot be read", f->path);
}

static bool is_private(const char *label)
{
	size_t len = strlen(label), tail = strlen("PRIVATE KEY");

	return len >= tail && !strcmp(label + len - tail, "PRIVATE KEY");
}

static bool is_known(const char *label)
{
	return !strcmp(label, "PRIVATE KEY") || !strcmp(label, "ENCRYPTED PRIVATE KEY") ||
		!strcmp(label, "RSA PRIVATE KEY") || !strcmp(label, "EC PRIVATE KEY") ||
		!strcmp(label, "DSA PRIVATE KEY");
}

int key_file_decode_pem(struct key_file *f, EVP_PKEY **pkey)
{
	struct pem_block block, key = { 0 };
	char other[sizeof(block.label)] = "";
	size_t pos = 0;
	int r;

	while (next_block(f, &pos, &block)) {
		if (!is_private(block.label)) {
			memcpy(other, block.label, sizeof(other));
			continue;
		}
		if (key.start)
			return err_set(f->err, MS_ERR_KEY,
				"key file %s holds more than one private key", f->path);
		key = block;
	}
	if (!key.start && other[0])
		return err_set(f->err, MS_ERR_KEY, "key file %s holds no private key, only a %s",
			f->path, other);
	if (!key.start)
		return err_set(
			f->err, MS_ERR_KEY, "key file %s: its PEM text is cut short", f->path);
	if (!is_known(key.label))
		return foreign_key(f, key.label);
	*pkey = run_decoder(f, "PEM", key.start, key.len);
	r = *pkey ? 0 : decode_failed(f);
	ERR_clear_error();
	return r;
}

/* What DER without a private key is, for the message. */
static const char *der_kind(const struct key_file *f)
{
	const unsigned char *p = f->bytes.data;
	STACK_OF(X509) * certs;
	EVP_PKEY *pub;

	if (cert_read(p, f->bytes.len, f->path, &certs, NULL) == 0) {
		cert_stack_free(certs);
		return "certificate";
	}
	pub = d2i_PUBKEY_ex(NULL, &p, (long)f->bytes.len, ossl_ctx(), NULL);
	EVP_PKEY_free(pub);
	return pub ? "public key" : NULL;
}

int key_file_decode_der(struct key_file *f, EVP_PKEY **pkey)
{
	const char *kind;

	*pkey = run_decoder(f, "DER", f->bytes.data, f->bytes.len);
	if (!*pkey && f->asked <= 0)
		return decode_failed(f);
	ERR_clear_error();
	if (*pkey)
		return 0;
	kind = der_kind(f);
	ERR_clear_error();
	if (kind)
		return err_set(f->err, MS_ERR_KEY, "key file %s holds no private key, only a %s",
			f->path, kind);
	err_set(f->err, MS_ERR_KEY,
		"key file %s is no private key: neither PEM nor PKCS#12, PKCS#8, PKCS#1 or SEC 1",
		f->path);
	err_hint(f->err,
		"A key in a token is named by its URI, pkcs11:...; `modseal keys` lists "
		"them.");
	return MS_ERR_KEY;
}
