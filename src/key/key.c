/* SPDX-License-Identifier: Apache-2.0 */
#include "src/key/key.h"

#include <openssl/core_names.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void key_type_name(const EVP_PKEY *pkey, char *buf, size_t size)
{
	char group[64];
	size_t len;

	if (EVP_PKEY_is_a(pkey, "RSA")) {
		snprintf(buf, size, "RSA-%d", EVP_PKEY_get_bits(pkey));
	} else if (EVP_PKEY_is_a(pkey, "EC") &&
		EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len)) {
		if (!strcmp(group, "prime256v1"))
			snprintf(buf, size, "P-256");
		else if (!strcmp(group, "secp384r1"))
			snprintf(buf, size, "P-384");
		else if (!strcmp(group, "secp521r1"))
			snprintf(buf, size, "P-521");
		else
			snprintf(buf, size, "%s", group);
	} else {
		const char *name = EVP_PKEY_get0_type_name(pkey);

		snprintf(buf, size, "%s", name ? name : "?");
	}
}

struct ms_key *key_new(const struct key_ops *ops, EVP_PKEY *pub, const char *uri,
	const char *place)
{
	struct ms_key *key = calloc(1, sizeof(*key));

	if (!key) {
		EVP_PKEY_free(pub);
		return NULL;
	}
	key->ops = ops;
	key->pub = pub;
	key->parallel = 1;
	key->uri = strdup(uri);
	key->place = strdup(place);
	key_type_name(pub, key->type, sizeof(key->type));
	if (!key->uri || !key->place) {
		EVP_PKEY_free(key->pub);
		free(key->uri);
		free(key->place);
		free(key);
		return NULL;
	}
	return key;
}

MS_API void ms_key_free(struct ms_key *key)
{
	if (!key)
		return;
	key->ops->free(key);
	for (int hash = 0; hash <= MS_HASH_SHA3_512; hash++)
		EVP_PKEY_CTX_free(key->begun[hash]);
	EVP_PKEY_free(key->pub);
	X509_free(key->cert);
	free(key->uri);
	free(key->place);
	free(key);
}

MS_API const char *ms_key_uri(const struct ms_key *key)
{
	return key->uri;
}

MS_API const char *ms_key_type(const struct ms_key *key)
{
	return key->type;
}

MS_API bool ms_key_in_hardware(const struct ms_key *key)
{
	return key->hardware;
}
