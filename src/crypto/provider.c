/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/provider.h"

#include "src/base/buf.h"
#include "src/base/error.h"
#include "src/crypto/digest.h"
#include "src/crypto/keyrule.h"
#include "src/crypto/ossl.h"
#include "src/crypto/sign_digest.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NAME      "modseal"
#define KEY_TYPE  "MODSEAL"
#define PARAM_KEY "modseal-key" /* octet ptr: the struct ms_key */

static _Thread_local struct ms_error last_error;

/* -- the key: a pointer to a struct ms_key ------------------------------------------------- */

struct handle {
	struct ms_key *key; /* borrowed */
};

static void *handle_new(void *provctx)
{
	return calloc(1, sizeof(struct handle));
}

static void handle_free(void *h)
{
	free(h);
}

static int handle_has(const void *h, int selection)
{
	return h && ((const struct handle *)h)->key;
}

static int handle_import(void *h, int selection, const OSSL_PARAM params[])
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, PARAM_KEY);
	const void *key;
	size_t len;

	if (!p || !OSSL_PARAM_get_octet_ptr(p, &key, &len))
		return 0;
	((struct handle *)h)->key = (struct ms_key *)key;
	return 1;
}

static const OSSL_PARAM *handle_import_types(int selection)
{
	static const OSSL_PARAM types[] = { OSSL_PARAM_octet_ptr(PARAM_KEY, NULL, 0),
		OSSL_PARAM_END };

	return types;
}

static int set_int(OSSL_PARAM params[], const char *name, int value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_int(p, value);
}

static int handle_get_params(void *h, OSSL_PARAM params[])
{
	const EVP_PKEY *pub = ((struct handle *)h)->key->pub;

	return set_int(params, OSSL_PKEY_PARAM_BITS, EVP_PKEY_get_bits(pub)) &&
		set_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, EVP_PKEY_get_security_bits(pub)) &&
		set_int(params, OSSL_PKEY_PARAM_MAX_SIZE, EVP_PKEY_get_size(pub));
}

static const OSSL_PARAM *handle_gettable(void *provctx)
{
	static const OSSL_PARAM table[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_END,
	};

	return table;
}

static const char *operation_name(int operation)
{
	return KEY_TYPE;
}

typedef void (*function)(void);

static const OSSL_DISPATCH keymgmt_functions[] = {
	{ OSSL_FUNC_KEYMGMT_NEW, (function)handle_new },
	{ OSSL_FUNC_KEYMGMT_FREE, (function)handle_free },
	{ OSSL_FUNC_KEYMGMT_HAS, (function)handle_has },
	{ OSSL_FUNC_KEYMGMT_IMPORT, (function)handle_import },
	{ OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (function)handle_import_types },
	{ OSSL_FUNC_KEYMGMT_GET_PARAMS, (function)handle_get_params },
	{ OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (function)handle_gettable },
	{ OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (function)operation_name },
	{ 0, NULL },
};

/* -- the signature: hash, then the key's own function --------------------------------------- */

struct signature {
	struct ms_key *key;
	enum ms_hash hash;
	enum key_input input;
};

static void *signature_new(void *provctx, const char *propq)
{
	return calloc(1, sizeof(struct signature));
}

static void signature_free(void *ctx)
{
	free(ctx);
}

static void *signature_dup(void *ctx)
{
	struct signature *copy = malloc(sizeof(*copy));

	if (copy)
		*copy = *(struct signature *)ctx;
	return copy;
}

static int signature_init(void *ctx, const char *md, void *h, const OSSL_PARAM params[])
{
	struct signature *s = ctx;

	last_error = (struct ms_error){ 0 };
	if (h)
		s->key = ((struct handle *)h)->key;
	s->hash = md ? digest_by_ossl_name(md) : MS_HASH_NONE;
	if (!s->key || !s->hash) {
		err_set(&last_error, MS_ERR_UNSUPPORTED, "nothing is signed with the digest %s",
			md ? md : "(none)");
		return 0;
	}
	s->input = s->key->ops->can(s->key, s->hash, &last_error);
	return s->input != KEY_INPUT_NONE;
}

static int sign_now(struct signature *s, const unsigned char *data, size_t len,
	uint8_t *sig, size_t *sig_len)
{
	uint8_t digest[MS_HASH_MAX_SIZE];
	int r;

	if (s->input == KEY_INPUT_MESSAGE)
		return crypto_key_sign(s->key, s->input, s->hash, data, len, sig, sig_len,
			&last_error);
	r = digest_of(s->hash, data, len, digest, &last_error);
	if (r < 0)
		return r;
	return crypto_key_sign(s->key, s->input, s->hash, digest, ms_hash_size(s->hash), sig,
		sig_len, &last_error);
}

