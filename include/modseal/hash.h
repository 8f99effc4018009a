/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The digests that module signatures are made with (kernel: kernel/module/Kconfig,
 * crypto/asymmetric_keys/pkcs7_parser.c pkcs7_sig_note_digest_algo).
 */
#ifndef MODSEAL_HASH_H
#define MODSEAL_HASH_H

#include <modseal/error.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ms_hash {
	MS_HASH_NONE = 0,
	MS_HASH_SHA1, /**< read in old signatures only, never made */
	MS_HASH_SHA224, /**< likewise */
	MS_HASH_SHA256,
	MS_HASH_SHA384,
	MS_HASH_SHA512,
	MS_HASH_SHA3_256,
	MS_HASH_SHA3_384,
	MS_HASH_SHA3_512,
};

#define MS_HASH_MAX_SIZE 64 /**< bytes of the longest digest */

/** "sha256", "sha3-512", ...: the kernel's spelling. "none" for MS_HASH_NONE. Static storage. */
MS_API const char *ms_hash_name(enum ms_hash hash);
/** The digest of that name (upper or lower case), MS_HASH_NONE if there is no such. */
MS_API enum ms_hash ms_hash_by_name(const char *name);
/** Its length in bytes, 0 for MS_HASH_NONE. */
MS_API size_t ms_hash_size(enum ms_hash hash);
/** The digest of a file as it is, ms_hash_size() bytes of it (sha256sum(1) tells the same). */
MS_API int ms_hash_file(const char *path, enum ms_hash hash, unsigned char *digest,
	struct ms_error *err);
/** Whether a new signature may be made with it (SHA-1 and SHA-224 are for reading only). */
MS_API int ms_hash_can_sign(enum ms_hash hash);

#ifdef __cplusplus
}
#endif
#endif
