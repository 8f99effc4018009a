/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a signer, and what the ways to put a signature on a module share. */
#ifndef MODSEAL_SIGN_SIGNER_H
#define MODSEAL_SIGN_SIGNER_H

#include "src/crypto/cms.h"
#include "src/key/key.h"
#include "src/module/module.h"

#include <modseal/sign.h>

struct ms_signer {
	struct ms_key *key; /* borrowed */
	X509 *cert;
	STACK_OF(X509) *chain; /* NULL for none */
	struct ms_sign_options options; /* hash filled in; chain is not to be used */
	enum key_input input;           /* what the key wants to see */
};

/* What stays of the module below a new signature: all of it to stack, else the bare content;
 * what is left of an interrupted signature never stays. */
uint64_t signer_keep_len(const struct module *m, bool stack);
/* Signs the first `len` bytes; appends the CMS to `cms`. */
int signer_make_cms(struct ms_signer *signer, struct module *m, uint64_t len, struct buf *cms,
	struct ms_error *err);
/* Puts a CMS behind the first `keep` bytes and writes the module. *size (may be NULL): its new
 * length, uncompressed. */
int signer_write(struct module *m, uint64_t keep, const struct buf *cms, const char *dest,
	unsigned long long *size, struct ms_error *err);
enum cms_sid signer_sid(enum ms_key_id key_id);

#endif
