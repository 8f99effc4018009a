/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/keyrings.h"

#include "src/base/cleanup.h"
#include "src/trust/fact.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/syscall.h>

const char *const keyring_names[MS_KEYRINGS] = {
	[MS_KEYRING_BUILTIN] = ".builtin_trusted_keys",
	[MS_KEYRING_SECONDARY] = ".secondary_trusted_keys",
	[MS_KEYRING_MACHINE] = ".machine",
	[MS_KEYRING_PLATFORM] = ".platform",
	[MS_KEYRING_BLACKLIST] = ".blacklist",
};

/* The option without which a kernel has no such keyring. */
static const char *const needed[MS_KEYRINGS] = {
	[MS_KEYRING_BUILTIN] = "SYSTEM_TRUSTED_KEYRING",
	[MS_KEYRING_SECONDARY] = "SECONDARY_TRUSTED_KEYRING",
	[MS_KEYRING_MACHINE] = "INTEGRITY_MACHINE_KEYRING",
	[MS_KEYRING_PLATFORM] = "INTEGRITY_PLATFORM_KEYRING",
	[MS_KEYRING_BLACKLIST] = "SYSTEM_BLACKLIST_KEYRING",
};

int keyring_members(uint32_t keyring, uint32_t **serials, size_t *n)
{
	long bytes = syscall(SYS_keyctl, KEYCTL_READ, keyring, NULL, 0);

	if (bytes < 0)
		return -errno;
	/* One more, since it may grow meanwhile. */
	*serials = calloc((size_t)bytes / sizeof(**serials) + 1, sizeof(**serials));
	if (!*serials)
		return -ENOMEM;
	*n = (size_t)bytes / sizeof(**serials);
	bytes = syscall(SYS_keyctl, KEYCTL_READ, keyring, *serials, (unsigned long)bytes);
	if (bytes < 0) {
		int e = errno;

		free(*serials);
		return -e;
	}
	if ((size_t)bytes / sizeof(**serials) < *n)
		*n = (size_t)bytes / sizeof(**serials);
	return 0;
}

/* The same from a line of a recorded machine's file. 1: no line of that name. */
static int recorded_members(const char *file, const char *name, uint32_t **serials, size_t *n)
{
	size_t len = strlen(name);
	const char *line = file;
	char *end;

	while (line && !(!strncmp(line, name, len) && strchr(" \n", line[len]))) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return 1;
	line += len;
	len = strcspn(line, "\n");
	*serials = calloc(len / 2 + 1, sizeof(**serials));
	if (!*serials)
		return -ENOMEM;
	for (*n = 0; *line == ' '; line = end) {
		unsigned long serial = strtoul(line, &end, 16);

		if (end == line)
			break;
		(*serials)[(*n)++] = (uint32_t)serial;
	}
	return 0;
}

static int copy_key(struct ms_keyring_key *to, const struct ms_keyring_key *from)
{
	to->type = strdup(from->type);
	to->description = strdup(from->description);
	if (from->subject)
		to->subject = strdup(from->subject);
	if (from->key_id)
		to->key_id = strdup(from->key_id);
	if (from->algorithm)
		to->algorithm = strdup(from->algorithm);
	return to->type && to->description && !from->subject == !to->subject &&
			!from->key_id == !to->key_id && !from->algorithm == !to->algorithm
		? 0
		: -1;
}

static void take_members(struct ms_machine *m, struct ms_keyring *ring, struct proc_keys *all,
	const uint32_t *serials, size_t n)
{
	ring->keys = calloc(n ? n : 1, sizeof(*ring->keys));
	if (!ring->keys)
		m->priv->nomem = true;
	for (size_t i = 0; ring->keys && i < n; i++) {
		struct proc_key *k = all->keys;

		while (k < all->keys + all->n && k->serial != serials[i])
			k++;
		if (k == all->keys + all->n) {
			fact_unknown(m, &ring->listed, "/proc/keys does not show its key %08x",
				serials[i]);
			return;
		}
		if (copy_key(&ring->keys[ring->n_keys++], &k->key) < 0)
			m->priv->nomem = true;
		k->member = true;
	}
}

/* Whether it is there: seen, or the kernel is built without it, or it is not where the others are.
 */
