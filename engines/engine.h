/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine is: a place where private keys live, in one folder. To add one, write a
 * struct engine and a struct key_ops (src/key/key.h), and name the engine in engines/engines.c
 * and engines/CMakeLists.txt; nothing else in the house needs to know.
 *
 * An engine may use src/base, src/key and src/crypto. What it holds between keys (a loaded
 * module, a login, a connection) it keeps in the context: context_put() of src/key/context.h.
 * PINs and the like come from pin_get() (src/key/pin.h), never from argv or the environment.
 * Calls that may never come back run under src/base/watch.h; when one is stuck the engine sets
 * ctx->wedged and returns MS_ERR_TIMEOUT with the token and the call named.
 */
#ifndef MODSEAL_ENGINES_ENGINE_H
#define MODSEAL_ENGINES_ENGINE_H

#include "src/key/context.h"
#include "src/key/key.h"

#include <modseal/life.h>
#include <modseal/list.h>

struct engine {
	const char *name; /* "pkcs11", "tpm2", "file" */

	/* Whether a reference (what stands behind -k or -c) is this engine's: by its scheme, or by
	 * what is in the file. Engines are asked in the order of the table in engines.c; the last
	 * one takes all. Touches no device. */
	bool (*claims)(const char *ref);

	/* Opens the one private key that ref names, ready to sign (logged in). None or several:
	 * MS_ERR_KEY with what matched, as URIs to paste, a line each. */
	int (*open_key)(struct ms_context *ctx, const char *ref, struct ms_key **key,
		struct ms_error *err);

	/* The one certificate that ref names. */
	int (*open_cert)(struct ms_context *ctx, const char *ref, X509 **cert,
		struct ms_error *err);

	/* Adds the engine's tokens and their objects to the list with token_list_add() below
	 * (filter and login as for ms_token_list_read()). NULL if there is nothing to list. */
	int (*list)(struct ms_context *ctx, const char *filter, bool login,
		struct ms_token_list *list, struct ms_error *err);

	/* Initialises a token as ms_token_init() says. NULL if there is no such thing here. */
	int (*init_token)(struct ms_context *ctx, const struct ms_token_init *request, char **uri,
		struct ms_error *err);

	/* Whether a key that is not there yet is this engine's, asked when no engine that makes keys
	 * claims the reference. NULL: no. */
	bool (*claims_new)(const char *ref);

	/* Keys made here can be bound to the machine's state, and lie under others: struct ms_seal
	 * means something. */
	bool seals;

	/* There may be keys here that want a finger: the policies of struct ms_keygen mean something. */
	bool touches;

	/* Makes a key pair where request->ref says, sensitive and never extractable, and opens it.
	 * NULL if keys are not made here. */
	int (*keygen)(struct ms_context *ctx, const struct ms_keygen *request, struct ms_key **key,
		struct ms_error *err);

	/* Public half and certificate (NULL: none) of the key in a file of this engine's, when the file
	 * is not all of it: no device is asked. NULL: there are no such files. */
	int (*peek)(const char *path, EVP_PKEY **pub, X509 **cert, struct ms_error *err);

	/* The private half of a key of this engine, for import_key of another; the key's own. NULL if it
	 * cannot be had. */
	EVP_PKEY *(*private_half)(const struct ms_key *key);

	/* Puts a private key where request->ref says, sensitive and not extractable, and opens it.
	 * Goes with keygen. */
	int (*import_key)(struct ms_context *ctx, const struct ms_import *request,
		const EVP_PKEY *private_half, struct ms_key **key, struct ms_error *err);

	/* Puts a certificate beside a key that open_key or keygen of this engine gave out. Another one
	 * of that key is MS_ERR_CERT, or goes, with `replace`. NULL if certificates have no place here. */
	int (*store_cert)(struct ms_context *ctx, struct ms_key *key, X509 *cert, bool replace,
		struct ms_error *err);
};

extern const struct engine engine_pkcs11;
extern const struct engine engine_tpm2;
extern const struct engine engine_file;

/* All engines, NULL at the end. */
extern const struct engine *const engines[];
/* The engine that claims ref; never NULL. */
const struct engine *engine_for(const char *ref);

/* A new zeroed token at the list's end, and a new zeroed object at the token's end; NULL when
 * memory is out. Their strings are freed with free() by ms_token_list_free(). A pointer is valid
 * until the next call for the same list or token. */
struct ms_token *token_list_add(struct ms_token_list *list);
struct ms_object *token_add_object(struct ms_token *token);

#endif
