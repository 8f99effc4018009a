/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/file/key_file.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/base/secret.h"
#include "src/crypto/cert.h"

#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_MAX (256 * 1024) /* bytes; RSA-16384 and a long chain have 30 KB */

static int read_bytes(struct key_file *f)
{
	int r;

	/* At once, so that no part of the key stays behind in memory that realloc gave up. */
	if (buf_reserve(&f->bytes, 2 * KEY_FILE_MAX) < 0)
		return err_nomem(f->err);
	r = file_read(f->path, KEY_FILE_MAX, &f->bytes, f->err);
	if (r == MS_ERR_IO) {
		err_prefix(f->err, "key file");
		if (f->err)
			f->err->code = MS_ERR_KEY;
		return MS_ERR_KEY;
	}
	if (r == 0 && !f->bytes.len)
		return err_set(f->err, MS_ERR_KEY, "key file %s is empty", f->path);
	return r;
}

/* The certificate beside the key in PEM text; there may be others (a chain) before and behind. */
static X509 *fitting_cert(const struct key_file *f, const EVP_PKEY *pkey)
{
	STACK_OF(X509) *certs = NULL;
	X509 *found = NULL;

	if (cert_read(f->bytes.data, f->bytes.len, f->path, &certs, NULL) < 0)
		return NULL;
	for (int i = 0; !found && i < sk_X509_num(certs); i++)
		if (cert_fits_key(sk_X509_value(certs, i), pkey))
			found = sk_X509_value(certs, i);
	if (found)
		X509_up_ref(found);
	cert_stack_free(certs);
	return found;
}

static int decode(struct key_file *f, EVP_PKEY **pkey, X509 **cert)
{
	int r;

	if (key_file_is_pem(f)) {
		r = key_file_decode_pem(f, pkey);
		if (r == 0)
			*cert = fitting_cert(f, *pkey);
		return r;
	}
	if (key_file_is_pkcs12(f))
		return key_file_decode_pkcs12(f, pkey, cert);
	return key_file_decode_der(f, pkey);
}

/* Such a key is as good as published; that is for the user to judge, so it is only said. */
static void warn_readable(const struct key_file *f)
{
	struct stat st;

	if (stat(f->path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH)))
		context_notice(f->ctx,
			"key file %s can be read by others than its owner (mode %04o): chmod 600 "
			"it",
			f->path, st.st_mode & 07777);
}

int key_file_load(struct ms_context *ctx, const char *path, EVP_PKEY **pkey, X509 **cert,
	struct ms_error *err)
{
	struct key_file f = { .ctx = ctx, .path = path, .asked = 1, .err = err };
	int r = read_bytes(&f);

	*pkey = NULL;
	*cert = NULL;
	if (r == 0) {
		warn_readable(&f);
		r = decode(&f, pkey, cert);
	}
	if (f.bytes.data)
		secret_wipe(f.bytes.data, f.bytes.size);
	buf_free(&f.bytes);
	secret_free(f.passphrase);
	return r;
}
