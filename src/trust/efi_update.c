/* SPDX-License-Identifier: Apache-2.0 */
/* Signed updates of the firmware's lists. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/crypto/cert.h"
#include "src/crypto/cms.h"
#include "src/crypto/digest.h"
#include "src/crypto/sign_digest.h"
#include "src/trust/efivar.h"
#include "src/trust/esl.h"

#include <endian.h>
#include <modseal/efi.h>
#include <string.h>

#define TIME_SIZE	 16 /* EFI_TIME */
#define CERT_HEADER_SIZE 24 /* WIN_CERTIFICATE_UEFI_GUID without its data */

static const struct {
	const char *name;
	const struct efi_guid *vendor;
} variables[] = {
	[MS_EFI_DB] = { "db", &guid_security },
	[MS_EFI_DBX] = { "dbx", &guid_security },
	[MS_EFI_KEK] = { "KEK", &guid_global },
	[MS_EFI_PK] = { "PK", &guid_global },
};

/* -- lists ----------------------------------------------------------------------------------- */

static int append(
	struct ms_efi_list *list, const struct buf *more, size_t entries, struct ms_error *err)
{
	unsigned char *data = realloc(list->data, list->len + more->len + 1);

	if (!data)
		return err_nomem(err);
	if (more->len)
		memcpy(data + list->len, more->data, more->len);
	list->data = data;
	list->len += more->len;
	list->n_entries += entries;
	return 0;
}

MS_API int ms_efi_list_add(struct ms_efi_list *list, const struct ms_cert *cert, const char *owner,
	struct ms_error *err)
{
	AUTO_BUF struct buf one = { 0 };
	struct efi_guid guid = { 0 };
	uint8_t *der = NULL;
	int len, r = owner ? guid_parse(owner, &guid, err) : 0;

	if (r < 0)
		return r;
	len = i2d_X509(cert->x509, &der);
	if (len <= 0 || esl_add(&one, &guid_x509, &guid, der, (size_t)len) < 0)
		r = err_nomem(err);
	OPENSSL_free(der);
	return r < 0 ? r : append(list, &one, 1, err);
}

MS_API int ms_efi_list_add_file(struct ms_efi_list *list, const char *path, struct ms_error *err)
{
	AUTO_BUF struct buf file = { 0 };
	AUTO_ESL struct esl esl = { 0 };
	int r = file_read(path, ESL_MAX, &file, err);

	if (r == 0)
		r = esl_read(file.data, file.len, path, &esl, err);
	return r < 0 ? r : append(list, &file, esl.n, err);
}

MS_API void ms_efi_list_free(struct ms_efi_list *list)
{
	free(list->data);
	*list = (struct ms_efi_list){ 0 };
}

/* -- updates --------------------------------------------------------------------------------- */

/* What has to be zero in the time of an update stays so: all behind the seconds. */
static int set_time(int64_t seconds, uint8_t out[TIME_SIZE], struct ms_error *err)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	memset(out, 0, TIME_SIZE);
	/* The years that EFI_TIME has. */
	if (!gmtime_r(&time, &tm) || tm.tm_year < 0 || tm.tm_year > 9999 - 1900)
		return err_set(
			err, MS_ERR_USAGE, "UEFI has no such time: %lld", (long long)seconds);
	out[0] = (uint8_t)(tm.tm_year + 1900);
	out[1] = (uint8_t)((tm.tm_year + 1900) >> 8);
	out[2] = (uint8_t)(tm.tm_mon + 1);
	out[3] = (uint8_t)tm.tm_mday;
	out[4] = (uint8_t)tm.tm_hour;
	out[5] = (uint8_t)tm.tm_min;
	out[6] = (uint8_t)tm.tm_sec;
	return 0;
}

static uint32_t attributes_of(const struct ms_efi_update *update)
{
	return EFIVAR_NON_VOLATILE | EFIVAR_BOOTSERVICE_ACCESS | EFIVAR_RUNTIME_ACCESS |
		EFIVAR_TIME_BASED_AUTH_WRITE | (update->replace ? 0 : EFIVAR_APPEND_WRITE);
}

