/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/standing.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/crypto/digest.h"
#include "src/trust/fact.h"
#include "src/trust/kernel_name.h"
#include "src/trust/keyrings.h"

#include <stdarg.h>
#include <string.h>

/* What is looked for: a description, or a key id whatever the name is. */
struct wanted {
	const char *description, *key_id;
	X509 *cert; /* NULL: not known */
};

static bool matches(const struct ms_keyring_key *key, const struct wanted *w)
{
	if (strcmp(key->type, "asymmetric") != 0)
		return false;
	if (w->description)
		return !strcmp(key->description, w->description);
	return key->key_id && !strcmp(key->key_id, w->key_id);
}

static bool is_among(const struct ms_keyring_key *keys, size_t n, const struct wanted *w)
{
	for (size_t i = 0; i < n; i++)
		if (matches(&keys[i], w))
			return true;
	return false;
}

/* A keyring that cannot be listed holds no key that /proc/keys does not show, unless it was that
 * which it could not be listed for. */
static enum ms_answer is_in(
	const struct ms_machine *m, enum ms_keyring_name i, const struct wanted *w)
{
	const struct ms_keyring *ring = &m->keyrings[i];

	if (is_among(ring->keys, ring->n_keys, w))
		return MS_YES;
	if (ring->listed.answer == MS_YES)
		return MS_NO;
	if (!ring->keys && ring->exists.answer == MS_YES && m->privileged &&
		!is_among(m->loose, m->n_loose, w))
		return MS_NO;
	return MS_UNKNOWN;
}

static void __attribute__((format(printf, 4, 5)))
say(struct ms_standing *s, enum ms_answer answer, const char *store, const char *fmt, ...)
{
	va_list ap;

	s->trusted = answer;
	s->store = store;
	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
}

static bool is_in_store(const struct ms_machine *m, enum ms_store_name i, const struct wanted *w)
{
	const struct ms_store *store = &m->stores[i];

	for (size_t k = 0; w->cert && k < store->n_certs; k++)
		if (X509_cmp(store->certs[k]->x509, w->cert) == 0)
			return true;
	return false;
}

/* Why .machine has not got a MOK. */
static void add_gate(const struct ms_machine *m, const struct wanted *w, struct ms_standing *s)
{
	struct ms_cert cert = { .x509 = w->cert };
	size_t len = strlen(s->why);
	char why[240];

	if (is_in_store(m, MS_STORE_MOK, w) &&
		ms_machine_takes_mok(m, &cert, why, sizeof(why)) == MS_NO)
		snprintf(s->why + len, sizeof(s->why) - len,
			"; it is enrolled (MokListRT), but not in .machine: %s", why);
}

/* Why a key that is in no keyring that counts is not there, as far as it can be told. */
static void explain_absent(
	const struct ms_machine *m, const struct wanted *w, struct ms_standing *s)
{
	char why[240];

	if (s->in[MS_KEYRING_PLATFORM] == MS_YES) {
		ms_machine_keyring_counts(m, MS_KEYRING_PLATFORM, why, sizeof(why));
		say(s, MS_NO, NULL, "its key is in .platform only: %s", why);
		add_gate(m, w, s);
	} else if (s->in[MS_KEYRING_MACHINE] == MS_YES) {
		ms_machine_keyring_counts(m, MS_KEYRING_MACHINE, why, sizeof(why));
		say(s, MS_NO, NULL, "its key is in .machine, but %s", why);
	} else if (is_in_store(m, MS_STORE_MOK, w)) {
		struct ms_cert cert = { .x509 = w->cert };

		ms_machine_takes_mok(m, &cert, why, sizeof(why));
		say(s, MS_NO, NULL, "it is enrolled (MokListRT), but in no keyring: %s", why);
	} else if (is_in_store(m, MS_STORE_DB, w)) {
		say(s, MS_NO, NULL, "it is in db, but in no keyring of the kernel");
	} else {
		say(s, MS_NO, NULL, "its key is in none of the kernel's keyrings");
	}
}

