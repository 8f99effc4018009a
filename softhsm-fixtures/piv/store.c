/* SPDX-License-Identifier: Apache-2.0 */
#include "softhsm-fixtures/piv/card.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void die(const char *what, const char *name)
{
	fprintf(stderr, "pivcard: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

bool store_read(const char *name, struct bytes *out)
{
	FILE *f = fopen(name, "rbe");

	if (!f)
		return false;
	out->len = fread(out->data, 1, sizeof(out->data), f);
	fclose(f);
	return true;
}

void store_write(const char *name, const void *data, size_t len)
{
	char part[64];
	FILE *f;

	snprintf(part, sizeof(part), "%s.part", name);
	f = fopen(part, "wbe");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f) || rename(part, name))
		die("cannot write", name);
}

int store_number(const char *name, int otherwise)
{
	struct bytes text;

	if (!store_read(name, &text) || text.len >= sizeof(text.data))
		return otherwise;
	text.data[text.len] = 0;
	return atoi((char *)text.data);
}

void store_set_number(const char *name, int value)
{
	char text[16];

	store_write(name, text, (size_t)snprintf(text, sizeof(text), "%d\n", value));
}

void store_log(const uint8_t *data, size_t len, unsigned note)
{
	FILE *f = fopen("log", "ae");

	if (!f)
		die("cannot write", "log");
	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02x", data[i]);
	fprintf(f, " %04x\n", note);
	fclose(f);
}

EVP_PKEY *store_key(unsigned slot)
{
	char name[32];
	EVP_PKEY *key;
	FILE *f;

	snprintf(name, sizeof(name), "%02x.key.pem", slot);
	f = fopen(name, "re");
	if (!f)
		return NULL;
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (!key)
		die("no key in", name);
	return key;
}

/* The file holds: PIN-POLICY TOUCH-POLICY ORIGIN. */
void store_policy(unsigned slot, struct policy *policy)
{
	struct bytes text = { .len = 0 };
	char name[32];

	snprintf(name, sizeof(name), "%02x.policy", slot);
	if (!store_read(name, &text) || text.len >= sizeof(text.data))
		die("cannot read", name);
	text.data[text.len] = 0;
	if (sscanf((char *)text.data, "%d %d %d", &policy->pin, &policy->touch, &policy->origin) !=
		3)
		die("no policy in", name);
}

void store_set_key(unsigned slot, EVP_PKEY *key, const struct policy *policy)
{
	char name[32], text[64];
	FILE *f;

	snprintf(name, sizeof(name), "%02x.policy", slot);
	store_write(name, text,
		(size_t)snprintf(text, sizeof(text), "%d %d %d\n", policy->pin, policy->touch,
			policy->origin));
	snprintf(name, sizeof(name), "%02x.key.pem", slot);
	f = fopen(name, "we");
	if (!f || !PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) || fclose(f))
		die("cannot write", name);
}
