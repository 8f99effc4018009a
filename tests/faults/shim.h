/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fault shim, libmodseal_shim.so: a PKCS#11 module that forwards every call to a real one
 * and, told by environment variables, misbehaves as tokens do. For tests; README.md beside this
 * file says what each variable does. All of them are read once, when the module is loaded; one
 * that cannot be understood ends the process (abort), so that no test passes by a typing error.
 *
 *   shim.c         the function list: each call is counted, judged by the rules, forwarded, logged
 *   shim_rules.c   the rules (fail, delay, remove) and the log
 *   shim_names.c   CKR_* and CKM_* by name
 *   shim_token.c   slots, token flags, sessions, login, attributes
 *   shim_sign.c    signing: always-authenticate, mechanisms, wrong signatures
 */
#ifndef MODSEAL_TESTS_FAULTS_SHIM_H
#define MODSEAL_TESTS_FAULTS_SHIM_H

#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

typedef CK_RV (*CK_NOTIFY)(CK_SESSION_HANDLE, CK_NOTIFICATION, void *);

enum shim_fn {
#define PLAIN(kind, name, params, args) FN_##name,
#define ACTED PLAIN
#define UNDONE PLAIN
#include "tests/faults/shim_functions.h"
#undef UNDONE
#undef ACTED
#undef PLAIN
	FN_COUNT
};

/* The real module's functions. */
extern CK_FUNCTION_LIST *shim_real;

/* -- shim_names.c ------------------------------------------------------------------------ */

/* "CKR_DEVICE_ERROR", or hex for what has no name; in buf (32 bytes) then. */
const char *shim_rv_name(CK_RV rv, char *buf);
/* A CKR_* or CKM_* by name, or any number as strtoul() reads it. */
bool shim_rv_parse(const char *text, CK_RV *rv);
bool shim_mech_parse(const char *text, CK_MECHANISM_TYPE *mech);

/* -- shim_rules.c ------------------------------------------------------------------------ */

enum shim_kind { GENERAL, SLOT, SESSION };

/* Reads the environment. */
void shim_rules_load(void);
/* Counts a call of fn, delays it, and says whether it goes on to the real module; if not, *rv is
 * what to answer. */
bool shim_begin(enum shim_fn fn, enum shim_kind kind, CK_RV *rv);
/* Logs the call; returns rv. */
CK_RV shim_end(enum shim_fn fn, CK_RV rv, bool forwarded);
/* What the log shall say behind the result of this thread's current call; a string constant. */
void shim_note(const char *note);
/* While the token is away by a rule of MODSEAL_SHIM_REMOVE. */
bool shim_removed(void);
/* Whether it came back into another slot. */
bool shim_moved(void);
/* Whether the nth (from 1) of something is in a range: "3", "2+", "4-6" or "2/2". */
bool shim_range_has(const char *text, unsigned long n);
/* Prints why and aborts. */
_Noreturn void shim_bad(const char *variable, const char *text);

/* -- shim_token.c ------------------------------------------------------------------------ */

struct shim_session {
	CK_SESSION_HANDLE handle;
	CK_SLOT_ID slot;
	bool signing;             /* C_SignInit went well */
	bool authenticated;       /* the context PIN was given for this signature */
	CK_MECHANISM_TYPE hash;   /* CKM_SHA256 ... if the shim hashes for CKM_ECDSA_SHA256 ... */
	CK_BYTE *message;         /* what C_SignUpdate gave, while the shim hashes */
	CK_ULONG message_len;
	struct shim_session *next;
};

struct shim_token_flags {
	bool always_authenticate, pin_pad, count_low, final_try, locked;
	const char *pad_pin; /* what the person types at the PIN pad; NULL: presses cancel */
	unsigned long modulus; /* bytes of the one that RSA keys show; 0: their own */
};

extern struct shim_token_flags shim_flags;

void shim_token_load(void);
/* Closes all sessions behind the caller's back, and with them the logins; or ends the logins only.
 * While no other call is in the real module. */
void shim_close_all(void);
void shim_logout_all(void);
/* From the caller's number of a slot to the real module's, and back. */
CK_SLOT_ID shim_slot(CK_SLOT_ID slot);
/* The session of that handle, NULL if the shim has not seen it opened. Only one thread uses a
 * session at a time, so what is in it needs no lock. */
struct shim_session *shim_session(CK_SESSION_HANDLE handle);
void shim_session_reset(struct shim_session *s);

/* -- shim_sign.c ------------------------------------------------------------------------- */

/* Mechanisms that private keys allow (MODSEAL_SHIM_MECHANISMS), or that the token knows for
 * signing (MODSEAL_SHIM_TOKEN_MECHANISMS). n == 0: as the real module says. */
struct shim_mechs {
	CK_MECHANISM_TYPE list[32];
	CK_ULONG n;
};

extern struct shim_mechs shim_key_mechs, shim_token_mechs;

void shim_sign_load(void);
/* Ends a signing operation in the real module, whose signature nobody gets. */
void shim_sign_drop(CK_SESSION_HANDLE handle);

/* -- the ACTED and UNDONE functions of shim_functions.h ---------------------------------- */

#define SHIM_BARE(...) __VA_ARGS__
#define PLAIN(kind, name, params, args)
#define ACTED(kind, name, params, args) CK_RV act_##name params;
#define UNDONE(kind, name, params, args)                                                           \
	ACTED(kind, name, params, args)                                                            \
	void undo_##name(CK_RV rv, SHIM_BARE params);
#include "tests/faults/shim_functions.h"
#undef UNDONE
#undef ACTED
#undef PLAIN

#endif