static void judge_trust(const struct ms_machine *m, const struct wanted *w, struct ms_standing *s)
{
	static const enum ms_keyring_name order[] = { MS_KEYRING_BUILTIN, MS_KEYRING_SECONDARY,
		MS_KEYRING_MACHINE, MS_KEYRING_PLATFORM };
	int open = -1; /* the keyring that leaves it open */
	char why[240];

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		enum ms_answer counts = ms_machine_keyring_counts(m, order[i], why, sizeof(why));

		if (counts == MS_YES && s->in[order[i]] == MS_YES) {
			say(s, MS_YES, keyring_names[order[i]], "its key is in %s",
				keyring_names[order[i]]);
			return;
		}
		if (counts != MS_NO && s->in[order[i]] != MS_NO && open < 0)
			open = (int)order[i];
	}
	if (open < 0)
		explain_absent(m, w, s);
	else if (s->in[open] == MS_YES) {
		ms_machine_keyring_counts(m, (enum ms_keyring_name)open, why, sizeof(why));
		say(s, MS_UNKNOWN, keyring_names[open], "its key is in %s; %s", keyring_names[open],
			why);
	} else if (is_among(m->loose, m->n_loose, w)) {
		say(s, MS_UNKNOWN, NULL,
			"the kernel has its key, but in which keyring is not known: %s",
			m->keyrings[open].listed.unknown);
	} else {
		say(s, MS_UNKNOWN, NULL, "what %s holds is not known: %s", keyring_names[open],
			m->keyrings[open].listed.unknown);
	}
}

static void set_revoked(struct ms_standing *s, const char *store)
{
	s->revoked = MS_YES;
	s->trusted = MS_NO;
	s->store = store;
	snprintf(s->why, sizeof(s->why), "it is revoked: its key is in %s", store);
}

/* certs/blacklist.c: .blacklist takes certificates of dbx and MokListXRT, if the kernel has
 * CONFIG_SYSTEM_REVOCATION_LIST (5.13); what it holds is what counts. */
static void judge_revoked(const struct ms_machine *m, const struct wanted *w, struct ms_standing *s)
{
	s->revoked = MS_NO;
	if (ms_machine_option_on(m, "SYSTEM_REVOCATION_LIST") == MS_NO)
		return;
	s->revoked = s->in[MS_KEYRING_BLACKLIST];
	if (s->revoked == MS_YES)
		set_revoked(s, ".blacklist");
	if (s->revoked != MS_UNKNOWN || ms_machine_option_on(m, "SYSTEM_REVOCATION_LIST") != MS_YES)
		return;
	if (is_in_store(m, MS_STORE_DBX, w))
		set_revoked(s, "dbx");
	else if (is_in_store(m, MS_STORE_MOKX, w) && m->secure_boot.answer == MS_YES)
		set_revoked(s, "MokListXRT");
}

static void judge(const struct ms_machine *m, const struct wanted *w, struct ms_standing *s)
{
	*s = (struct ms_standing){ 0 };
	for (int i = 0; i < MS_KEYRINGS; i++)
		s->in[i] = is_in(m, (enum ms_keyring_name)i, w);
	judge_trust(m, w, s);
	judge_revoked(m, w, s);
}

int standing_of_cert(
	const struct ms_machine *m, X509 *cert, struct ms_standing *standing, struct ms_error *err)
{
	AUTO_FREE char *description = kernel_name(cert);
	struct wanted w = { .description = description, .cert = cert };

	if (!description)
		return err_nomem(err);
	judge(m, &w, standing);
	return 0;
}

int standing_of_key_id(const struct ms_machine *m, const uint8_t *id, size_t len,
	struct ms_standing *standing, struct ms_error *err)
{
	AUTO_FREE char *hex = cert_hex(id, len);
	struct wanted w = { .key_id = hex };

	if (!hex)
		return err_nomem(err);
	judge(m, &w, standing);
	return 0;
}

MS_API int ms_machine_standing(const struct ms_machine *m, const struct ms_cert *cert,
	struct ms_standing *standing, struct ms_error *err)
{
	return standing_of_cert(m, cert->x509, standing, err);
}

enum ms_answer standing_tbs_revoked(const struct ms_machine *m, X509 *cert)
{
	const struct ms_keyring *ring = &m->keyrings[MS_KEYRING_BLACKLIST];
	uint8_t digest[MS_HASH_MAX_SIZE];
	unsigned char *tbs = NULL;
	int nid = NID_undef, len;
	enum ms_hash hash;
	char *hex = NULL;
	enum ms_answer answer = MS_NO;

	if (ring->listed.answer != MS_YES)
		return MS_UNKNOWN;
	OBJ_find_sigid_algs(X509_get_signature_nid(cert), &nid, NULL);
	hash = digest_by_nid(nid);
	len = i2d_re_X509_tbs(cert, &tbs);
	if (hash && len > 0 && digest_of(hash, tbs, (size_t)len, digest, NULL) == 0)
		hex = cert_hex(digest, ms_hash_size(hash));
	for (size_t i = 0; hex && i < ring->n_keys; i++)
		if (!strncmp(ring->keys[i].description, "tbs:", 4) &&
			!strcmp(ring->keys[i].description + 4, hex))
			answer = MS_YES;
	free(hex);
	OPENSSL_free(tbs);
	return answer;
}