/* What is signed: name (UTF-16 without its end), vendor, attributes, time, data. */
static int signed_bytes(const struct ms_efi_list *list, const struct ms_efi_update *update,
	const uint8_t time[TIME_SIZE], struct buf *out)
{
	const uint32_t attributes = htole32(attributes_of(update));

	for (const char *c = variables[update->variable].name; *c; c++)
		if (buf_add(out, (const char[]){ *c, 0 }, 2) < 0)
			return -1;
	return buf_add(out, variables[update->variable].vendor, sizeof(struct efi_guid)) < 0 ||
			buf_add(out, &attributes, sizeof(attributes)) < 0 ||
			buf_add(out, time, TIME_SIZE) < 0 || buf_add(out, list->data, list->len) < 0
		? -1
		: 0;
}

static int sign(struct ms_key *key, X509 *cert, const struct buf *message, struct buf *pkcs7,
	struct ms_error *err)
{
	uint8_t digest[MS_HASH_MAX_SIZE], sig[KEY_SIG_MAX];
	enum key_input input = key->ops->can(key, MS_HASH_SHA256, err);
	const uint8_t *data = message->data;
	size_t len = message->len, sig_len;
	int r;

	if (input == KEY_INPUT_NONE)
		return err ? err->code : MS_ERR_KEY;
	if (input == KEY_INPUT_DIGEST) {
		r = digest_of(MS_HASH_SHA256, message->data, message->len, digest, err);
		if (r < 0)
			return r;
		data = digest;
		len = ms_hash_size(MS_HASH_SHA256);
	}
	r = crypto_key_sign(key, input, MS_HASH_SHA256, data, len, sig, &sig_len, err);
	return r < 0 ? r : cms_build_pkcs7(cert, MS_HASH_SHA256, sig, sig_len, pkcs7, err);
}

/* EFI_VARIABLE_AUTHENTICATION_2, and behind it the list. */
static int put_together(const uint8_t time[TIME_SIZE], const struct buf *pkcs7,
	const struct ms_efi_list *list, struct buf *out)
{
	const uint32_t length = htole32((uint32_t)(CERT_HEADER_SIZE + pkcs7->len));
	/* wRevision 2.0, wCertificateType WIN_CERT_TYPE_EFI_GUID */
	static const uint8_t kind[] = { 0x00, 0x02, 0xf1, 0x0e };

	return buf_add(out, time, TIME_SIZE) < 0 || buf_add(out, &length, sizeof(length)) < 0 ||
			buf_add(out, kind, sizeof(kind)) < 0 ||
			buf_add(out, &guid_pkcs7, sizeof(guid_pkcs7)) < 0 ||
			buf_add(out, pkcs7->data, pkcs7->len) < 0 ||
			buf_add(out, list->data, list->len) < 0
		? -1
		: 0;
}

MS_API int ms_efi_update_sign(const struct ms_efi_list *list, const struct ms_efi_update *update,
	struct ms_key *key, const struct ms_cert *cert, unsigned char **auth, size_t *len,
	struct ms_error *err)
{
	AUTO_BUF struct buf message = { 0 }, pkcs7 = { 0 }, out = { 0 };
	uint8_t time[TIME_SIZE];
	int r = set_time(update->time, time, err);

	if (r < 0)
		return r;
	if (!cert_fits_key(cert->x509, key->pub))
		return err_set(err, MS_ERR_CERT, "certificate \"%s\" does not belong to the key %s",
			cert->subject, key->uri);
	if (signed_bytes(list, update, time, &message) < 0)
		return err_nomem(err);
	r = sign(key, cert->x509, &message, &pkcs7, err);
	if (r < 0)
		return r;
	if (put_together(time, &pkcs7, list, &out) < 0)
		return err_nomem(err);
	*auth = STEAL(out.data);
	*len = out.len;
	return 0;
}

MS_API int ms_efi_update_apply(const struct ms_efi_update *update, const unsigned char *auth,
	size_t len, struct ms_error *err)
{
	return efivar_write(NULL, variables[update->variable].name,
		variables[update->variable].vendor, attributes_of(update), auth, len, err);
}
