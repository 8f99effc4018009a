/* SPDX-License-Identifier: Apache-2.0 */
#include "src/crypto/digest.h"

#include "src/base/error.h"
#include "src/crypto/ossl.h"

#include <openssl/objects.h>
#include <pthread.h>
#include <strings.h>

static const struct {
	const char *name;
	size_t size;
	int nid;
	const char *fetch;
} table[] = {
	[MS_HASH_NONE] = { "none", 0, NID_undef, NULL },
	[MS_HASH_SHA1] = { "sha1", 20, NID_sha1, "SHA1" },
	[MS_HASH_SHA224] = { "sha224", 28, NID_sha224, "SHA224" },
	[MS_HASH_SHA256] = { "sha256", 32, NID_sha256, "SHA256" },
	[MS_HASH_SHA384] = { "sha384", 48, NID_sha384, "SHA384" },
	[MS_HASH_SHA512] = { "sha512", 64, NID_sha512, "SHA512" },
	[MS_HASH_SHA3_256] = { "sha3-256", 32, NID_sha3_256, "SHA3-256" },
	[MS_HASH_SHA3_384] = { "sha3-384", 48, NID_sha3_384, "SHA3-384" },
	[MS_HASH_SHA3_512] = { "sha3-512", 64, NID_sha3_512, "SHA3-512" },
};
#define N_HASHES (sizeof(table) / sizeof(table[0]))

static EVP_MD *fetched[N_HASHES];

MS_API const char *ms_hash_name(enum ms_hash hash)
{
	return table[hash].name;
}

MS_API enum ms_hash ms_hash_by_name(const char *name)
{
	for (size_t i = MS_HASH_NONE + 1; i < N_HASHES; i++)
		if (!strcasecmp(name, table[i].name))
			return (enum ms_hash)i;
	return MS_HASH_NONE;
}

MS_API size_t ms_hash_size(enum ms_hash hash)
{
	return table[hash].size;
}

MS_API int ms_hash_can_sign(enum ms_hash hash)
{
	return hash >= MS_HASH_SHA256;
}

static void fetch_all(void)
{
	for (size_t i = MS_HASH_NONE + 1; i < N_HASHES; i++)
		fetched[i] = EVP_MD_fetch(ossl_ctx(), table[i].fetch, NULL);
}

const EVP_MD *digest_md(enum ms_hash hash)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch_all);
	return fetched[hash];
}

enum ms_hash digest_by_nid(int nid)
{
	for (size_t i = MS_HASH_NONE + 1; i < N_HASHES; i++)
		if (nid == table[i].nid)
			return (enum ms_hash)i;
	return MS_HASH_NONE;
}

int digest_nid(enum ms_hash hash)
{
	return table[hash].nid;
}

enum ms_hash digest_by_ossl_name(const char *name)
{
	for (size_t i = MS_HASH_NONE + 1; i < N_HASHES; i++) {
		const EVP_MD *md = digest_md((enum ms_hash)i);

		if (md && EVP_MD_is_a(md, name))
			return (enum ms_hash)i;
	}
	return MS_HASH_NONE;
}

int digest_begin(struct digest *d, enum ms_hash hash, struct ms_error *err)
{
	const EVP_MD *md = digest_md(hash);

	d->md = NULL;
	if (!md)
		return err_set(err, MS_ERR_UNSUPPORTED, "this OpenSSL has no %s",
			ms_hash_name(hash));
	d->md = EVP_MD_CTX_new();
	if (d->md && EVP_DigestInit_ex2(d->md, md, NULL))
		return 0;
	digest_free(d);
	return ossl_err(err, MS_ERR_INTERNAL, "%s cannot be started", ms_hash_name(hash));
}

int digest_add(struct digest *d, const void *data, size_t len, struct ms_error *err)
{
	if (EVP_DigestUpdate(d->md, data, len))
		return 0;
	return ossl_err(err, MS_ERR_INTERNAL, "the digest cannot be computed");
}

int digest_end(struct digest *d, uint8_t *out, struct ms_error *err)
{
	int ok = EVP_DigestFinal_ex(d->md, out, NULL);

	digest_free(d);
	return ok ? 0 : ossl_err(err, MS_ERR_INTERNAL, "the digest cannot be computed");
}

void digest_free(struct digest *d)
{
	EVP_MD_CTX_free(d->md);
	d->md = NULL;
}

int digest_of(enum ms_hash hash, const void *data, size_t len, uint8_t *out,
	struct ms_error *err)
{
	struct digest d;
	int r = digest_begin(&d, hash, err);

	if (r == 0)
		r = digest_add(&d, data, len, err);
	if (r == 0)
		r = digest_end(&d, out, err);
	digest_free(&d);
	return r;
}
