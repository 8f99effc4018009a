/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The firmware's own lists of certificates (UEFI PK, KEK, db, dbx): lists to be put there, and signed
 * updates of those variables.
 */
#ifndef MODSEAL_EFI_H
#define MODSEAL_EFI_H

#include <modseal/key.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Signature lists (EFI_SIGNATURE_LIST, UEFI 2.10, 32.4.1), one behind the other: what a .esl file
 *  holds. Zero-initialise it; release it by ms_efi_list_free(). */
struct ms_efi_list {
	unsigned char *data;
	size_t len;
	size_t n_entries; /**< certificates and hashes */
};

/**
 * Adds a certificate, in a list of its own. `owner` is the GUID of who answers for it
 * ("77fa9abd-0359-4d32-bd60-28f4e78f784b"); NULL: all zeros. MS_ERR_USAGE for what is no GUID.
 */
MS_API int ms_efi_list_add(struct ms_efi_list *list, const struct ms_cert *cert, const char *owner,
	struct ms_error *err);
/** Adds what a .esl file holds. MS_ERR_IO when it cannot be read or is no such file. */
MS_API int ms_efi_list_add_file(struct ms_efi_list *list, const char *path, struct ms_error *err);
/** Frees what it holds. */
MS_API void ms_efi_list_free(struct ms_efi_list *list);

enum ms_efi_variable {
	MS_EFI_DB,
	MS_EFI_DBX,
	MS_EFI_KEK,
	MS_EFI_PK,
};

/** An update of a variable. */
struct ms_efi_update {
	enum ms_efi_variable variable;
	bool replace; /**< the list takes the place of all that is there; else it is added */
	int64_t time; /**< seconds since 1970; a firmware takes a replacement only if it is newer than
			   the last one */
};

/**
 * Makes a signed update, what a .auth file holds: EFI_VARIABLE_AUTHENTICATION_2 (UEFI 2.10, 8.2.2) and
 * the list. `key` signs with SHA-256 and is certified by `cert`, which travels along: one of PK for PK
 * and KEK, one of KEK (or PK) for db and dbx. The caller frees *auth by free(). MS_ERR_CERT when the
 * certificate is of another key.
 */
MS_API int ms_efi_update_sign(const struct ms_efi_list *list, const struct ms_efi_update *update,
	struct ms_key *key, const struct ms_cert *cert, unsigned char **auth, size_t *len,
	struct ms_error *err);
/**
 * Hands a signed update to this machine's firmware (update->time does not matter). MS_ERR_IO when the
 * firmware refuses it: the signature is not by a key that it has for that, or a replacement is not
 * newer than the last one.
 */
MS_API int ms_efi_update_apply(const struct ms_efi_update *update, const unsigned char *auth,
	size_t len, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
