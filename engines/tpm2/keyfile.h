/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM key in a file: "TSS2 PRIVATE KEY", PEM or DER (draft-bottomley-tpm2-keys,
 * 2.23.133.10.1.3). What lies before and behind the PEM block is kept: before it are notes of ours
 * (lines that start with "# modseal-"), behind it may be the key's certificate. No TPM is needed
 * here.
 */
#ifndef MODSEAL_ENGINES_TPM2_KEYFILE_H
#define MODSEAL_ENGINES_TPM2_KEYFILE_H

#include "engines/tpm2/pcrs.h"
#include "engines/tpm2/policy.h"

#include <openssl/x509.h>

/* Whether the key has an auth value. */
enum tpm_empty_auth { TPM_AUTH_UNSAID, TPM_AUTH_NEEDED, TPM_AUTH_EMPTY };

struct tpm_keyfile {
	enum tpm_empty_auth empty_auth;
	bool auth_doubtful; /* it is said in a form that is also that of a writer who turns it round
			       (tpm2-tools 5.4) */
	struct tpm_policy policy;
	struct tpm_approval *approvals;
	size_t n_approvals;
	char *description; /* NULL: none */
	bool rsa_parent;   /* the primary key at `parent` is RSA-2048, not P-256 */
	TPM2_HANDLE parent;
	TPM2B_PUBLIC pub;
	TPM2B_PRIVATE priv;
	/* Notes, where there are some. */
	TPM2B_NAME parent_name;	  /* size 0: not noted */
	TPM2_HANDLE salt_key;	  /* that was named to salt sessions when it was made; 0: none was */
	TPM2B_NAME salt_name;
	struct tpm_pcrs pcrs;	  /* with the values that the key was sealed to; n 0: not noted */
	TPM2_HANDLE handle;	  /* where it lies in the TPM as well; 0: nowhere */
	struct buf before, after; /* text around the block */
	X509 *cert;		  /* the certificate in the file that fits, NULL if none */
};

/* Whether a regular file holds such a key, by its first bytes; false if it cannot be read. */
bool tpm_keyfile_is(const char *path);
/* MS_ERR_KEY, naming the file, if it is not one or is malformed. */
int tpm_keyfile_read(const char *path, struct tpm_keyfile **file, struct ms_error *err);
int tpm_keyfile_parse(const char *name, const void *data, size_t len, struct tpm_keyfile **file,
	struct ms_error *err);
/* As PEM, mode 0600, atomically. */
int tpm_keyfile_write(const char *path, const struct tpm_keyfile *file, struct ms_error *err);
/* The same, but never over what is there: that is MS_ERR_KEY. */
int tpm_keyfile_write_new(const char *path, const struct tpm_keyfile *file, struct ms_error *err);
/* What is said of a place for a new key file that is taken: MS_ERR_KEY. */
int tpm_keyfile_is_there(const char *path, struct ms_error *err);
int tpm_keyfile_format(const struct tpm_keyfile *file, struct buf *out, struct ms_error *err);
void tpm_keyfile_free(struct tpm_keyfile *file);

/* A new approval at the beginning, where it is tried first; takes over what is in it. */
int tpm_keyfile_approve(
	struct tpm_keyfile *file, struct tpm_approval *approval, struct ms_error *err);

/* Puts the notes that are set into `before`. */
int tpm_keyfile_note(struct tpm_keyfile *file, struct ms_error *err);
/* Reads them from there. */
void tpm_keyfile_read_notes(struct tpm_keyfile *file);

static inline void tpm_keyfile_cleanup(struct tpm_keyfile **file)
{
	tpm_keyfile_free(*file);
}
#define AUTO_TPM_KEYFILE __attribute__((cleanup(tpm_keyfile_cleanup)))

#endif
