/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/keys.h"

#include "src/doctor/enrol.h"

#include <modseal/certview.h>
#include <stdlib.h>

/* A certificate that no kernel takes, or that is revoked, or no CA where only CAs are taken. */
static bool is_hopeless(const struct doctor *d, const struct ms_cert *cert)
{
	struct ms_cert_view *view = NULL;
	bool hopeless;

	if (ms_cert_view_new(cert, &view, NULL) < 0)
		return false;
	hopeless = view->problem[0] || (enrol_wants_ca(d) && !(view->ca && view->key_cert_sign));
	ms_cert_view_free(view);
	return hopeless;
}

static struct key_standing ask(const struct doctor *d, const char *path)
{
	struct key_standing k = { .trusted = MS_UNKNOWN };
	struct ms_standing standing = { 0 };
	struct ms_cert **certs = NULL;
	size_t n = 0;

	if (ms_cert_open_all(path, &certs, &n, NULL) < 0)
		return k;
	if (n && ms_machine_standing(d->machine, certs[0], &standing, NULL) == 0) {
		k.trusted = standing.trusted;
		k.hopeless = standing.revoked == MS_YES || is_hopeless(d, certs[0]);
	}
	ms_cert_list_free(certs, n);
	return k;
}

void keys_look(struct doctor *d)
{
	/* What cannot be read is no reason not to look at the rest: check_keys says that. */
	if (ms_find_keys(d->machine->live ? NULL : d->machine->root, &d->keys, &d->keys_error) < 0)
		return;
	d->key_standing = calloc(d->keys->n_keys + 1, sizeof(*d->key_standing));
	if (!d->key_standing) {
		d->nomem = true;
		return;
	}
	for (size_t i = 0; i < d->keys->n_keys; i++)
		if (key_is_usable(&d->keys->keys[i]))
			d->key_standing[i] = ask(d, d->keys->keys[i].cert);
}

bool key_is_usable(const struct ms_found_key *key)
{
	return !key->problem && key->cert;
}

enum ms_answer key_is_trusted(const struct doctor *d, const struct ms_found_key *key)
{
	return d->key_standing ? d->key_standing[key - d->keys->keys].trusted : MS_UNKNOWN;
}

bool key_can_be_trusted(const struct doctor *d, const struct ms_found_key *key)
{
	return !d->key_standing || !d->key_standing[key - d->keys->keys].hopeless;
}

bool platform_counts(const struct doctor *d)
{
	char why[256];

	return ms_machine_keyring_counts(d->machine, MS_KEYRING_PLATFORM, why, sizeof(why)) ==
		MS_YES;
}
