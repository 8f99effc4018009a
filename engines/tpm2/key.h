/* SPDX-License-Identifier: Apache-2.0 */
/* A TPM key, from its reference to its signatures. */
#ifndef MODSEAL_ENGINES_TPM2_KEY_H
#define MODSEAL_ENGINES_TPM2_KEY_H

#include "engines/tpm2/keyfile.h"
#include "engines/tpm2/tpm.h"
#include "engines/tpm2/ways.h"
#include "src/base/secret.h"
#include "src/key/key.h"

#include <stdatomic.h>

struct tpm_key {
	struct tpm *tpm;
	char *name; /* for messages: "TPM key release.pem" */
	struct tpm_keyfile
		*file;	    /* the key, or what was noted of a persistent one; NULL: nothing */
	TPM2_HANDLE handle; /* where it is persistent; 0: it is loaded from the file */
	TPM2B_PUBLIC pub;
	struct tpm_ways ways;
	struct tpm_way *way;	 /* the one that is gone; NULL: the key is used by its auth value */
	struct secret *auth;	 /* NULL: the empty one */
	const char *auth_origin; /* where it came from */

	/* In the TPM, only touched inside tpm_run(). */
	bool loaded;
	ESYS_TR object, session; /* ESYS_TR_NONE: no session */
	bool session_used;	 /* policy steps were run in it and not used up */
	struct ms_error dead;	 /* why it signs no more; code 0: it does */

	/* Of lanes.c. */
	struct tpm_key *first;		   /* of a second lane: whose object, file and so on it uses */
	_Atomic(struct tpm_key *) second;  /* of a first; NULL: there is none (yet) */
	atomic_bool second_tried, second_over;
	atomic_uint waiting;		   /* signatures that it is to make */
	_Atomic TPM2_HANDLE object_handle; /* of what is loaded; 0: nothing */
};

extern const struct key_ops tpm_key_ops;

/* -- load.c: into the TPM and out, inside tpm_run() ------------------------------------------ */

/* With a session for k->way and k->auth. */
int tpm_key_load(struct tpm_key *k, struct ms_error *err);
void tpm_key_unload(struct tpm_key *k);

/* -- scheme.c: what it can do ----------------------------------------------------------------- */

enum tpm_scheme { TPM_SCHEME_NONE, TPM_SCHEME_SIGN, TPM_SCHEME_RSA_DECRYPT };

/* A key that cannot sign digests at all (restricted, a storage key, ...): MS_ERR_KEY, with why. */
int tpm_key_check(const struct tpm_key *k, struct ms_error *err);
/* How it signs with a hash; TPM_SCHEME_NONE: it does not, and err says why. */
enum tpm_scheme tpm_key_scheme(const struct tpm_key *k, enum ms_hash hash, struct ms_error *err);

/* -- evidence.c ------------------------------------------------------------------------------ */

/* The `evidence` of struct key_ops. */
int tpm_key_evidence(const struct ms_key *key, struct ms_evidence *evidence, struct ms_error *err);

/* -- sign.c --------------------------------------------------------------------------------- */

struct tpm_signing {
	struct tpm_key *key;
	enum ms_hash hash;
	const uint8_t *digest; /* as long as the hash says */
	uint8_t *sig;	       /* KEY_SIG_MAX */
	size_t sig_len;
	TSS2_RC rc;	  /* the TPM's word if it refused */
	bool unsatisfied; /* the policy is not satisfied */
	struct ms_error *err;
};

/* One signature, inside tpm_run(): loads the key if it is not, runs its policy. */
int tpm_sign_once(struct tpm_signing *s);

/* -- unlock.c ------------------------------------------------------------------------------- */

/* Finds a way to use the key, asking for its auth value if it needs one that is not set, and sees
 * that it is right. *unsatisfied: it failed for its policy only. Outside tpm_run(). */
int tpm_key_unlock(struct tpm_key *k, bool *unsatisfied, struct ms_error *err);

/* -- open.c --------------------------------------------------------------------------------- */

int tpm_open_key(
	struct ms_context *ctx, const char *ref, struct ms_key **key, struct ms_error *err);
/* A key that was just made, file and auth value (NULL: none) as they are (taken over, also on
 * failure). One whose policy is not satisfied now is opened all the same, and tells when it is to
 * sign. */
int tpm_open_made(struct tpm *tpm, const char *ref, TPM2_HANDLE handle, struct tpm_keyfile *file,
	struct secret *auth, struct ms_key **key, struct ms_error *err);

#endif
