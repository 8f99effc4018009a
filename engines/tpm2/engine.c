/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in a TPM 2.0. */
#include "engines/engine.h"

#include "engines/tpm2/key.h"
#include "engines/tpm2/keyfile.h"
#include "engines/tpm2/keygen.h"
#include "engines/tpm2/list.h"
#include "engines/tpm2/pubkey.h"
#include "engines/tpm2/record.h"
#include "engines/tpm2/ref.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"

#include <string.h>
#include <unistd.h>

static bool claims(const char *ref)
{
	return tpm_ref_is_handle(ref) || tpm_keyfile_is(ref);
}

/* A key that is put into a file is a TPM's: there is no other kind that is made here. */
static bool claims_new(const char *ref)
{
	return !strchr(ref, ':') || strchr(ref, '/');
}

static int no_cert(const char *ref, struct ms_error *err)
{
	err_set(err, MS_ERR_CERT,
		"%s: a TPM holds no certificates, and none is noted of this key", ref);
	err_hint(err, "Name the certificate's file with -c.");
	return MS_ERR_CERT;
}

/* What was noted of a persistent key; the TPM is not asked whether it is still there. */
static int open_noted_cert(const char *ref, X509 **cert, struct ms_error *err)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = NULL;
	AUTO_FREE char *path = NULL;
	TPM2_HANDLE handle;
	int r = tpm_ref_handle(ref, &handle, err);

	if (r == 0)
		r = tpm_record_path(handle, false, &path, err);
	if (r < 0)
		return r;
	if (access(path, F_OK) < 0)
		return no_cert(ref, err);
	r = tpm_keyfile_read(path, &file, err);
	if (r < 0)
		return r;
	*cert = STEAL(file->cert);
	return *cert ? 0 : no_cert(ref, err);
}

/* The certificate in the key's file; of a persistent key that in its record. */
static int open_cert(struct ms_context *ctx, const char *ref, X509 **cert, struct ms_error *err)
{
	STACK_OF(X509) *certs = NULL;
	int r;

	if (tpm_ref_is_handle(ref))
		return open_noted_cert(ref, cert, err);
	r = cert_read_file(ref, &certs, err);
	if (r < 0)
		return r;
	*cert = sk_X509_shift(certs);
	cert_stack_free(certs);
	return 0;
}

static int peek(const char *path, EVP_PKEY **pub, X509 **cert, struct ms_error *err)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = NULL;
	int r = tpm_keyfile_read(path, &file, err);

	if (r == 0)
		r = tpm_pubkey(&file->pub.publicArea, pub, err);
	if (r == 0)
		*cert = STEAL(file->cert);
	return r;
}

const struct engine engine_tpm2 = {
	.name = "tpm2",
	.claims = claims,
	.open_key = tpm_open_key,
	.open_cert = open_cert,
	.list = tpm_list,
	.peek = peek,
	.claims_new = claims_new,
	.seals = true,
	.keygen = tpm_keygen,
	.import_key = tpm_import_key,
	.store_cert = tpm_store_cert,
};
