/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying a module that is open already. */
#ifndef MODSEAL_VERIFY_VERIFY_H
#define MODSEAL_VERIFY_VERIFY_H

#include "src/crypto/cms.h"
#include "src/module/module.h"

#include <modseal/verify.h>

/* Like ms_verify(); `trusted` is borrowed. */
int verify_module(struct module *m, const STACK_OF(X509) *trusted,
	struct ms_verification *result, struct ms_error *err);

/* A CMS (not yet appended, say) over the first content_len bytes of the module. */
int verify_cms(struct module *m, uint64_t content_len, const uint8_t *cms, size_t cms_len,
	const STACK_OF(X509) *trusted, struct ms_verification *result, struct ms_error *err);

/* Reads the CMS of an appended signature. MS_ERR_SIGNATURE if it cannot be parsed. */
int verify_read_cms(struct module *m, const struct module_sig *sig, struct cms **cms,
	struct ms_error *err);

/* A module's content, whose digest is made once however many signers share a hash. */
struct verify_content {
	struct module *m;
	uint64_t len;      /* bytes that are signed */
	enum ms_hash hash; /* of the digest below, MS_HASH_NONE while there is none */
	uint8_t digest[MS_HASH_MAX_SIZE];
};
/* 0: the signature fits; 1: it does not, or is of another kind of key; negative: neither can be
 * told. */
int verify_signature(struct verify_content *content, const struct cms_signer *signer, X509 *cert,
	struct ms_error *err);

/* What a signature itself says of who made it, into buffers of ms_verification's sizes. */
void verify_note_signer(const struct cms_signer *signer, char *text, size_t size);
/* The subject of a certificate, and what its dates are worth a note for. */
void verify_note_cert(X509 *cert, char *signer, size_t signer_size, char *note, size_t note_size);

#endif
