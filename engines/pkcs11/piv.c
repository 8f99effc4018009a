/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/piv.h"

#include <string.h>

static bool begins(const CK_UTF8CHAR *padded, const char *text)
{
	return !memcmp(padded, text, strlen(text));
}

/* Yubico's module and OpenSC's give the slots the same ids. */
static bool is_piv(const CK_TOKEN_INFO *token)
{
	return begins(token->label, "YubiKey PIV") || begins(token->manufacturerID, "piv_II ");
}

bool p11_piv_is_emulated(const CK_TOKEN_INFO *token)
{
	return begins(token->model, "PKCS#15 emulated");
}

const char *p11_piv_slot(const CK_TOKEN_INFO *token, const unsigned char *id, size_t len)
{
	static const char names[][3] = { "", "9a", "9c", "9d", "9e", "82", "83", "84", "85", "86",
		"87", "88", "89", "8a", "8b", "8c", "8d", "8e", "8f", "90", "91", "92", "93", "94",
		"95", "f9" };

	if (len != 1 || !id[0] || id[0] >= sizeof(names) / sizeof(names[0]) || !is_piv(token))
		return NULL;
	return names[id[0]];
}
