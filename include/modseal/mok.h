/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Machine owner keys: requests to shim's MokManager, which carries them out at the next boot if
 * somebody at the console confirms them with a password. A request is the UEFI variables MokNew and
 * MokAuth (to enrol) or MokDel and MokDelAuth (to delete), as mokutil(1) writes them; for the list of
 * what is refused, MokListX, they are MokXNew, MokXAuth, MokXDel and MokXDelAuth.
 *
 * `root` is the directory that stands for / (as in ms_machine_read()); NULL or "/" is this machine,
 * whose variables are looked for where the environment's EFIVARFS_PATH says, if it does.
 */
#ifndef MODSEAL_MOK_H
#define MODSEAL_MOK_H

#include <modseal/machine.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ms_mok_action {
	MS_MOK_ENROL,
	MS_MOK_DELETE,
	MS_MOK_REVOKE,	 /**< enrol into MokListX: what its key signed is refused */
	MS_MOK_UNREVOKE, /**< delete from MokListX */
};
#define MS_MOK_ACTIONS 4
/** What takes it back: deleting for enrolling, and so on. */
MS_API enum ms_mok_action ms_mok_opposite(enum ms_mok_action action);

#define MS_MOK_PASSWORD_MAX 256 /**< characters that MokManager takes */

/** How much something speaks against a request. */
enum ms_mok_weight {
	MS_MOK_WARNING, /**< worth knowing */
	MS_MOK_REFUSAL, /**< it would be of no use; may be done all the same */
	MS_MOK_NEVER,   /**< it cannot be done here */
};

struct ms_mok_finding {
	const char *name; /**< stable, for machines: "already-enrolled" */
	enum ms_mok_weight weight;
	char text[512]; /**< a sentence */
	char hint[384]; /**< what to do about it; empty if there is nothing to say */
};

#define MS_MOK_FINDINGS_MAX 16

struct ms_mok_check {
	struct ms_mok_finding findings[MS_MOK_FINDINGS_MAX];
	size_t n_findings;
	bool takes_back; /**< all there is to do is to take the opposite request back: no password */
};

/**
 * What speaks against a request for a certificate on a machine; of what is not
 * known about the machine nothing is said. Changes nothing.
 */
MS_API int ms_mok_check(const struct ms_machine *machine, enum ms_mok_action action,
	const struct ms_cert *cert, struct ms_mok_check *check, struct ms_error *err);

/** The password by which a request is confirmed, as a hash. */
struct ms_mok_password;

/**
 * Hashes a password with a new salt (crypt(3), SHA-512, as mokutil does). MS_ERR_PIN for one that
 * could not be typed into MokManager: empty, longer than MS_MOK_PASSWORD_MAX, or with anything but
 * printable ASCII characters. The caller frees *hashed.
 */
MS_API int ms_mok_password_new(const char *password, struct ms_mok_password **hashed,
	struct ms_error *err);
/**
 * Takes a hash from the first line of a file (mokutil --generate-hash, openssl passwd -6). MS_ERR_PIN
 * if it cannot be read, or is of a kind that MokManager does not know: those are SHA-512 ($6$),
 * SHA-256 ($5$) and bcrypt ($2a$, $2x$, $2y$).
 */
MS_API int ms_mok_password_from_hash(const char *path, struct ms_mok_password **hashed,
	struct ms_error *err);
/** Wipes it; NULL is fine. */
MS_API void ms_mok_password_free(struct ms_mok_password *hashed);

/** What became of a certificate of a request. */
enum ms_mok_outcome {
	MS_MOK_ASKED,     /**< it is in the request now */
	MS_MOK_TAKEN_BACK, /**< the opposite was asked for and is no more; nothing needs to be asked */
};

/**
 * Makes a request for certificates, in addition to what is asked for already. All of that action is
 * then confirmed by the new password. outcomes (of n_certs, may be NULL) tells of each. Where all
 * that was to be done was to take opposite requests back no password is needed (NULL).
 *
 * When the second variable cannot be written the first gets back what it had. MS_ERR_IO.
 */
MS_API int ms_mok_ask(const char *root, enum ms_mok_action action, struct ms_cert *const *certs,
	size_t n_certs, const struct ms_mok_password *password, enum ms_mok_outcome *outcomes,
	struct ms_error *err);

/** A certificate, or a hash, that a request names. */
struct ms_mok_item {
	enum ms_mok_action action;
	struct ms_cert *cert; /**< NULL: a hash, or a certificate that cannot be read */
	char *text;           /**< subject, or the hash with its kind ("sha256 12ab...") */
};

struct ms_mok_pending {
	struct ms_mok_item *items;
	size_t n_items;
	bool reset; /**< MokAuth without MokNew: the whole list is to be emptied (mokutil --reset) */
	bool reset_revoked; /**< the same of MokListX */
};

/** What is asked for. The caller frees it by ms_mok_pending_free(). */
MS_API int ms_mok_pending_read(const char *root, struct ms_mok_pending *pending, struct ms_error *err);
/** Frees what it holds. */
MS_API void ms_mok_pending_free(struct ms_mok_pending *pending);
/** Takes back all that is asked for; *any (may be NULL) tells whether there was something. */
MS_API int ms_mok_revoke(const char *root, bool *any, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
