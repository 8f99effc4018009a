/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/ossl.h"

#include "src/base/error.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>

static OSSL_LIB_CTX *libctx;

static void init(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	libctx = OSSL_LIB_CTX_new();
}

OSSL_LIB_CTX *ossl_ctx(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init);
	return libctx;
}

int ossl_err(struct ms_error *err, int code, const char *fmt, ...)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(e);
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(err, code, "%s", text);
	if (reason)
		err_append(err, " (%s)", reason);
	ERR_clear_error();
	return code;
}
