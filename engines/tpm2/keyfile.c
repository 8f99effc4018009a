/* SPDX-License-Identifier: Apache-2.0 */
/* Key files read. keyfile_write.c writes them, notes.c has the text around. */
#include "engines/tpm2/keyfile.h"

#include "engines/tpm2/asn.h"
#include "engines/tpm2/pubkey.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/crypto/cert.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <tss2/tss2_mu.h>

#define KEY_FILE_MAX (256 * 1024)
#define BEGIN	     "-----BEGIN " TPM_PEM_LABEL "-----"
#define END	     "-----END " TPM_PEM_LABEL "-----"

static bool looks_like_pem(const uint8_t *data, size_t len)
{
	return memmem(data, len, BEGIN, strlen(BEGIN)) != NULL;
}

/* A SEQUENCE that begins with one of the OIDs. */
static bool looks_like_der(const uint8_t *data, size_t len)
{
	static const uint8_t oid[] = { 0x06, 0x06, 0x67, 0x81, 0x05, 0x0a, 0x01 };
	size_t head = len > 1 && data[1] & 0x80 ? 2 + (data[1] & 0x7fU) : 2;

	return len > head + sizeof(oid) && data[0] == 0x30 &&
		!memcmp(data + head, oid, sizeof(oid));
}

/* Kernel modules are asked this, too. */
static bool is_elf(const struct buf *bytes)
{
	return bytes->len > 4 && !memcmp(bytes->data, "\177ELF", 4);
}

/* Only regular files are opened: a pipe can be read once, and a device is nobody's key file. The
 * block may lie behind other text, such as a certificate. */
bool tpm_keyfile_is(const char *path)
{
	AUTO_BUF struct buf bytes = { 0 };
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
		st.st_size <= KEY_FILE_MAX && file_read(path, KEY_FILE_MAX, &bytes, NULL) == 0 &&
		!is_elf(&bytes) &&
		(looks_like_pem(bytes.data, bytes.len) || looks_like_der(bytes.data, bytes.len));
}

/* -- the ASN.1 taken over ------------------------------------------------------------------ */

static int take_steps(
	const STACK_OF(TPM_ASN_STEP) * from, struct tpm_policy *to, struct ms_error *err)
{
	int r = 0;

	for (int i = 0; i < sk_TPM_ASN_STEP_num(from) && r == 0; i++) {
		const TPM_ASN_STEP *step = sk_TPM_ASN_STEP_value(from, i);
		uint64_t cc;

		if (ASN1_INTEGER_get_uint64(&cc, step->command_code) != 1 || cc > UINT32_MAX)
			return err_set(err, MS_ERR_KEY, "a policy command without a number");
		r = tpm_policy_add(to, (TPM2_CC)cc, ASN1_STRING_get0_data(step->command_policy),
			(size_t)ASN1_STRING_length(step->command_policy), err);
	}
	return r;
}

static int take_approvals(
	const STACK_OF(TPM_ASN_APPROVAL) * from, struct tpm_keyfile *to, struct ms_error *err)
{
	int n = sk_TPM_ASN_APPROVAL_num(from), r = 0;

	if (n <= 0)
		return 0;
	to->approvals = calloc((size_t)n, sizeof(*to->approvals));
	if (!to->approvals)
		return err_nomem(err);
	for (int i = 0; i < n && r == 0; i++) {
		const TPM_ASN_APPROVAL *a = sk_TPM_ASN_APPROVAL_value(from, i);
		struct tpm_approval *out = &to->approvals[to->n_approvals++];

		if (a->name) {
			out->name = strndup((const char *)ASN1_STRING_get0_data(a->name),
				(size_t)ASN1_STRING_length(a->name));
			if (!out->name)
				return err_nomem(err);
		}
		r = take_steps(a->policy, &out->policy, err);
	}
	return r;
}

