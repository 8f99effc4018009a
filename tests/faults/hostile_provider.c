/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OpenSSL provider that nobody should load: each digest that is fetched from it hangs, as a
 * PKCS#11 provider does that an openssl.cnf brought into the process and that calls back into the
 * token's module. It makes the file $MODSEAL_HOSTILE when it is loaded.
 */
#include <fcntl.h>
#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <unistd.h>

static void *hang(void *provider)
{
	for (;;)
		pause();
	return provider;
}

static int digest_init(void *ctx, const OSSL_PARAM params[])
{
	return 0;
}

static int digest_update(void *ctx, const unsigned char *in, size_t len)
{
	return 0;
}

static int digest_final(void *ctx, unsigned char *out, size_t *len, size_t size)
{
	return 0;
}

static void digest_free(void *ctx)
{
}

/* OpenSSL takes no digest that does not tell its sizes; the true ones do not matter here. */
static int digest_get_params(OSSL_PARAM params[])
{
	OSSL_PARAM *size = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_SIZE);
	OSSL_PARAM *block = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_BLOCK_SIZE);

	return (!size || OSSL_PARAM_set_size_t(size, 32)) &&
		(!block || OSSL_PARAM_set_size_t(block, 64));
}

static const OSSL_DISPATCH digest_functions[] = {
	{ OSSL_FUNC_DIGEST_GET_PARAMS, (void (*)(void))digest_get_params },
	{ OSSL_FUNC_DIGEST_NEWCTX, (void (*)(void))hang },
	{ OSSL_FUNC_DIGEST_INIT, (void (*)(void))digest_init },
	{ OSSL_FUNC_DIGEST_UPDATE, (void (*)(void))digest_update },
	{ OSSL_FUNC_DIGEST_FINAL, (void (*)(void))digest_final },
	{ OSSL_FUNC_DIGEST_FREECTX, (void (*)(void))digest_free },
	{ 0, NULL },
};

static const OSSL_ALGORITHM digests[] = {
	{ "SHA1:SHA-1", "provider=hostile", digest_functions, NULL },
	{ "SHA2-256:SHA-256:SHA256", "provider=hostile", digest_functions, NULL },
	{ "SHA2-512:SHA-512:SHA512", "provider=hostile", digest_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	*no_cache = 0;
	return operation == OSSL_OP_DIGEST ? digests : NULL;
}

static const OSSL_DISPATCH provider_functions[] = {
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
	{ 0, NULL },
};

OSSL_provider_init_fn OSSL_provider_init;

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle,
	const OSSL_DISPATCH *core, const OSSL_DISPATCH **functions, void **provider)
{
	static int self;
	const char *trace = getenv("MODSEAL_HOSTILE");
	int fd = trace ? open(trace, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;

	if (fd >= 0)
		close(fd);
	*functions = provider_functions;
	*provider = &self;
	return 1;
}
