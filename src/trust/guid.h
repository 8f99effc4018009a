/* SPDX-License-Identifier: Apache-2.0 */
/* GUIDs as UEFI stores them (UEFI 2.10, appendix A: the first three fields are little endian). */
#ifndef MODSEAL_TRUST_GUID_H
#define MODSEAL_TRUST_GUID_H

#include <modseal/error.h>
#include <stdbool.h>
#include <stdint.h>

struct efi_guid {
	uint8_t bytes[16]; /* as they lie in a variable */
};

#define GUID_TEXT_SIZE 37 /* of "8be4df61-93ca-11d2-aa0d-00e098032b8c" with its NUL */

/* Vendors of variables. */
extern const struct efi_guid guid_global; /* EFI_GLOBAL_VARIABLE: PK, KEK, SecureBoot, SetupMode */
extern const struct efi_guid guid_security; /* EFI_IMAGE_SECURITY_DATABASE: db, dbx, dbt */
extern const struct efi_guid guid_shim;	    /* SHIM_LOCK: MokNew, MokListRT */

/* Types of signatures (UEFI 2.10, 32.4.1). */
extern const struct efi_guid guid_x509;
extern const struct efi_guid guid_sha1, guid_sha224, guid_sha256, guid_sha384, guid_sha512;
extern const struct efi_guid guid_x509_sha256, guid_x509_sha384, guid_x509_sha512;

/* EFI_CERT_TYPE_PKCS7, the certificate type of an authenticated update. */
extern const struct efi_guid guid_pkcs7;

bool guid_is(const struct efi_guid *a, const struct efi_guid *b);
/* Lower case, as efivarfs writes it. */
void guid_text(const struct efi_guid *guid, char text[GUID_TEXT_SIZE]);
/* The reverse; case does not matter. MS_ERR_USAGE. */
int guid_parse(const char *text, struct efi_guid *guid, struct ms_error *err);

#endif