static int signature_sign(void *ctx, unsigned char *out, size_t *out_len, size_t out_size,
	const unsigned char *data, size_t len)
{
	struct signature *s = ctx;
	uint8_t sig[KEY_SIG_MAX];
	size_t sig_len = 0;

	if (!out) {
		*out_len = (size_t)EVP_PKEY_get_size(s->key->pub);
		return 1;
	}
	if (sign_now(s, data, len, sig, &sig_len) < 0 || sig_len > out_size)
		return 0;
	memcpy(out, sig, sig_len);
	*out_len = sig_len;
	return 1;
}

static int signature_get_params(void *ctx, OSSL_PARAM params[])
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
	const struct signature *s = ctx;
	unsigned char *der = NULL;
	int len, ok;

	if (!p)
		return 1;
	len = keyrule_algorithm_id(s->key->pub, s->hash, &der);
	ok = len > 0 && OSSL_PARAM_set_octet_string(p, der, (size_t)len);
	OPENSSL_free(der);
	return ok;
}

static const OSSL_PARAM *signature_gettable(void *ctx, void *provctx)
{
	static const OSSL_PARAM table[] = {
		OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
		OSSL_PARAM_END,
	};

	return table;
}

static const OSSL_DISPATCH signature_functions[] = {
	{ OSSL_FUNC_SIGNATURE_NEWCTX, (function)signature_new },
	{ OSSL_FUNC_SIGNATURE_FREECTX, (function)signature_free },
	{ OSSL_FUNC_SIGNATURE_DUPCTX, (function)signature_dup },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (function)signature_init },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (function)signature_sign },
	{ OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (function)signature_get_params },
	{ OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (function)signature_gettable },
	{ 0, NULL },
};

/* -- the provider --------------------------------------------------------------------------- */

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
	static const OSSL_ALGORITHM keymgmt[] = {
		{ KEY_TYPE, "provider=" NAME, keymgmt_functions, NULL },
		{ NULL, NULL, NULL, NULL },
	};
	static const OSSL_ALGORITHM signature[] = {
		{ KEY_TYPE, "provider=" NAME, signature_functions, NULL },
		{ NULL, NULL, NULL, NULL },
	};

	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_KEYMGMT:
		return keymgmt;
	case OSSL_OP_SIGNATURE:
		return signature;
	default:
		return NULL;
	}
}

static const OSSL_DISPATCH provider_functions[] = {
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (function)query },
	{ 0, NULL },
};

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
	const OSSL_DISPATCH **out, void **provctx)
{
	*out = provider_functions;
	*provctx = (void *)handle;
	return 1;
}

static OSSL_PROVIDER *loaded;

/* Loading one explicitly ends the automatic loading of the default one. */
static void load(void)
{
	if (OSSL_PROVIDER_load(ossl_ctx(), "default") &&
		OSSL_PROVIDER_add_builtin(ossl_ctx(), NAME, provider_init))
		loaded = OSSL_PROVIDER_load(ossl_ctx(), NAME);
}

int provider_pkey(struct ms_key *key, EVP_PKEY **pkey, struct ms_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_ptr(PARAM_KEY, (void **)&key, 0),
		OSSL_PARAM_END };
	EVP_PKEY_CTX *ctx;
	int ok;

	pthread_once(&once, load);
	if (!loaded)
		return ossl_err(err, MS_ERR_INTERNAL, "the signing provider cannot be loaded");
	ctx = EVP_PKEY_CTX_new_from_name(ossl_ctx(), KEY_TYPE, "provider=" NAME);
	*pkey = NULL;
	ok = ctx && EVP_PKEY_fromdata_init(ctx) > 0 &&
		EVP_PKEY_fromdata(ctx, pkey, EVP_PKEY_KEYPAIR, params) > 0;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : ossl_err(err, MS_ERR_INTERNAL, "%s cannot be used by OpenSSL", key->uri);
}

int provider_error(struct ms_error *err, int code, const char *what)
{
	struct ms_error why = last_error;

	last_error = (struct ms_error){ 0 };
	if (!why.code)
		return ossl_err(err, code, "%s", what);
	ossl_err(NULL, code, "%s", what); /* empties OpenSSL's queue */
	if (err)
		*err = why;
	return why.code;
}
