/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/hash.h"

#include "src/base/error.h"

#include <string.h>
#include <tss2/tss2_mu.h>

static const struct {
	TPMI_ALG_HASH alg;
	enum ms_hash hash;
} algs[] = {
	{ TPM2_ALG_SHA1, MS_HASH_SHA1 },
	{ TPM2_ALG_SHA256, MS_HASH_SHA256 },
	{ TPM2_ALG_SHA384, MS_HASH_SHA384 },
	{ TPM2_ALG_SHA512, MS_HASH_SHA512 },
	{ TPM2_ALG_SHA3_256, MS_HASH_SHA3_256 },
	{ TPM2_ALG_SHA3_384, MS_HASH_SHA3_384 },
	{ TPM2_ALG_SHA3_512, MS_HASH_SHA3_512 },
};

enum ms_hash tpm_hash_of_alg(TPMI_ALG_HASH alg)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (algs[i].alg == alg)
			return algs[i].hash;
	return MS_HASH_NONE;
}

TPMI_ALG_HASH tpm_alg_of_hash(enum ms_hash hash)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (algs[i].hash == hash)
			return algs[i].alg;
	return TPM2_ALG_NULL;
}

size_t tpm_alg_size(TPMI_ALG_HASH alg)
{
	return ms_hash_size(tpm_hash_of_alg(alg));
}

void tpm_hash_begin(struct tpm_hash *h, TPMI_ALG_HASH alg, struct ms_error *err)
{
	*h = (struct tpm_hash){ .hash = tpm_hash_of_alg(alg), .err = err };
	if (h->hash)
		h->r = digest_begin(&h->digest, h->hash, err);
	else
		h->r = err_set(
			err, MS_ERR_KEY, "hash algorithm 0x%04x of the TPM is not known", alg);
}

void tpm_hash_add(struct tpm_hash *h, const void *data, size_t len)
{
	if (h->r == 0)
		h->r = digest_add(&h->digest, data, len, h->err);
}

void tpm_hash_add_u32(struct tpm_hash *h, uint32_t value)
{
	const uint8_t bytes[] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
		(uint8_t)(value >> 8), (uint8_t)value };

	tpm_hash_add(h, bytes, sizeof(bytes));
}

int tpm_hash_end(struct tpm_hash *h, TPM2B_DIGEST *out)
{
	int r = h->r;

	if (r == 0)
		r = digest_end(&h->digest, out->buffer, h->err);
	digest_free(&h->digest);
	out->size = r == 0 ? (UINT16)ms_hash_size(h->hash) : 0;
	return r;
}

int tpm_name_of(const TPMT_PUBLIC *pub, TPM2B_NAME *name, struct ms_error *err)
{
	uint8_t bytes[sizeof(*pub)];
	TPM2B_DIGEST digest;
	struct tpm_hash h;
	size_t len = 0;
	int r;

	if (Tss2_MU_TPMT_PUBLIC_Marshal(pub, bytes, sizeof(bytes), &len) != TSS2_RC_SUCCESS)
		return err_set(err, MS_ERR_KEY, "a public area that is not understood");
	tpm_hash_begin(&h, pub->nameAlg, err);
	tpm_hash_add(&h, bytes, len);
	r = tpm_hash_end(&h, &digest);
	if (r < 0)
		return r;
	name->name[0] = (uint8_t)(pub->nameAlg >> 8);
	name->name[1] = (uint8_t)pub->nameAlg;
	memcpy(name->name + 2, digest.buffer, digest.size);
	name->size = (UINT16)(2 + digest.size);
	return 0;
}
