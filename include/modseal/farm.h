/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Signing apart from the modules: digests are made where the modules are, signed where the token
 * is, and the signatures are attached where the modules are. What travels between is a file.
 *
 * Names in such files come from somebody else: one that is absolute, holds ".." or leads through
 * a symbolic link is never followed.
 */
#ifndef MODSEAL_FARM_H
#define MODSEAL_FARM_H

#include <modseal/batch.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What requests and answers look like. */
enum ms_farm_format {
	MS_FARM_AUTO,   /**< told by content */
	MS_FARM_LINES,  /**< modseal's own: JSON Lines, {"path", "hash", "digest"}, answered by
			     {"path", "hash", "digest", "cms", "signature"} (both base64) */
	MS_FARM_DEBIAN, /**< files.json of Debian's code signing, which names files; answered by a
			     tree of <package>/<file>.sig, a CMS each */
	MS_FARM_CPIO,   /**< NAME.cpio.rsasign of the Open Build Service: a newc archive of modules
			     (or of their digests), answered by one of <file>.sig, which are bare
			     signatures */
};

/** What is to be signed of a module. */
struct ms_digest {
	enum ms_hash hash;
	size_t len; /**< bytes of the digest */
	unsigned char digest[MS_HASH_MAX_SIZE];
	unsigned long long size; /**< bytes of the content that it was made of, uncompressed */
	enum ms_module_state was; /**< what stands at the module's end; a malformed or interrupted
				       signature is never part of the content */
	char unfit[256]; /**< why the module's kernel cannot check signatures with it; empty if it can,
			      or if that is not known */
};

/** Zero-initialise. */
struct ms_digest_options {
	enum ms_hash hash; /**< default: as of struct ms_sign_options */
	struct ms_targets *targets; /**< likewise */
	unsigned flags;    /**< enum ms_module_flags */
	bool stack;        /**< of the module with the signatures that it has; by default without */
};

/** Digests a module. */
MS_API int ms_digest(const char *path, const struct ms_digest_options *options,
	struct ms_digest *digest, struct ms_error *err);
/**
 * A request in MS_FARM_LINES, without newline; `path` is the module's name as `attach` is to find
 * it. free() it; NULL when memory is out.
 */
MS_API char *ms_digest_line(const char *path, const struct ms_digest *digest);

/** Why something that a request file names is not signed, and that this is no failure. */
typedef void ms_farm_skipped_fn(void *user, const char *name, const char *why);

/** Zero-initialise. */
struct ms_requests_options {
	enum ms_farm_format format;
	enum ms_hash hash;  /**< that the digests have to be of; MS_HASH_NONE: what the file says, or
				 SHA-256 where it says nothing */
	const char *root;   /**< MS_FARM_DEBIAN: the directory that the packages are unpacked in */
	unsigned flags;     /**< enum ms_module_flags */
	ms_farm_skipped_fn *skipped; /**< may be NULL */
	void *user;
};

/** A file of requests. */
struct ms_requests;

/**
 * Reads a file of requests ("-": standard input) whole and checks all of it: a malformed line, a
 * name that leads elsewhere or comes twice, a digest of the wrong length is MS_ERR_MODULE with the
 * file and the line, so that nothing is signed of a file that is not right in all its parts.
 */
MS_API int ms_requests_open(const char *path, const struct ms_requests_options *options,
	struct ms_requests **requests, struct ms_error *err);
/** NULL is fine. */
MS_API void ms_requests_free(struct ms_requests *requests);
/** How many there are. */
MS_API size_t ms_requests_count(const struct ms_requests *requests);
/** How many of them cannot be seen to be modules. */
MS_API size_t ms_requests_blind(const struct ms_requests *requests);
/** What they are; never MS_FARM_AUTO. */
MS_API enum ms_farm_format ms_requests_format(const struct ms_requests *requests);
/** The digest that the signer has to sign them with. */
MS_API enum ms_hash ms_requests_hash(const struct ms_requests *requests);

