/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel trusts, and what of that cannot be seen. */
#include "src/doctor/checks.h"

#include <string.h>

static void config(struct doctor *d)
{
	static const char *const names[] = { "SYSTEM_TRUSTED_KEYS", "SECONDARY_TRUSTED_KEYRING",
		"SECONDARY_TRUSTED_KEYRING_SIGNED_BY_BUILTIN", "SYSTEM_BLACKLIST_KEYRING",
		"SYSTEM_REVOCATION_KEYS", "INTEGRITY_PLATFORM_KEYRING", "LOAD_UEFI_KEYS",
		"INTEGRITY_MACHINE_KEYRING", "INTEGRITY_CA_MACHINE_KEYRING",
		"INTEGRITY_CA_MACHINE_KEYRING_MAX", "MODULE_SIG_PLATFORM" };
	const char *built_in = ms_machine_option(d->machine, "SYSTEM_TRUSTED_KEYS");
	struct finding *f;

	if (d->machine->config.answer != MS_YES) {
		f = found(d, MS_NOT_KNOWN, "no-config",
			"this kernel's configuration was not found%s%s",
			d->machine->config.unknown ? ": " : "",
			d->machine->config.unknown ? d->machine->config.unknown : "");
		because(f,
			"It is looked for as /boot/config-VERSION, in /lib/modules/VERSION and as "
			"/proc/config.gz.");
		return;
	}
	f = found(d, MS_NOTE, "config", "certificates built into this kernel besides its own: %s",
		built_in && *built_in && strcmp(built_in, "n") != 0
			? built_in
			: "none (CONFIG_SYSTEM_TRUSTED_KEYS)");
	detail(f, "config", "%s", text_of(&d->machine->config));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ms_machine_option(d->machine, names[i]))
			detail(f, kept(d, "CONFIG_%s", names[i]), "%s", option(d, names[i]));
}

/* Why it is not known what the keyring holds; NULL if it is. */
static const char *unknown(const struct ms_keyring *k)
{
	if (k->listed.answer == MS_YES)
		return NULL;
	if (k->listed.unknown)
		return k->listed.unknown;
	return k->exists.unknown ? k->exists.unknown : "nothing says so";
}

static void tell_known(
	struct doctor *d, const struct ms_keyring *k, enum ms_answer counts, const char *why)
{
	struct finding *f;
	size_t n = 0;

	for (size_t i = 0; i < k->n_keys; i++)
		n += k->keys[i].key_id != NULL;
	f = found(d, MS_NOTE, "keyring", "%s: %zu %s%s%s", k->name, n, n == 1 ? "key" : "keys",
		counts == MS_UNKNOWN ? "; whether they count for modules is not known: " : "",
		counts == MS_UNKNOWN ? why : "");
	detail(f, "keyring", "%s", k->name);
	for (size_t i = 0; i < k->n_keys; i++)
		if (k->keys[i].key_id)
			detail(f, "key", "%s", k->keys[i].description);
}

/* Those of which it is not known for the same reason are told together. */
static void tell_unknown(struct doctor *d, const char *names, const char *why)
{
	struct finding *f;

	if (!*names)
		return;
	f = found(d, MS_NOT_KNOWN, "keyring-unknown", "what is in %s is not known: %s", names, why);
	if (d->machine->live && !d->machine->privileged)
		because(f, "Root may see it.");
}

void check_keyrings(struct doctor *d)
{
	const char *names = "", *reason = "";

	if (ms_machine_option_on(d->machine, "MODULES") == MS_NO)
		return;
	config(d);
	for (int i = MS_KEYRING_BUILTIN; i <= MS_KEYRING_PLATFORM; i++) {
		const struct ms_keyring *k = &d->machine->keyrings[i];
		char why[256] = "";
		enum ms_answer counts = ms_machine_keyring_counts(
			d->machine, (enum ms_keyring_name)i, why, sizeof(why));

		if (k->exists.answer == MS_NO || counts == MS_NO)
			continue;
		if (!unknown(k)) {
			tell_known(d, k, counts, why);
			continue;
		}
		if (strcmp(reason, unknown(k)) != 0) {
			tell_unknown(d, names, reason);
			names = "";
			reason = unknown(k);
		}
		names = kept(d, "%s%s%s", names, *names ? ", " : "", k->name);
	}
	tell_unknown(d, names, reason);
}
