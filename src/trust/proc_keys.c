/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/keys: security/keys/proc.c, crypto/asymmetric_keys/asymmetric_type.c
 * asymmetric_key_describe(), x509_public_key.c x509_key_preparse() of the kernel. */
#include "src/trust/keyrings.h"

#include "src/base/cleanup.h"

#include <string.h>

void keyring_key_free(struct ms_keyring_key *key)
{
	free(key->type);
	free(key->description);
	free(key->subject);
	free(key->key_id);
	free(key->algorithm);
	*key = (struct ms_keyring_key){ 0 };
}

void proc_keys_free(struct proc_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		keyring_key_free(&keys->keys[i].key);
	free(keys->keys);
	*keys = (struct proc_keys){ 0 };
}

/* Where the last `what` in text begins, NULL if it is not there. */
static char *last(char *text, const char *what)
{
	char *found = NULL;

	for (char *p = text; (p = strstr(p, what)); p++)
		found = p;
	return found;
}

/* "Debian Secure Boot CA: 6ccece7e...: X509.rsa bd419ea1 []" */
static int take_asymmetric(char *text, struct ms_keyring_key *key)
{
	char *kind, *id;

	kind = last(text, " [");
	if (kind)
		*kind = '\0';
	kind = last(text, ": ");
	if (kind) {
		const char *algorithm = strchr(kind + 2, '.');

		*kind = '\0';
		if (algorithm) {
			key->algorithm = strndup(algorithm + 1, strcspn(algorithm + 1, " -"));
			if (!key->algorithm)
				return -1;
		}
	}
	key->description = strdup(text);
	id = last(text, ": ");
	if (id) {
		key->subject = strndup(text, (size_t)(id - text));
		key->key_id = strdup(id + 2);
	}
	return !key->description || (id && (!key->subject || !key->key_id)) ? -1 : 0;
}

/* 1: a key; 0: not understood; -1: out of memory. */
static int parse_line(char *line, struct proc_key *key)
{
	char type[10];
	int description = 0;

	if (sscanf(line, "%8x %*s %*s %*s %*s %*s %*s %9s %n", &key->serial, type, &description) <
			2 ||
		!description)
		return 0;
	/* Types are cut after nine letters. */
	key->key.type = strdup(strcmp(type, "asymmetri") ? type : "asymmetric");
	if (!key->key.type)
		return -1;
	line += description;
	if (!strcmp(type, "asymmetri"))
		return take_asymmetric(line, &key->key) < 0 ? -1 : 1;
	if (!strcmp(type, "keyring") && last(line, ": "))
		*last(line, ": ") = '\0';
	key->key.description = strdup(line);
	return key->key.description ? 1 : -1;
}

int proc_keys_parse(const char *text, struct proc_keys *keys)
{
	AUTO_FREE char *copy = strdup(text);
	char *rest = copy, *line;
	size_t lines = 1;
	int r = 0;

	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	keys->keys = calloc(lines, sizeof(*keys->keys));
	if (!copy || !keys->keys)
		return -1;
	while (r >= 0 && (line = strsep(&rest, "\n"))) {
		r = parse_line(line, &keys->keys[keys->n]);
		keys->n += r != 0;
	}
	return r < 0 ? -1 : 0;
}

const struct proc_key *proc_keys_find(
	const struct proc_keys *keys, const char *type, const char *description)
{
	for (size_t i = 0; i < keys->n; i++)
		if (!strcmp(keys->keys[i].key.type, type) &&
			!strcmp(keys->keys[i].key.description, description))
			return &keys->keys[i];
	return NULL;
}
