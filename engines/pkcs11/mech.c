/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/mech.h"

#include <string.h>

/* PKCS#11 3.0; p11-kit's header is older. */
#define SHA3_256_RSA_PKCS 0x60UL
#define SHA3_384_RSA_PKCS 0x61UL
#define SHA3_512_RSA_PKCS 0x62UL
#define ECDSA_SHA3_256    0x1048UL
#define ECDSA_SHA3_384    0x1049UL
#define ECDSA_SHA3_512    0x104aUL

static const struct hash_mech {
	enum ms_hash hash;
	uint8_t oid; /* the last arc of 2.16.840.1.101.3.4.2.x */
	CK_MECHANISM_TYPE rsa, ecdsa;
} hash_mechs[] = {
	{ MS_HASH_SHA256, 1, CKM_SHA256_RSA_PKCS, CKM_ECDSA_SHA256 },
	{ MS_HASH_SHA384, 2, CKM_SHA384_RSA_PKCS, CKM_ECDSA_SHA384 },
	{ MS_HASH_SHA512, 3, CKM_SHA512_RSA_PKCS, CKM_ECDSA_SHA512 },
	{ MS_HASH_SHA3_256, 8, SHA3_256_RSA_PKCS, ECDSA_SHA3_256 },
	{ MS_HASH_SHA3_384, 9, SHA3_384_RSA_PKCS, ECDSA_SHA3_384 },
	{ MS_HASH_SHA3_512, 10, SHA3_512_RSA_PKCS, ECDSA_SHA3_512 },
};

static const struct hash_mech *find(enum ms_hash hash)
{
	for (size_t i = 0; i < sizeof(hash_mechs) / sizeof(hash_mechs[0]); i++)
		if (hash_mechs[i].hash == hash)
			return &hash_mechs[i];
	return NULL;
}

CK_MECHANISM_TYPE p11_mech_digest(bool rsa)
{
	return rsa ? CKM_RSA_PKCS : CKM_ECDSA;
}

CK_MECHANISM_TYPE p11_mech_message(bool rsa, enum ms_hash hash)
{
	const struct hash_mech *m = find(hash);

	if (!m)
		return CK_UNAVAILABLE_INFORMATION;
	return rsa ? m->rsa : m->ecdsa;
}

/* All these hashes' identifiers differ in one byte, and their parameters are NULL. */
size_t p11_digest_info(enum ms_hash hash, const uint8_t *digest, uint8_t out[P11_DIGEST_INFO_MAX])
{
	static const uint8_t head[19] = { 0x30, 0, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		0x65, 0x03, 0x04, 0x02, 0, 0x05, 0x00, 0x04, 0 };
	const struct hash_mech *m = find(hash);
	size_t len = ms_hash_size(hash);

	if (!m)
		return 0;
	memcpy(out, head, sizeof(head));
	out[1] = (uint8_t)(sizeof(head) - 2 + len);
	out[14] = m->oid;
	out[18] = (uint8_t)len;
	memcpy(out + sizeof(head), digest, len);
	return sizeof(head) + len;
}

size_t p11_ecdsa_cut(size_t digest_len, unsigned order_bits)
{
	size_t order_len = (order_bits + 7) / 8;

	return digest_len < order_len ? digest_len : order_len;
}

/* Bytes of a positive number as a DER INTEGER's content: no leading zeros, but one before a byte
 * that would look negative. Skips the leading zeros of *n. 0 if it is zero. */
static size_t integer_len(const uint8_t **n, size_t *len)
{
	while (*len && !**n) {
		(*n)++;
		(*len)--;
	}
	if (!*len)
		return 0;
	return *len + (**n >> 7);
}

static uint8_t *put_integer(uint8_t *p, const uint8_t *n, size_t len, size_t content)
{
	*p++ = 0x02;
	*p++ = (uint8_t)content;
	if (content > len)
		*p++ = 0;
	memcpy(p, n, len);
	return p + len;
}

size_t p11_ecdsa_der(const uint8_t *raw, size_t raw_len, uint8_t *out, size_t size)
{
	const uint8_t *r = raw, *s = raw + raw_len / 2;
	size_t r_len = raw_len / 2, s_len = raw_len / 2;
	size_t r_content = integer_len(&r, &r_len), s_content = integer_len(&s, &s_len);
	size_t body = 2 + r_content + 2 + s_content;
	uint8_t *p = out;

	/* Up to 127 bytes a number: curves of 1,000 bits. */
	if (raw_len % 2 || !r_content || !s_content || r_content > 127 || s_content > 127 ||
		body > 255 || size < body + (body > 127 ? 3 : 2))
		return 0;
	*p++ = 0x30;
	if (body > 127)
		*p++ = 0x81;
	*p++ = (uint8_t)body;
	p = put_integer(p, r, r_len, r_content);
	p = put_integer(p, s, s_len, s_content);
	return (size_t)(p - out);
}
