/* SPDX-License-Identifier: Apache-2.0 */
#include "src/farm/base64.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const uint8_t *data, size_t len)
{
	char *text = malloc(4 * ((len + 2) / 3) + 1);

	if (text)
		EVP_EncodeBlock((unsigned char *)text, data, (int)len);
	return text;
}

/* OpenSSL's decoder takes white space and what stands behind padding. */
int base64_decode(const char *text, struct buf *out)
{
	size_t len = strlen(text), n = strspn(text, letters), padding = len - n;
	int decoded;

	if (len % 4 || padding > 2 || strspn(text + n, "=") != padding || len > INT32_MAX)
		return -1;
	if (!len)
		return 0;
	if (buf_reserve(out, len / 4 * 3) < 0)
		return -2;
	decoded = EVP_DecodeBlock(out->data + out->len, (const unsigned char *)text, (int)len);
	if (decoded < 0)
		return -1;
	out->len += (size_t)decoded - padding;
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_decode(const char *text, uint8_t *data, size_t len)
{
	if (strlen(text) != 2 * len)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		data[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
