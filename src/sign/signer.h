/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a signer, and what the ways to put a signature on a module share. */
#ifndef MODSEAL_SIGN_SIGNER_H
#define MODSEAL_SIGN_SIGNER_H

#include "src/crypto/cms_form.h"
#include "src/key/key.h"
#include "src/module/module.h"
#include "src/sign/pool.h"

#include <modseal/sign.h>

struct ms_signer {
	struct pool pool; /* its keys */
	X509 *cert;
	STACK_OF(X509) *chain; /* NULL for none */
	struct ms_sign_options options; /* hash filled in; chain is not to be used */
	bool hash_given;                /* options->hash was: it is taken for each module */
	/* By enum ms_hash: messages with it, and what the keys want to see; KEY_INPUT_NONE: it cannot be
	 * used. */
	struct cms_form forms[MS_HASH_SHA3_512 + 1];
	enum key_input inputs[MS_HASH_SHA3_512 + 1];
	pthread_mutex_t choice; /* around what is below, and the notice */
	struct choice *choices; /* src/sign/choice.c */
};

/* A module in hand: what stays of it, and the tail to come behind. */
struct signing {
	struct module_memory *memory; /* see module_open_within(); the caller's, NULL for none */
	struct module *m;
	enum ms_hash hash;
	uint64_t keep;
	struct pool_hold hold; /* the key that is asked for the signature */
	struct buf tail; /* empty if the module is to be written as it is */
};

/* Opens the module; *s is zero but for memory. */
int signing_open(struct ms_signer *signer, const char *path, struct signing *s,
	struct ms_error *err);
/* Digests and signs it. 1: there is a new file to be written; 0: there is not (it verifies already,
 * or this is a dry run). */
int signing_begin(struct ms_signer *signer, const char *dest, struct signing *s,
	struct ms_sign_result *result, struct ms_error *err);
/* Leaves it as it was before. */
void signing_end(struct signing *s);

/* What stays of the module below a new signature: all of it to stack, else the bare content;
 * what is left of an interrupted signature never stays. */
uint64_t signer_keep_len(const struct module *m, bool stack);
/* The digest that a module is to be signed with, by its kernel if that is known. MS_ERR_UNSUPPORTED
 * when the signer is strict and that kernel cannot check the signature. */
int signer_choose_hash(struct ms_signer *signer, const struct module *m, enum ms_hash *hash,
	struct ms_error *err);
void signer_forget_choices(struct ms_signer *signer);
/* Signs the first `len` bytes; appends the CMS to `cms`. `hold` as in pool_sign(). */
int signer_make_cms(struct ms_signer *signer, struct module *m, uint64_t len, enum ms_hash hash,
	struct pool_hold *hold, struct buf *cms, struct ms_error *err);
/* Signs a digest that was made elsewhere; appends the bare signature and the CMS to `raw` and
 * `cms`. MS_ERR_KEY for a key that has to see the content itself. `hold` as in pool_sign(). */
int signer_sign_digest(struct ms_signer *signer, const uint8_t *digest, size_t len,
	struct pool_hold *hold, struct buf *raw, struct buf *cms, struct ms_error *err);
/* Puts a CMS behind the first `keep` bytes and writes the module. */
int signer_write(struct module *m, uint64_t keep, const struct buf *cms, const char *dest,
	struct ms_error *err);
/*
 * Finds out whether a signature that was made elsewhere (a CMS, or with options->raw a bare one) is
 * of the first `keep` bytes, as options ask for, and appends the CMS to be put there to `cms`.
 * MS_ERR_SIGNATURE if it is not.
 */
int signature_check(struct module *m, uint64_t keep, const struct buf *signature,
	const struct ms_attach_options *options, struct buf *cms, struct ms_error *err);
enum cms_sid signer_sid(enum ms_key_id key_id);

#endif
