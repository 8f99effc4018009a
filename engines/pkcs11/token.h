/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens of a module. They are remembered while the module is loaded, even when they are
 * pulled: keys, and calls that never came back, may still name them. */
#ifndef MODSEAL_ENGINES_PKCS11_TOKEN_H
#define MODSEAL_ENGINES_PKCS11_TOKEN_H

#include "engines/pkcs11/module.h"
#include "engines/pkcs11/session.h"

struct p11_token {
	struct p11_module *module;
	_Atomic CK_SLOT_ID slot; /* it may come back in another one, see recover.h */
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO info;
	char *name;      /* "token 'release' (SoftHSM project, serial 12)": tells tokens apart */
	bool present;    /* it was there at the last scan */
	struct ms_error problem; /* why the slot could not be read at the last scan; code 0: it was */
	struct p11_pool pool;
	_Atomic bool logged_in; /* as the user */
	_Atomic bool ours;      /* by us, so it is ours to log out */

	/* For CKA_ALWAYS_AUTHENTICATE keys and lost logins, see login.h; all under pool.lock. */
	struct secret *pin;   /* NULL: none is kept, or it is entered at a pad */
	unsigned pin_users;   /* keys that are open */
	bool pin_trying;      /* a context login is under way */
	bool pin_bad;         /* one was refused: none is tried again */

	/* What was lost while keys were signing, see recover.h; all under pool.lock. */
	unsigned epoch;       /* object handles are good for one; each new login begins another */
	bool recovering;      /* a thread looks what is left and mends it */
	unsigned failures;    /* how often it could not */
	struct ms_error lost; /* why, the last time */
	bool again;           /* the one login that a run may renew was renewed, or tried to */
	bool given_up;        /* it is lost all the same: that stays, until p11_login() */

	/* The security officer's, see so.h. */
	struct secret *so_pin;
	bool so_bad;          /* it was refused */
};

/* Looks what is in the slots now: fills module->tokens, and finds sessions that the token closed
 * in the meantime. Fails when the module cannot say which slots there are; a slot that fails
 * becomes a token with `problem` set. */
int p11_tokens_scan(struct p11_module *module, struct ms_error *err);

/* Whether it can be used at all: there, readable, initialised. */
bool p11_token_usable(const struct p11_token *token);
/* Whether it is usable and meant by the URI (NULL: any). */
bool p11_token_matches(const struct p11_token *token, const struct p11_uri *uri);
/* Whether it hides things until the user logs in. */
bool p11_token_closed(const struct p11_token *token);
/* Its full URI; free() it. NULL: no memory. `like` as for p11_uri_format(). */
char *p11_token_uri(const struct p11_token *token, const struct p11_uri *like);

/* A blank-padded field as text without control characters; free() it. NULL: no memory. */
char *p11_padded_text(const unsigned char *field, size_t size);

/* Keeps a PIN for the next login, and takes it over; p11_pin_wipe() of login.h ends that. */
void p11_token_keep_pin(struct p11_token *token, struct secret *pin);

/* Object handles from before are void: somebody logged in. */
void p11_token_begin_epoch(struct p11_token *token);

/* Reads CK_TOKEN_INFO again, for its PIN flags. Inside p11_run(). */
int p11_token_refresh(struct p11_token *token, struct ms_error *err);
/* Looks for it in its slot, then in all slots of its module, and reads its CK_TOKEN_INFO. 1; 0 if it
 * is in none; negative when the module could not say. Inside p11_run(), while nobody else uses the
 * token. */
int p11_token_locate(struct p11_token *token, CK_TOKEN_INFO *info, struct ms_error *err);

/* Logs out what we logged in and closes our sessions. Inside p11_run(). */
void p11_tokens_close(struct p11_module *module);
/* Only when no call is stuck. */
void p11_tokens_free(struct p11_module *module);

#endif
