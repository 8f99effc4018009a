/* SPDX-License-Identifier: Apache-2.0 */
/* What is put into a key's file after it was made: a certificate, approvals. */
#include "engines/tpm2/key.h"
#include "engines/tpm2/keygen.h"
#include "engines/tpm2/pcr_read.h"
#include "engines/tpm2/record.h"
#include "engines/tpm2/ref.h"
#include "engines/tpm2/seal.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"

#include <modseal/tpm.h>
#include <openssl/pem.h>
#include <string.h>

/* The file that a reference stands for: itself, or the record of a persistent key. */
static int path_of(const char *ref, char **path, struct ms_error *err)
{
	TPM2_HANDLE handle;
	int r;

	if (tpm_ref_is_handle(ref)) {
		r = tpm_ref_handle_of_key(ref, &handle, err);
		return r == 0 ? tpm_record_path(handle, false, path, err) : r;
	}
	*path = strdup(ref);
	return *path ? 0 : err_nomem(err);
}

static int add_cert(struct tpm_keyfile *file, X509 *cert, struct ms_error *err)
{
	AUTO_BIO BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (!bio || PEM_write_bio_X509(bio, cert) <= 0)
		return ossl_err(err, MS_ERR_INTERNAL, "the certificate cannot be encoded");
	len = BIO_get_mem_data(bio, &text);
	return buf_add(&file->after, text, (size_t)len) < 0 ? err_nomem(err) : 0;
}

static bool is_of_key(const uint8_t *pem, size_t len, const EVP_PKEY *pub)
{
	STACK_OF(X509) *certs = NULL;
	bool fits;

	if (cert_read(pem, len, "", &certs, NULL) < 0)
		return false;
	fits = cert_fits_key(sk_X509_value(certs, 0), pub);
	cert_stack_free(certs);
	return fits;
}

/* Cuts the PEM blocks of this key's certificates out of a text. */
static void cut_certs(struct buf *text, const EVP_PKEY *pub)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
	uint8_t *at = text->data;

	while (at) {
		size_t left = text->len - (size_t)(at - text->data);
		uint8_t *block = left ? memmem(at, left, begin, strlen(begin)) : NULL, *rest = NULL;

		if (block)
			rest = memmem(block, left - (size_t)(block - at), end, strlen(end));
		if (!rest)
			return;
		rest += strlen(end);
		while (rest < text->data + text->len && (*rest == '\r' || *rest == '\n'))
			rest++;
		at = rest;
		if (is_of_key(block, (size_t)(rest - block), pub)) {
			memmove(block, rest, (size_t)(text->data + text->len - rest));
			text->len -= (size_t)(rest - block);
			at = block;
		}
	}
}

int tpm_store_cert(
	struct ms_context *ctx, struct ms_key *key, X509 *cert, bool replace, struct ms_error *err)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = NULL;
	AUTO_FREE char *path = NULL;
	int r = path_of(key->uri, &path, err);

	if (r == 0)
		r = tpm_keyfile_read(path, &file, err);
	if (r < 0)
		return r;
	if (file->cert && X509_cmp(file->cert, cert) == 0)
		return 0;
	if (file->cert && !replace) {
		err_set(err, MS_ERR_CERT, "%s has a certificate of this key already", path);
		err_hint(err, "--replace puts the new one in its place.");
		return MS_ERR_CERT;
	}
	if (file->cert) {
		cut_certs(&file->before, key->pub);
		cut_certs(&file->after, key->pub);
	}
	r = add_cert(file, cert, err);
	return r == 0 ? tpm_keyfile_write(path, file, err) : r;
}

struct reading {
	struct tpm *tpm;
	struct tpm_pcrs *pcrs;
	struct ms_error *err;
};

static int read_fn(void *arg)
{
	struct reading *r = arg;

	return tpm_pcrs_read(r->tpm, r->pcrs, r->err);
}

/* The TPM is needed only for values that are not given. */
static int find_values(struct ms_context *ctx, struct tpm_pcrs *pcrs, struct ms_error *err)
{
	struct reading reading = { .pcrs = pcrs, .err = err };
	int r;

	if (tpm_pcrs_known(pcrs))
		return 0;
	r = tpm_get(ctx, &reading.tpm, err);
	return r == 0 ? tpm_run(reading.tpm, read_fn, &reading, err) : r;
}

MS_API int ms_tpm_approve(struct ms_context *ctx, const char *ref, const char *pcrs,
	struct ms_key *policy_key, bool *added, struct ms_error *err)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = NULL;
	AUTO_FREE char *path = NULL;
	struct tpm_pcrs values;
	int r = path_of(ref, &path, err);

	if (r == 0)
		r = tpm_keyfile_read(path, &file, err);
	if (r == 0)
		r = tpm_pcrs_parse(pcrs, &values, err);
	if (r == 0)
		r = find_values(ctx, &values, err);
	if (r < 0)
		return r;
	r = tpm_seal_approve(file, &values, policy_key, err);
	if (r < 0 && err && err->code == MS_ERR_KEY)
		err_prefix(err, "TPM key %s", ref);
	*added = r > 0;
	return r > 0 ? tpm_keyfile_write(path, file, err) : r;
}
