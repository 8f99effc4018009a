/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest: the audit trail of a build, one JSON line for each path of a module that was signed.
 * `sign` adds to it, `verify` compares a tree with it.
 */
#ifndef MODSEAL_CLI_MANIFEST_H
#define MODSEAL_CLI_MANIFEST_H

#include <modseal/key.h>
#include <modseal/sign.h>
#include <stdbool.h>
#include <stddef.h>

#define MANIFEST_SHA256 32

/* -- manifest_write.c: written by one thread at a time -------------------------------------- */

struct manifest {
	const char *path;
	int fd;
	char *signer; /* subject of the certificate */
	char cert_sha256[2 * MANIFEST_SHA256 + 1];
	void *names, *files; /* of manifest_files.c */
	struct ms_error err; /* why it could not be written, code 0 while it can */
};

/* Opens it for adding lines; makes it if need be. MS_ERR_IO. */
int manifest_open(struct manifest *m, const char *path, struct ms_error *err);
/* The certificate of all signatures to come. */
int manifest_set_cert(struct manifest *m, const struct ms_cert *cert, struct ms_error *err);
/* One line; `outcome` as the program calls it, `same_as` NULL or the name of the file's first line.
 * What goes wrong is in m->err. */
void manifest_write_line(struct manifest *m, const char *name, const char *same_as,
	const char *outcome, const char *key_type, const struct ms_sign_result *result);
/* Brings it to the disk. Returns the code of m->err. */
int manifest_close(struct manifest *m);

/* -- manifest_files.c: by one thread at a time, too ----------------------------------------- */

/* `name` is what the manifest is to call the module at `path`. MS_ERR_USAGE if another has it. */
int manifest_claim(struct manifest *m, const char *path, const char *name, struct ms_error *err);
/* The same for one more path of the file that is claimed as `same_as`: it gets a line once that has
 * one, unless it has one of this name. */
int manifest_claim_same(struct manifest *m, const char *same_as, const char *path, const char *name,
	struct ms_error *err);
/* The lines of a module that is done; `outcome` and `key_type` stay the caller's, who keeps them.
 * What goes wrong is in m->err, and after that nothing is done. */
void manifest_add(struct manifest *m, const char *path, const char *name, const char *outcome,
	const char *key_type, const struct ms_sign_result *result);
void manifest_forget(struct manifest *m);

/* -- manifest_read.c ------------------------------------------------------------------------ */

struct manifest_entry {
	char *name;
	unsigned char sha256[MANIFEST_SHA256]; /* of the file once it was signed */
	bool seen;
};

struct manifest_entries {
	void *tree;
	size_t n;
};

/* Reads all of it; the last line about a module counts. A line that is none of a manifest is told on
 * standard error and passed over: a full disk may have cut it off. */
int manifest_read(const char *path, struct manifest_entries *entries, struct ms_error *err);
/* NULL if there is none of that name; marks it as seen. */
const struct manifest_entry *manifest_find(struct manifest_entries *entries, const char *name);
/* Calls back with each that was not seen, in the order of names. */
void manifest_unseen(const struct manifest_entries *entries,
	void (*fn)(void *user, const char *name), void *user);
void manifest_entries_free(struct manifest_entries *entries);

#endif
