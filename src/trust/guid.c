/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/guid.h"

#include "src/base/error.h"

#include <stdio.h>
#include <string.h>

/* The text's fields to the order of the bytes. */
#define GUID(a, b, c, d, e)                                                                        \
	{                                                                                          \
		{                                                                                  \
			(uint8_t)(a), (uint8_t)((a) >> 8), (uint8_t)((a) >> 16),                   \
				(uint8_t)((a) >> 24), (uint8_t)(b), (uint8_t)((b) >> 8),           \
				(uint8_t)(c), (uint8_t)((c) >> 8), (uint8_t)((d) >> 8),            \
				(uint8_t)(d), (uint8_t)((e##ULL) >> 40),                           \
				(uint8_t)((e##ULL) >> 32), (uint8_t)((e##ULL) >> 24),              \
				(uint8_t)((e##ULL) >> 16), (uint8_t)((e##ULL) >> 8),               \
				(uint8_t)(e##ULL)                                                  \
		}                                                                                  \
	}

const struct efi_guid guid_global = GUID(0x8be4df61u, 0x93ca, 0x11d2, 0xaa0d, 0x00e098032b8c);
const struct efi_guid guid_security = GUID(0xd719b2cbu, 0x3d3a, 0x4596, 0xa3bc, 0xdad00e67656f);
const struct efi_guid guid_shim = GUID(0x605dab50u, 0xe046, 0x4300, 0xabb6, 0x3dd810dd8b23);

const struct efi_guid guid_x509 = GUID(0xa5c059a1u, 0x94e4, 0x4aa7, 0x87b5, 0xab155c2bf072);
const struct efi_guid guid_sha1 = GUID(0x826ca512u, 0xcf10, 0x4ac9, 0xb187, 0xbe01496631bd);
const struct efi_guid guid_sha224 = GUID(0x0b6e5233u, 0xa65c, 0x44c9, 0x9407, 0xd9ab83bfc8bd);
const struct efi_guid guid_sha256 = GUID(0xc1c41626u, 0x504c, 0x4092, 0xaca9, 0x41f936934328);
const struct efi_guid guid_sha384 = GUID(0xff3e5307u, 0x9fd0, 0x48c9, 0x85f1, 0x8ad56c701e01);
const struct efi_guid guid_sha512 = GUID(0x093e0faeu, 0xa6c4, 0x4f50, 0x9f1b, 0xd41e2b89c19a);
const struct efi_guid guid_x509_sha256 = GUID(0x3bd2a492u, 0x96c0, 0x4079, 0xb420, 0xfcf98ef103ed);
const struct efi_guid guid_x509_sha384 = GUID(0x7076876eu, 0x80c2, 0x4ee6, 0xaad2, 0x28b349a6865b);
const struct efi_guid guid_x509_sha512 = GUID(0x446dbf63u, 0x2502, 0x4cda, 0xbcfa, 0x2465d2b0fe9d);
const struct efi_guid guid_pkcs7 = GUID(0x4aafd29du, 0x68df, 0x49ee, 0x8aa9, 0x347d375665a7);

/* Which byte stands at each place of the text. */
static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

static bool dash_before(unsigned byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool guid_is(const struct efi_guid *a, const struct efi_guid *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void guid_text(const struct efi_guid *guid, char text[GUID_TEXT_SIZE])
{
	for (unsigned i = 0; i < 16; i++)
		text += sprintf(text, "%s%02x", dash_before(i) ? "-" : "", guid->bytes[order[i]]);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int guid_parse(const char *text, struct efi_guid *guid, struct ms_error *err)
{
	const char *p = text;

	for (unsigned i = 0; i < 16; i++) {
		int high, low;

		if (dash_before(i) && *p++ != '-')
			goto bad;
		high = nibble(p[0]);
		low = high < 0 ? -1 : nibble(p[1]);
		if (low < 0)
			goto bad;
		guid->bytes[order[i]] = (uint8_t)(high << 4 | low);
		p += 2;
	}
	if (!*p)
		return 0;
bad:
	err_set(err, MS_ERR_USAGE, "\"%s\" is no GUID", text);
	err_hint(err, "It looks like 77fa9abd-0359-4d32-bd60-28f4e78f784b; uuidgen(1) makes one.");
	return MS_ERR_USAGE;
}
