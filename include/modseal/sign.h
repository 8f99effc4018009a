/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Signing modules, and putting signatures on and taking them off.
 *
 * All functions that write do so by a temporary file beside the destination and rename(2): at
 * any moment the destination is what it was or all new. `dest` NULL means in place.
 */
#ifndef MODSEAL_SIGN_H
#define MODSEAL_SIGN_H

#include <modseal/key.h>
#include <modseal/module.h>
#include <modseal/target.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a signature names its signer. */
enum ms_key_id {
	MS_KEY_ID_ISSUER, /**< issuer and serial number */
	MS_KEY_ID_SKI,    /**< the certificate's subject key identifier */
};

/** Zero-initialise; zero means the default. */
struct ms_sign_options {
	enum ms_hash hash;               /**< default: what the module's kernel is signed with itself
					      (CONFIG_MODULE_SIG_HASH) if `targets` know that and the
					      keys can, else SHA-256 */
	enum ms_key_id key_id;           /**< default issuer and serial */
	struct ms_targets *targets;      /**< kernels that the modules are for; NULL: none is looked
					      at; borrowed, must outlive the signer */
	bool strict;                     /**< refuse (MS_ERR_UNSUPPORTED) a module whose kernel is
					      known to be unable to check the signature; by default
					      `notice` is told, once for each kernel */
	ms_notice_fn *notice;            /**< told so from any thread, one at a time; may be NULL */
	void *notice_user;               /**< handed to it */
	struct ms_cert *const *chain;    /**< certificates to travel in the CMS; copied */
	size_t n_chain;
	unsigned flags;                  /**< enum ms_module_flags */
	bool stack;                      /**< add a signature above those that are there; by
					      default they are all replaced */
	bool keep_existing;              /**< leave alone what verifies against the certificate */
	bool dry_run;                    /**< do all but write */
};

/** A key and its certificate, ready to sign modules. */
struct ms_signer;

/**
 * Checks all that can be checked before a file is touched: that the certificate is of this key,
 * that the key can sign with this hash, that the signer can be named as asked. The key is
 * borrowed and must outlive the signer; the certificates are copied. One signer may be used in
 * several threads.
 */
MS_API int ms_signer_new(struct ms_key *key, const struct ms_cert *cert,
	const struct ms_sign_options *options, struct ms_signer **signer, struct ms_error *err);
/** Leaves the key alone; NULL is fine. */
MS_API void ms_signer_free(struct ms_signer *signer);
/**
 * Another key with the same public half (a replica in a cluster of HSMs), borrowed likewise. The
 * keys share the work: each module goes to the one that is free first, and one that fails drops
 * out while there is another.
 */
MS_API int ms_signer_add_key(struct ms_signer *signer, struct ms_key *key, struct ms_error *err);
/** Told when a key dropped out; from any thread that signs, one at a time. */
typedef void ms_key_lost_fn(void *user, const struct ms_key *key, const struct ms_error *err);
/** Whom to tell so; NULL: nobody. `user` is handed to it. */
MS_API void ms_signer_set_key_lost(struct ms_signer *signer, ms_key_lost_fn *lost, void *user);
/** The digest that it signs with unless a module's kernel has another one of its own. */
MS_API enum ms_hash ms_signer_hash(const struct ms_signer *signer);

/** What signing did to one module. */
struct ms_sign_result {
	bool kept;                     /**< nothing was done: it verifies already */
	enum ms_hash hash;             /**< the digest that it is signed with */
	unsigned replaced;             /**< signatures taken off */
	enum ms_module_state was;      /**< what stood at its end */
	bool mended;                   /**< an interrupted or malformed tail was cut off */
	unsigned long long size;       /**< bytes of the new file, uncompressed */
	unsigned long long cms_size;   /**< bytes of its CMS */
	const char *key;               /**< URI of the key that signed it, without secrets; the
					    key's. NULL if none did */
	unsigned char sha256_before[32]; /**< in a batch with file_digests: of the file as it was */
	unsigned char sha256_after[32];  /**< and of the new one, or again of it if it stays */
	const char *same_as;           /**< in a batch: the path by which this very file was
					    signed; it was made a name of that new file. NULL
					    for none; valid while it is being reported */
};

/**
 * Whether the module could be signed, as far as that follows from what it is: for `strict`, before
 * any module is touched.
 */
MS_API int ms_signer_check(struct ms_signer *signer, const char *path, struct ms_error *err);
/** Signs the module at `path`; *result is filled on success. */
MS_API int ms_sign(struct ms_signer *signer, const char *path, const char *dest,
	struct ms_sign_result *result, struct ms_error *err);
/** Makes the CMS of a module and writes it to a file, leaving the module alone. */
MS_API int ms_sign_detached(struct ms_signer *signer, const char *path, const char *p7s,
	struct ms_error *err);

/**
 * Takes off all signatures, or what is left of an interrupted one. *removed: how many; *was: what stood
 * at the end.
 */
MS_API int ms_strip(const char *path, const char *dest, unsigned flags, unsigned *removed,
	enum ms_module_state *was, struct ms_error *err);
/** Writes the CMS of the last signature to a file; MS_ERR_MODULE if there is none. */
MS_API int ms_detach(const char *path, const char *p7s, unsigned flags, struct ms_error *err);

/** Zero-initialise. */
struct ms_attach_options {
	const struct ms_cert *cert;   /**< the signer's: the signature is verified with it first;
					   NULL for none */
	bool raw;                     /**< the signature file is a bare signature: the CMS is built
					   around it; needs cert */
	bool unverified;              /**< attach whatever it is, as sign-file -s does */
	enum ms_hash hash;            /**< of a bare signature; default SHA-256 */
	enum ms_key_id key_id;        /**< of a bare signature */
	bool stack;                   /**< add above those that are there */
	unsigned flags;               /**< enum ms_module_flags */
};

/** Appends a signature that was made elsewhere. */
MS_API int ms_attach(const char *path, const char *signature, const char *dest,
	const struct ms_attach_options *options, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
