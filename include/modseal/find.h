/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Key files that kernels, distributions and boot managers leave on a machine.
 */
#ifndef MODSEAL_FIND_H
#define MODSEAL_FIND_H

#include <modseal/error.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A key file. Strings are NULL where they are not known. */
struct ms_found_key {
	char *path;    /**< to be pasted behind -k */
	char *what;    /**< whose it is: "DKMS" */
	char *type;    /**< "RSA-2048" */
	char *cert;    /**< its certificate's file, to be pasted behind -c; path itself if it lies
			  there */
	char *subject; /**< of that certificate */
	bool compared; /**< the certificate was found to be of this key; else it only lies beside it
			*/
	bool encrypted; /**< it wants a passphrase */
	bool in_tpm;	/**< only the machine's TPM can use it: the file is no copy of the key */
	bool others;	/**< anybody can read it */
	bool group;	/**< a group can, and not root's */
	char *problem;	/**< why it could not be read */
};

struct ms_found_keys {
	struct ms_found_key *keys;
	size_t n_keys;
};

/**
 * Looks in the usual places below `root` (NULL: "/"), which may be another system's. No passphrase
 * is asked for.
 */
MS_API int ms_find_keys(const char *root, struct ms_found_keys **found, struct ms_error *err);
/** NULL is fine. */
MS_API void ms_found_keys_free(struct ms_found_keys *found);

#ifdef __cplusplus
}
#endif
#endif
