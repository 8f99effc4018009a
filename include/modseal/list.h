/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What tokens there are and what lies in them.
 */
#ifndef MODSEAL_LIST_H
#define MODSEAL_LIST_H

#include <modseal/answer.h>
#include <modseal/context.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ms_object_kind { MS_OBJECT_PRIVATE_KEY, MS_OBJECT_PUBLIC_KEY, MS_OBJECT_CERTIFICATE };

/** One object of a token. Strings are NULL where they do not apply or are not known. */
struct ms_object {
	enum ms_object_kind kind;
	char *uri;     /**< names exactly this object; to be pasted behind -k or -c */
	char *label;   /**< CKA_LABEL */
	char *id;      /**< CKA_ID in lower case hex */
	char *slot;    /**< of a PIV card: "9a", "9c", ... */
	char *type;    /**< "RSA", "P-256", "P-384", ... (of a certificate: its key's) */
	unsigned bits; /**< key size; 0 = not known */
	/* private keys: what the token says of CKA_SENSITIVE and the like */
	enum ms_answer sensitive, always_sensitive, extractable, never_extractable, local;
	enum ms_answer sign, always_authenticate;
	/* keys in a TPM */
	char *attributes; /**< "fixedTPM, fixedParent, ...", as the TPM's specification calls them */
	char *policy;     /**< what it is used by besides or instead of its auth value: in words where
			       that is noted, else the policy's digest in hex */
	/* certificates */
	char *subject, *issuer, *serial, *not_after;
};

/** One slot with a token, or a module that could not be asked. */
struct ms_token {
	char *uri;     /**< names exactly this token; NULL if the module failed */
	char *label, *manufacturer, *model, *serial;
	char *module;  /**< path or p11-kit name of the PKCS#11 module */
	bool initialised, login_required, logged_in, pin_pad;
	bool pin_count_low, pin_final_try, pin_locked;
	char *problem; /**< why this module or token could not be read in full, else NULL */
	struct ms_object *objects;
	size_t n_objects;
};

struct ms_token_list {
	struct ms_token *tokens;
	size_t n_tokens;
};

/**
 * Lists all tokens that the engines reach, with their objects. `filter` (NULL for all) is a
 * PKCS#11 URI: only tokens and objects that it matches are listed. With `login` the user PIN is
 * asked for each token that needs one, so that private objects are seen; one that is in `filter` is
 * tried only if a single token can be meant. A module or token that fails has its `problem` set and
 * does not keep the others from being listed.
 */
MS_API int ms_token_list_read(struct ms_context *ctx, const char *filter, bool login,
	struct ms_token_list **list, struct ms_error *err);
/** The list with all that is in it; NULL is fine. */
MS_API void ms_token_list_free(struct ms_token_list *list);

#ifdef __cplusplus
}
#endif
#endif
