/* SPDX-License-Identifier: Apache-2.0 */
/* Key files written. */
#include "engines/tpm2/asn.h"
#include "engines/tpm2/keyfile.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/crypto/ossl.h"

#include <openssl/pem.h>
#include <string.h>
#include <tss2/tss2_mu.h>

static int put_steps(const struct tpm_policy *from, STACK_OF(TPM_ASN_STEP) * *to)
{
	if (!*to)
		*to = sk_TPM_ASN_STEP_new_null();
	for (size_t i = 0; *to && i < from->n; i++) {
		TPM_ASN_STEP *step = tpm_asn_step_new();

		if (!step || !sk_TPM_ASN_STEP_push(*to, step)) {
			tpm_asn_step_free(step);
			return -1;
		}
		if (!ASN1_INTEGER_set_uint64(step->command_code, from->steps[i].cc) ||
			!ASN1_OCTET_STRING_set(step->command_policy, from->steps[i].body.data,
				(int)from->steps[i].body.len))
			return -1;
	}
	return *to ? 0 : -1;
}

static int put_text(const char *text, ASN1_UTF8STRING **to)
{
	if (!text)
		return 0;
	if (!*to)
		*to = ASN1_UTF8STRING_new();
	return *to && ASN1_STRING_set(*to, text, (int)strlen(text)) ? 0 : -1;
}

static int put_approvals(const struct tpm_keyfile *from, STACK_OF(TPM_ASN_APPROVAL) * *to)
{
	*to = sk_TPM_ASN_APPROVAL_new_null();
	for (size_t i = 0; *to && i < from->n_approvals; i++) {
		TPM_ASN_APPROVAL *a = tpm_asn_approval_new();

		if (!a || !sk_TPM_ASN_APPROVAL_push(*to, a)) {
			tpm_asn_approval_free(a);
			return -1;
		}
		if (put_text(from->approvals[i].name, &a->name) < 0 ||
			put_steps(&from->approvals[i].policy, &a->policy) < 0)
			return -1;
	}
	return *to ? 0 : -1;
}

static int put_blobs(const struct tpm_keyfile *from, TPM_ASN_KEY *to)
{
	uint8_t pub[sizeof(from->pub)], priv[sizeof(from->priv)];
	size_t pub_len = 0, priv_len = 0;

	if (Tss2_MU_TPM2B_PUBLIC_Marshal(&from->pub, pub, sizeof(pub), &pub_len) !=
			TSS2_RC_SUCCESS ||
		Tss2_MU_TPM2B_PRIVATE_Marshal(&from->priv, priv, sizeof(priv), &priv_len) !=
			TSS2_RC_SUCCESS)
		return -1;
	return ASN1_OCTET_STRING_set(to->pubkey, pub, (int)pub_len) &&
			ASN1_OCTET_STRING_set(to->privkey, priv, (int)priv_len)
		? 0
		: -1;
}

/* Whether there is an auth value is always said: older readers take silence for "no". A doubtful
 * "yes" keeps its form, so that it stays doubtful. */
static int put_key(const struct tpm_keyfile *from, TPM_ASN_KEY *to)
{
	to->type = OBJ_txt2obj(TPM_KEY_OID, 1);
	to->empty_auth = from->empty_auth != TPM_AUTH_EMPTY ? 0 : from->auth_doubtful ? 1 : 0xff;
	to->rsa_parent = from->rsa_parent ? 0xff : -1;
	if (!to->type || !ASN1_INTEGER_set_uint64(to->parent, from->parent) ||
		put_text(from->description, &to->description) < 0)
		return -1;
	if (from->policy.n && put_steps(&from->policy, &to->policy) < 0)
		return -1;
	if (from->n_approvals && put_approvals(from, &to->auth_policy) < 0)
		return -1;
	return put_blobs(from, to);
}

static int put_pem(const uint8_t *der, int len, struct buf *out)
{
	AUTO_BIO BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	if (!bio || PEM_write_bio(bio, TPM_PEM_LABEL, "", der, len) <= 0)
		return -1;
	n = BIO_get_mem_data(bio, &text);
	return buf_add(out, text, (size_t)n);
}

int tpm_keyfile_format(const struct tpm_keyfile *file, struct buf *out, struct ms_error *err)
{
	TPM_ASN_KEY *key = tpm_asn_key_new();
	unsigned char *der = NULL;
	int len = key && put_key(file, key) == 0 ? tpm_asn_key_encode(key, &der) : -1, r = 0;

	tpm_asn_key_free(key);
	if (len <= 0)
		return ossl_err(err, MS_ERR_INTERNAL, "the TPM key cannot be encoded");
	if (buf_add(out, file->before.data, file->before.len) < 0 || put_pem(der, len, out) < 0 ||
		buf_add(out, file->after.data, file->after.len) < 0)
		r = err_nomem(err);
	OPENSSL_free(der);
	return r;
}

int tpm_keyfile_write(const char *path, const struct tpm_keyfile *file, struct ms_error *err)
{
	AUTO_BUF struct buf text = { 0 };
	int r = tpm_keyfile_format(file, &text, err);

	return r == 0 ? file_replace(path, text.data, text.len, 0600, err) : r;
}

int tpm_keyfile_is_there(const char *path, struct ms_error *err)
{
	err_set(err, MS_ERR_KEY, "%s exists already", path);
	err_hint(err, "Take another name, or move it away.");
	return MS_ERR_KEY;
}

int tpm_keyfile_write_new(const char *path, const struct tpm_keyfile *file, struct ms_error *err)
{
	AUTO_BUF struct buf text = { 0 };
	int r = tpm_keyfile_format(file, &text, err);

	if (r == 0)
		r = file_create(path, text.data, text.len, 0600, err);
	return r > 0 ? tpm_keyfile_is_there(path, err) : r;
}

int tpm_keyfile_approve(
	struct tpm_keyfile *file, struct tpm_approval *approval, struct ms_error *err)
{
	struct tpm_approval *list =
		reallocarray(file->approvals, file->n_approvals + 1, sizeof(*list));

	if (!list)
		return err_nomem(err);
	memmove(list + 1, list, file->n_approvals * sizeof(*list));
	list[0] = *approval;
	file->approvals = list;
	file->n_approvals++;
	*approval = (struct tpm_approval){ 0 };
	return 0;
}
