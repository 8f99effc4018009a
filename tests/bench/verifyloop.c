/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to verify a signature over a SHA-256 digest with the public half, as modseal does
 * with each before it is written (src/crypto/sign_digest.c).
 *
 *   verifyloop KEY_FILE THREADS COUNT      KEY_FILE: a private key in PEM, to make the signature with
 *
 * prints the seconds and CPU seconds that COUNT took.
 */
#include "loop.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	EVP_PKEY *key;
	EVP_MD *sha256;
	unsigned char digest[32], sig[1024];
	size_t sig_len;
} bench;

static void check(const char *what, int ok)
{
	if (ok > 0)
		return;
	fprintf(stderr, "verifyloop: %s failed\n", what);
	exit(1);
}

static EVP_PKEY_CTX *start(int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, bench.key, NULL);

	check("EVP_PKEY_CTX_new_from_pkey", ctx != NULL);
	check("init", init(ctx));
	if (EVP_PKEY_is_a(bench.key, "RSA"))
		check("padding", EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING));
	check("EVP_PKEY_CTX_set_signature_md", EVP_PKEY_CTX_set_signature_md(ctx, bench.sha256));
	return ctx;
}

/* From DER, so that OpenSSL has no private half at hand, as modseal has not. */
static void keep_public_half(void)
{
	unsigned char *der = NULL;
	const unsigned char *p;
	int len = i2d_PUBKEY(bench.key, &der);

	check("i2d_PUBKEY", len);
	EVP_PKEY_free(bench.key);
	p = der;
	bench.key = d2i_PUBKEY(NULL, &p, len);
	check("d2i_PUBKEY", bench.key != NULL);
	OPENSSL_free(der);
}

static void prepare(const char *path)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY_CTX *ctx;

	if (!file)
		loop_die("verifyloop", path);
	bench.key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	check(path, bench.key != NULL);
	bench.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	memset(bench.digest, 0xa5, sizeof(bench.digest));
	ctx = start(EVP_PKEY_sign_init);
	bench.sig_len = sizeof(bench.sig);
	check("EVP_PKEY_sign", EVP_PKEY_sign(ctx, bench.sig, &bench.sig_len, bench.digest,
				       sizeof(bench.digest)));
	EVP_PKEY_CTX_free(ctx);
	keep_public_half();
}

static void *begin(int thread)
{
	(void)thread;
	return NULL;
}

static void verify(void *own, long i)
{
	EVP_PKEY_CTX *ctx = start(EVP_PKEY_verify_init);

	(void)own;
	(void)i;
	check("EVP_PKEY_verify", EVP_PKEY_verify(ctx, bench.sig, bench.sig_len, bench.digest,
					 sizeof(bench.digest)));
	EVP_PKEY_CTX_free(ctx);
}

static void end(void *own)
{
	(void)own;
}

int main(int argc, char **argv)
{
	struct loop loop = { .name = "verifyloop", .begin = begin, .one = verify, .end = end };

	if (argc != 4) {
		fprintf(stderr, "usage: verifyloop KEY_FILE THREADS COUNT\n");
		return 2;
	}
	loop.threads = loop_threads("verifyloop", argv[2]);
	loop.count = atol(argv[3]);
	prepare(argv[1]);
	loop_run(&loop);
	EVP_PKEY_free(bench.key);
	EVP_MD_free(bench.sha256);
	return 0;
}
