/* SPDX-License-Identifier: Apache-2.0 */
/* Which keyrings a kernel looks into for module signers: kernel/module/signing.c
 * mod_verify_sig(), certs/system_keyring.c verify_pkcs7_message_sig(). */
#include "src/trust/fact.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* Distributions whose kernels also look into .platform: a patch by Robert Holmes (2019) that
 * mainline did not take. Told by what stands in /proc/version, since any kernel can be run on any
 * distribution. */
static const struct {
	const char *pattern, *who;
	enum ms_answer looks;
} builders[] = {
	{ "*debian-kernel@lists.debian.org*",
		"Debian's kernels look for module signers in it, by a patch", MS_YES },
	{ "*.fc[0-9]*", "Fedora's kernels look for module signers in it, by a patch", MS_YES },
	{ "*.el[0-9].*", "Red Hat's kernels look for module signers in it, by a patch", MS_YES },
	{ "*.el[0-9][0-9].*", "Red Hat's kernels look for module signers in it, by a patch",
		MS_YES },
	{ "*.el[0-9]_*", "Red Hat's kernels look for module signers in it, by a patch", MS_YES },
	{ "*.el[0-9][0-9]_*", "Red Hat's kernels look for module signers in it, by a patch",
		MS_YES },
	/* "Patch-mainline: Never, SUSE-specific" */
	{ "*(geeko@buildhost)*", "SUSE's kernels look for module signers in it, by a patch",
		MS_YES },
	/* Seen under module.sig_enforce (github.com/linux-surface/linux-surface/issues/906); of later ones it
	 * is not known. */
	{ "Linux version 5.15.*(buildd@*Ubuntu*",
		"Ubuntu's 5.15 kernels look for module signers in it, by a patch", MS_YES },
	{ "*@archlinux*",
		"Arch's kernels do not look for module signers in it, as mainline's do not",
		MS_NO },
};

static enum ms_answer looks_into_platform(const struct ms_machine *m, char *why, size_t size)
{
	const char *version = m->priv->running && m->version.text ? m->version.text : "";

	if (ms_machine_option_on(m, "MODULE_SIG_PLATFORM") == MS_YES) {
		snprintf(why, size, "CONFIG_MODULE_SIG_PLATFORM is on");
		return MS_YES;
	}
	for (size_t i = 0; i < sizeof(builders) / sizeof(builders[0]); i++) {
		if (fnmatch(builders[i].pattern, version, 0) == 0) {
			snprintf(why, size, "%s", builders[i].who);
			return builders[i].looks;
		}
	}
	snprintf(why, size,
		"mainline kernels do not look into .platform, those of some distributions "
		"do, and whose this is is not known");
	return MS_UNKNOWN;
}

/* Links in .secondary_trusted_keys tell what it takes in; .machine is linked when MOKs are trusted
 * (security/integrity/digsig.c). */
static enum ms_answer is_linked(const struct ms_machine *m, enum ms_keyring_name ring)
{
	const struct ms_keyring *secondary = &m->keyrings[MS_KEYRING_SECONDARY];

	if (secondary->exists.answer == MS_NO)
		return MS_NO;
	if (secondary->listed.answer != MS_YES)
		return MS_UNKNOWN;
	for (size_t i = 0; i < secondary->n_keys; i++)
		if (!strcmp(secondary->keys[i].type, "keyring") &&
			!strcmp(secondary->keys[i].description, m->keyrings[ring].name))
			return MS_YES;
	return MS_NO;
}

MS_API enum ms_answer ms_machine_keyring_counts(
	const struct ms_machine *m, enum ms_keyring_name ring, char *why, size_t size)
{
	enum ms_answer linked;

	if (ms_machine_option_on(m, "MODULE_SIG") == MS_NO) {
		snprintf(
			why, size, "this kernel looks at no module signatures (CONFIG_MODULE_SIG)");
		return MS_NO;
	}
	if (m->keyrings[ring].exists.answer == MS_NO) {
		snprintf(why, size, "this kernel has no such keyring");
		return MS_NO;
	}
	switch (ring) {
	case MS_KEYRING_BUILTIN:
		snprintf(why, size, "what is built into the kernel is trusted");
		return MS_YES;
	case MS_KEYRING_SECONDARY:
		snprintf(why, size, "module signers are looked for in it");
		return MS_YES;
	case MS_KEYRING_MACHINE:
		linked = is_linked(m, ring);
		snprintf(why, size,
			linked == MS_YES ? ".secondary_trusted_keys holds a link to it"
				: linked == MS_NO
				? ".secondary_trusted_keys holds no link to it: the MOKs are not "
				  "trusted"
				: "it counts if .secondary_trusted_keys holds a link to it, which "
				  "is not "
				  "known");
		return linked;
	case MS_KEYRING_PLATFORM:
		return looks_into_platform(m, why, size);
	default:
		snprintf(why, size, "it holds what is revoked");
		return MS_NO;
	}
}