static void judge_absent(struct ms_machine *m, struct ms_keyring *ring, const char *option,
	const struct proc_keys *all, const char *unreadable)
{
	char source[64];

	if (ms_machine_option_on(m, option) == MS_NO) {
		snprintf(source, sizeof(source), "CONFIG_%s", option);
		fact_set(m, &ring->exists, MS_NO, source, NULL);
	} else if (unreadable) {
		fact_unknown(m, &ring->exists, "%s", unreadable);
	} else if (proc_keys_find(all, "keyring", keyring_names[MS_KEYRING_BUILTIN])) {
		fact_set(m, &ring->exists, MS_NO, "/proc/keys", NULL);
	} else if (!m->privileged) {
		fact_unknown(m, &ring->exists, "the kernel shows its keyrings to root only");
	} else {
		fact_unknown(m, &ring->exists, "/proc/keys shows none of the kernel's keyrings");
	}
	if (ring->exists.answer == MS_NO)
		fact_set(m, &ring->listed, MS_YES, ring->exists.source, NULL);
	else
		fact_unknown(
			m, &ring->listed, "%s", ring->exists.unknown ? ring->exists.unknown : "");
}

static void list_members(struct ms_machine *m, struct ms_keyring *ring, uint32_t serial,
	struct proc_keys *all, const char *recorded)
{
	AUTO_FREE uint32_t *serials = NULL;
	size_t n = 0;
	int r;

	if (!recorded && !m->live) {
		fact_unknown(m, &ring->listed,
			"/proc/keys does not tell which keyring a key is in, and "
			"there is no " KEYRINGS_FILE);
		return;
	}
	r = recorded ? recorded_members(recorded, ring->name, &serials, &n)
		     : keyring_members(serial, &serials, &n);
	if (r == -ENOMEM) {
		m->priv->nomem = true;
	} else if (r > 0) {
		fact_unknown(m, &ring->listed, KEYRINGS_FILE " does not name it");
	} else if (r < 0) {
		fact_unknown(
			m, &ring->listed, "the kernel does not let it be read: %s", strerror(-r));
	} else {
		fact_set(m, &ring->listed, MS_YES, recorded ? KEYRINGS_FILE : "keyctl(2)", NULL);
		take_members(m, ring, all, serials, n);
	}
}

/* "keyring   .machine: empty" says all of its members. */
static bool is_empty(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = text; (p = strstr(p, name)); p += len)
		if (p > text && p[-1] == ' ' && !strncmp(p + len, ": empty", strlen(": empty")))
			return true;
	return false;
}

static void take_loose(struct ms_machine *m, struct proc_keys *all)
{
	m->loose = calloc(all->n ? all->n : 1, sizeof(*m->loose));
	if (!m->loose)
		m->priv->nomem = true;
	for (size_t i = 0; m->loose && i < all->n; i++)
		if (!all->keys[i].member && !strcmp(all->keys[i].key.type, "asymmetric") &&
			copy_key(&m->loose[m->n_loose++], &all->keys[i].key) < 0)
			m->priv->nomem = true;
}

void facts_of_keyrings(struct ms_machine *m)
{
	AUTO_FREE char *text = NULL, *recorded = NULL, *unreadable = NULL;
	struct proc_keys all = { 0 };
	int r = root_text(&m->priv->root, "/proc/keys", &text);

	if (r < 0 && asprintf(&unreadable, "/proc/keys: %s", strerror(-r)) < 0) {
		unreadable = NULL;
		m->priv->nomem = true;
	}
	if (!m->live)
		root_text(&m->priv->root, KEYRINGS_FILE, &recorded); /* none is an answer, too */
	if (text && proc_keys_parse(text, &all) < 0)
		m->priv->nomem = true;
	for (int i = 0; i < MS_KEYRINGS; i++) {
		struct ms_keyring *ring = &m->keyrings[i];
		const struct proc_key *k = proc_keys_find(&all, "keyring", keyring_names[i]);

		ring->name = keyring_names[i];
		if (!k) {
			judge_absent(m, ring, needed[i], &all, unreadable);
			continue;
		}
		fact_set(m, &ring->exists, MS_YES, "/proc/keys", NULL);
		if (is_empty(text, ring->name))
			fact_set(m, &ring->listed, MS_YES, "/proc/keys", NULL);
		else
			list_members(m, ring, k->serial, &all, recorded);
	}
	take_loose(m, &all);
	proc_keys_free(&all);
}
