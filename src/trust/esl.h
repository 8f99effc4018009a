/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EFI_SIGNATURE_LIST (UEFI 2.10, 32.4.1): what PK, KEK, db, dbx, MokListRT, MokListXRT and MokNew
 * hold. A variable is any number of lists, one behind the other; a list has signatures of one type
 * and one size:
 *
 *   list:  type GUID | list size, header size, signature size (32 bits each, little endian)
 *          | header | signatures
 *   signature: owner GUID | data (certificate, or hash, or hash and time)
 */
#ifndef MODSEAL_TRUST_ESL_H
#define MODSEAL_TRUST_ESL_H

#include "src/base/buf.h"
#include "src/trust/guid.h"

#include <stddef.h>
#include <time.h>

#define ESL_MAX                                                                                    \
	(16u << 20) /* bytes of a variable that are read at most; real ones stay below 1 MiB */

enum esl_kind {
	ESL_X509, /* data: a certificate, DER */
	ESL_HASH, /* data: the hash of an EFI image (or, in MokListX, what mokutil was given) */
	ESL_X509_HASH, /* data: the hash of a certificate's TBSCertificate */
	ESL_OTHER,     /* a type that is not known: data is what stands behind the owner */
};

struct esl_entry {
	enum esl_kind kind;
	const char *hash; /* "sha256": of ESL_HASH and ESL_X509_HASH; else NULL */
	struct efi_guid type;
	struct efi_guid owner;
	const uint8_t *data; /* inside the bytes that esl_read() was given */
	size_t len;
	/* ESL_X509_HASH: from when on the certificate is revoked; `always` when no time is given.
	 */
	struct tm revoked; /* UTC */
	bool always;
	size_t list; /* where its list begins */
};

/* Zero-initialise it; release it with esl_free(). */
struct esl {
	struct esl_entry *entries;
	size_t n;
};

/* All signatures of a variable, in order. `name` is for messages. MS_ERR_IO for what is no list:
 * the kernel (parse_efi_signature_list()) and shim would not read it to its end, either. The bytes
 * must outlive *out. */
int esl_read(const void *data, size_t len, const char *name, struct esl *out, struct ms_error *err);
void esl_free(struct esl *esl);
#define AUTO_ESL __attribute__((cleanup(esl_free)))

/* The first entry of this type with this data; NULL: none. */
const struct esl_entry *esl_find(
	const struct esl *esl, const struct efi_guid *type, const void *data, size_t len);

/* Appends a list of its own with one signature; -1 when memory is out. */
int esl_add(struct buf *out, const struct efi_guid *type, const struct efi_guid *owner,
	const void *data, size_t len);
/* The variable without one entry of it: its list goes when it was alone there, else shrinks.
 * `data` is what esl_read() was given. -1 when memory is out. */
int esl_without(const void *data, size_t len, const struct esl_entry *entry, struct buf *out);

#endif
