/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/pkcs11/uri.h"

#include <p11-kit/p11-kit.h>
#include <stdlib.h>
#include <string.h>

void p11_uri_free(struct p11_uri *uri)
{
	if (!uri)
		return;
	p11_kit_uri_free(uri->kit);
	free(uri->module_path);
	free(uri->module_name);
	free(uri->pin_source);
	secret_free(uri->pin_value);
	free(uri->text);
	free(uri);
}

const CK_ATTRIBUTE *p11_uri_attr(const struct p11_uri *uri, CK_ATTRIBUTE_TYPE type)
{
	return p11_kit_uri_get_attribute(uri->kit, type);
}

CK_OBJECT_CLASS p11_uri_class(const struct p11_uri *uri)
{
	const CK_ATTRIBUTE *a = p11_uri_attr(uri, CKA_CLASS);
	CK_OBJECT_CLASS class = P11_ANY_CLASS;

	if (a && a->ulValueLen == sizeof(class))
		memcpy(&class, a->pValue, sizeof(class));
	return class;
}

bool p11_uri_match_module(const struct p11_uri *uri, const CK_INFO *module)
{
	return p11_kit_uri_match_module_info(uri->kit, module);
}

bool p11_uri_match_token(const struct p11_uri *uri, const CK_INFO *module, CK_SLOT_ID slot,
	const CK_SLOT_INFO *slot_info, const CK_TOKEN_INFO *token)
{
	CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri->kit);

	return p11_uri_match_module(uri, module) && (wanted == (CK_SLOT_ID)-1 || wanted == slot) &&
		p11_kit_uri_match_slot_info(uri->kit, slot_info) &&
		p11_kit_uri_match_token_info(uri->kit, token);
}

static bool is_blank(const CK_UTF8CHAR *field, size_t size)
{
	return p11_kit_space_strlen(field, size) == 0;
}

char *p11_uri_format(CK_SLOT_ID slot, const CK_TOKEN_INFO *token, const CK_ATTRIBUTE *object,
	CK_ULONG n_object, const struct p11_uri *like)
{
	P11KitUriType type = P11_KIT_URI_FOR_OBJECT_ON_TOKEN;
	P11KitUri *kit = p11_kit_uri_new();
	char *text = NULL;

	if (!kit)
		return NULL;
	*p11_kit_uri_get_token_info(kit) = *token;
	if (is_blank(token->serialNumber, sizeof(token->serialNumber))) {
		p11_kit_uri_set_slot_id(kit, slot);
		type |= P11_KIT_URI_FOR_SLOT;
	}
	if (like) {
		p11_kit_uri_set_module_path(kit, like->module_path);
		p11_kit_uri_set_module_name(kit, like->module_name);
	}
	if ((n_object && p11_kit_uri_set_attributes(kit, (CK_ATTRIBUTE *)object, n_object) !=
				 P11_KIT_URI_OK) ||
		p11_kit_uri_format(kit, type, &text) != P11_KIT_URI_OK)
		text = NULL;
	p11_kit_uri_free(kit);
	return text;
}
