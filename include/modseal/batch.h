/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Many modules signed in one login: as many at once as the key and the machine can take, with
 * memory that does not grow with their number.
 */
#ifndef MODSEAL_BATCH_H
#define MODSEAL_BATCH_H

#include <modseal/sign.h>

#ifdef __cplusplus
extern "C" {
#endif

/** When what was written is on the disk. */
enum ms_durability {
	MS_DURABILITY_BATCH, /**< before each of a few hundred modules gets its name, by one
				  syncfs(2) for all of them; and before the run returns */
	MS_DURABILITY_FILE,  /**< before each module gets its name, by an fsync(2) of its own */
	MS_DURABILITY_NONE,  /**< when the kernel thinks fit; a power loss may leave empty files */
};

/** Zero-initialise; zero means the default. */
struct ms_batch_options {
	unsigned jobs;                 /**< signatures under way at once; 0: as many as the keys can
					    take, and no more than this machine can feed */
	bool append;                   /**< add the tail to the file itself where it is unsigned,
					    uncompressed and has one name; else as without */
	bool file_digests;             /**< tell the SHA-256 of each file before and after, which is
					    one more reading of each; not in a dry run */
	bool fail_fast;                /**< stop at the first module that fails */
	enum ms_durability durability;
};

/** One module to sign. Strings belong to the caller of ms_batch_sign(). */
struct ms_batch_item {
	char *path;
	char *dest; /**< NULL: in place */
	void *user; /**< the caller's */
};

struct ms_batch_callbacks {
	/**
	 * The next module: 1 and *item; 0 at the end; a negative code for one that could not even
	 * be named (reported with the item as far as it is filled), after which the next one is
	 * asked for. Called by one thread at a time.
	 */
	int (*next)(void *user, struct ms_batch_item *item, struct ms_error *err);
	/**
	 * What became of it: err->code 0 and *result, or the failure. Then the item is the
	 * caller's again, to be freed. Called by one thread at a time, in the order of completion.
	 */
	void (*done)(void *user, struct ms_batch_item *item, const struct ms_sign_result *result,
		const struct ms_error *err);
	/** Asked before each module; true ends the run when those in hand are done. May be NULL. */
	bool (*stop)(void *user);
	void *user;
};

/**
 * Signs them all. Several names (hard links) of one file are signed once, and are names of one file
 * again afterwards; where the file system does not let them, each is signed by itself.
 *
 * 0 when every module that `next` named was dealt with (each with its own result); negative when
 * the run ended early: because the last key failed (*err says why; modules that were not reported
 * are as they were), at the first failure with fail_fast, or by `stop` (MS_ERR_STOPPED).
 */
MS_API int ms_batch_sign(struct ms_signer *signer, const struct ms_batch_options *options,
	const struct ms_batch_callbacks *callbacks, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