/** Zero-initialise. */
struct ms_requests_sign_options {
	const char *output;  /**< a file, or for MS_FARM_DEBIAN a directory; NULL: standard output */
	unsigned jobs;       /**< as in struct ms_batch_options */
	bool fail_fast;      /**< stop at the first that fails */
	bool allow_digests;  /**< what cannot be seen to be a module is signed even if the certificate
				  may be good for more than modules */
};

struct ms_requests_callbacks {
	/** What became of one; in the order of the file, by one thread at a time. May be NULL. */
	void (*done)(void *user, const char *name, const struct ms_error *err);
	/** True ends the run when those in hand are done. May be NULL. */
	bool (*stop)(void *user);
	void *user;
};

/**
 * Whether this signer can and may sign them. A digest says nothing of what it is of (an EFI
 * program's, say): unless `allow_digests`, the signer's certificate has to be for modules only
 * (extended key usage 1.3.6.1.4.1.2312.16.1.2), else MS_ERR_USAGE. MS_ERR_CERT when a package of
 * MS_FARM_DEBIAN names the certificates that it trusts, and the signer's is not among them;
 * MS_ERR_KEY when there are digests and the key signs only what it hashes itself.
 */
MS_API int ms_requests_check(const struct ms_requests *requests, const struct ms_signer *signer,
	const struct ms_requests_sign_options *options, struct ms_error *err);
/**
 * Signs them all, after that check, and writes the answers in the order of the requests. 0 when
 * each was dealt with; negative as ms_batch_sign() when the run ended early, and then what was
 * signed is written all the same. A signer with `dry_run` looks at the modules that are named, and
 * neither signs nor writes.
 */
MS_API int ms_requests_sign(struct ms_requests *requests, struct ms_signer *signer,
	const struct ms_requests_sign_options *options,
	const struct ms_requests_callbacks *callbacks, struct ms_error *err);

/** Zero-initialise. */
struct ms_answers_options {
	enum ms_farm_format format; /**< MS_FARM_LINES or MS_FARM_CPIO */
	enum ms_hash hash;          /**< MS_FARM_CPIO: that the digests were of; default SHA-256 */
};

/** A file of answers. */
struct ms_answers;

/** Reads it whole and checks it as ms_requests_open() does. */
MS_API int ms_answers_open(const char *path, const struct ms_answers_options *options,
	struct ms_answers **answers, struct ms_error *err);
/** NULL is fine. */
MS_API void ms_answers_free(struct ms_answers *answers);
/** How many there are. */
MS_API size_t ms_answers_count(const struct ms_answers *answers);
/** Whether they hold a CMS each, or bare signatures only. */
MS_API bool ms_answers_have_cms(const struct ms_answers *answers);

/** Zero-initialise. */
struct ms_answers_attach_options {
	struct ms_attach_options attach; /**< `hash` is not looked at: the answers say it */
	const char *output;              /**< a directory to write to, NULL: in place */
	enum ms_durability durability;
};

struct ms_answers_callbacks {
	/**
	 * What became of a module, or of an answer that no module was found for; `dest` is where it
	 * was written. By one thread at a time. May be NULL.
	 */
	void (*done)(void *user, const char *path, const char *dest, const struct ms_error *err);
	/** Answers for what is no module in an archive of the Open Build Service. May be NULL. */
	ms_farm_skipped_fn *skipped;
	/** True ends the run; what is in hand is finished. May be NULL. */
	bool (*stop)(void *user);
	void *user;
};

/**
 * Attaches the signatures to the modules below the operands (directories, or single files, which
 * go by their name alone), each once it verifies. A module without an answer and an answer without
 * a module are failures like any other. 0 when all was dealt with; MS_ERR_STOPPED by `stop`.
 */
MS_API int ms_answers_attach(struct ms_answers *answers, const char *const *operands, size_t n,
	const struct ms_answers_attach_options *options,
	const struct ms_answers_callbacks *callbacks, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