static int take_blobs(const TPM_ASN_KEY *from, struct tpm_keyfile *to, struct ms_error *err)
{
	const uint8_t *pub = ASN1_STRING_get0_data(from->pubkey);
	const uint8_t *priv = ASN1_STRING_get0_data(from->privkey);
	size_t pub_len = (size_t)ASN1_STRING_length(from->pubkey), pub_at = 0;
	size_t priv_len = (size_t)ASN1_STRING_length(from->privkey), priv_at = 0;

	if (!pub_len ||
		Tss2_MU_TPM2B_PUBLIC_Unmarshal(pub, pub_len, &pub_at, &to->pub) !=
			TSS2_RC_SUCCESS ||
		pub_at != pub_len)
		return err_set(err, MS_ERR_KEY, "its public part is malformed");
	if (!priv_len ||
		Tss2_MU_TPM2B_PRIVATE_Unmarshal(priv, priv_len, &priv_at, &to->priv) !=
			TSS2_RC_SUCCESS ||
		priv_at != priv_len)
		return err_set(err, MS_ERR_KEY, "its private part is malformed");
	return 0;
}

static int check_type(const TPM_ASN_KEY *key, struct ms_error *err)
{
	char oid[64] = "";

	OBJ_obj2txt(oid, sizeof(oid), key->type, 1);
	if (!strcmp(oid, TPM_KEY_OID))
		return 0;
	if (!strcmp(oid, TPM_SEALED_OID))
		return err_set(err, MS_ERR_KEY, "it holds sealed data, no key");
	if (strcmp(oid, TPM_IMPORTABLE_OID) != 0)
		return err_set(err, MS_ERR_KEY, "its type %s is not known", oid);
	err_set(err, MS_ERR_KEY, "it has to be imported into the TPM first");
	err_hint(err,
		"Keys that were wrapped for a TPM elsewhere are not read; make one in this TPM by "
		"`modseal keygen`.");
	return MS_ERR_KEY;
}

static int take_key(const TPM_ASN_KEY *from, struct tpm_keyfile *to, struct ms_error *err)
{
	uint64_t parent;
	int r = check_type(from, err);

	if (r < 0)
		return r;
	/* Negative numbers of 4 bytes are written by some for 0x81000001. */
	if (ASN1_INTEGER_get_uint64(&parent, from->parent) != 1) {
		int64_t negative;

		if (ASN1_INTEGER_get_int64(&negative, from->parent) != 1 || negative < INT32_MIN)
			return err_set(err, MS_ERR_KEY, "its parent is no handle");
		parent = (uint32_t)negative;
	}
	if (parent > UINT32_MAX)
		return err_set(err, MS_ERR_KEY, "its parent is no handle");
	to->parent = (TPM2_HANDLE)parent;
	to->empty_auth = from->empty_auth < 0 ? TPM_AUTH_UNSAID
		: from->empty_auth	      ? TPM_AUTH_EMPTY
					      : TPM_AUTH_NEEDED;
	/* TRUE is 01 there, and FALSE is not left out. */
	to->auth_doubtful = from->empty_auth == 1 || from->empty_auth == 0;
	to->rsa_parent = from->rsa_parent > 0;
	if (from->description) {
		to->description = strndup((const char *)ASN1_STRING_get0_data(from->description),
			(size_t)ASN1_STRING_length(from->description));
		if (!to->description)
			return err_nomem(err);
	}
	r = take_blobs(from, to, err);
	if (r == 0)
		r = take_steps(from->policy, &to->policy, err);
	return r == 0 ? take_approvals(from->auth_policy, to, err) : r;
}

static int take_der(const uint8_t *der, size_t len, struct tpm_keyfile *file, struct ms_error *err)
{
	TPM_ASN_KEY *key = tpm_asn_key_decode(der, (long)len);
	int r;

	ERR_clear_error();
	if (!key)
		return err_set(err, MS_ERR_KEY, "its ASN.1 is malformed");
	r = take_key(key, file, err);
	tpm_asn_key_free(key);
	return r;
}

/* -- the text around it -------------------------------------------------------------------- */

static int decode_base64(const uint8_t *text, size_t len, struct buf *der)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	int got = 0, last = 0, r = -1;

	if (ctx && len <= KEY_FILE_MAX && buf_reserve(der, len + 3) == 0) {
		EVP_DecodeInit(ctx);
		if (EVP_DecodeUpdate(ctx, der->data, &got, text, (int)len) >= 0 &&
			EVP_DecodeFinal(ctx, der->data + got, &last) >= 0) {
			der->len = (size_t)got + (size_t)last;
			r = 0;
		}
	}
	EVP_ENCODE_CTX_free(ctx);
	return r;
}

static int take_pem(const uint8_t *data, size_t len, struct tpm_keyfile *file, struct ms_error *err)
{
	const uint8_t *begin = memmem(data, len, BEGIN, strlen(BEGIN)), *body, *end, *rest;
	AUTO_BUF struct buf der = { 0 };

	body = begin + strlen(BEGIN);
	end = memmem(body, (size_t)(data + len - body), END, strlen(END));
	if (!end)
		return err_set(err, MS_ERR_KEY, "its PEM text is cut short");
	rest = end + strlen(END);
	while (rest < data + len && (*rest == '\r' || *rest == '\n'))
		rest++;
	if (looks_like_pem(rest, (size_t)(data + len - rest)))
		return err_set(err, MS_ERR_KEY, "it holds more than one key");
	if (buf_add(&file->before, data, (size_t)(begin - data)) < 0 ||
		buf_add(&file->after, rest, (size_t)(data + len - rest)) < 0)
		return err_nomem(err);
	if (decode_base64(body, (size_t)(end - body), &der) < 0)
		return err_set(err, MS_ERR_KEY, "its PEM text is malformed");
	return take_der(der.data, der.len, file, err);
}

static void take_cert(const uint8_t *data, size_t len, struct tpm_keyfile *file)
{
	AUTO_PKEY EVP_PKEY *pub = NULL;
	STACK_OF(X509) *certs = NULL;

	if (tpm_pubkey(&file->pub.publicArea, &pub, NULL) < 0 ||
		cert_read(data, len, "", &certs, NULL) < 0)
		return;
	for (int i = 0; !file->cert && i < sk_X509_num(certs); i++)
		if (cert_fits_key(sk_X509_value(certs, i), pub)) {
			file->cert = sk_X509_value(certs, i);
			X509_up_ref(file->cert);
		}
	cert_stack_free(certs);
}

int tpm_keyfile_parse(const char *name, const void *data, size_t len, struct tpm_keyfile **out,
	struct ms_error *err)
{
	struct tpm_keyfile *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return err_nomem(err);
	if (looks_like_pem(data, len)) {
		r = take_pem(data, len, file, err);
		if (r == 0) {
			tpm_keyfile_read_notes(file);
			if (file->parent_name.size) /* it is of our own making */
				file->auth_doubtful = false;
			take_cert(data, len, file);
		}
	} else {
		r = take_der(data, len, file, err);
	}
	if (r < 0) {
		err_prefix(err, "TPM key file %s", name);
		tpm_keyfile_free(file);
		return r;
	}
	*out = file;
	return 0;
}

int tpm_keyfile_read(const char *path, struct tpm_keyfile **file, struct ms_error *err)
{
	AUTO_BUF struct buf bytes = { 0 };
	int r = file_read(path, KEY_FILE_MAX, &bytes, err);

	if (r == MS_ERR_IO) {
		err_prefix(err, "TPM key file");
		if (err)
			err->code = MS_ERR_KEY;
		return MS_ERR_KEY;
	}
	return r == 0 ? tpm_keyfile_parse(path, bytes.data, bytes.len, file, err) : r;
}

void tpm_keyfile_free(struct tpm_keyfile *file)
{
	if (!file)
		return;
	tpm_policy_free(&file->policy);
	for (size_t i = 0; i < file->n_approvals; i++)
		tpm_approval_free(&file->approvals[i]);
	free(file->approvals);
	free(file->description);
	buf_free(&file->before);
	buf_free(&file->after);
	X509_free(file->cert);
	free(file);
}
