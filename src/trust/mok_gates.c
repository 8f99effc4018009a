/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between a MOK and the .machine keyring: security/integrity/platform_certs/load_uefi.c,
 * machine_keyring.c, security/integrity/digsig.c. */
#include "src/trust/mok_gates.h"

#include "src/trust/can_check.h"

#include <stdio.h>
#include <string.h>

const struct ms_cert_place *mok_machine_place(const struct ms_machine *m,
	const struct ms_cert_view *v)
{
	const char *under = NULL;

	if (ms_machine_option_on(m, "INTEGRITY_CA_MACHINE_KEYRING_MAX") == MS_YES)
		under = "CONFIG_INTEGRITY_CA_MACHINE_KEYRING_MAX";
	else if (ms_machine_option_on(m, "INTEGRITY_CA_MACHINE_KEYRING") == MS_YES)
		under = "CONFIG_INTEGRITY_CA_MACHINE_KEYRING";
	for (size_t i = 0; i < v->n_places; i++) {
		const struct ms_cert_place *p = &v->places[i];

		if (!strcmp(p->name, ".machine") &&
			(under ? p->under && !strcmp(p->under, under) : !p->under))
			return p;
	}
	return NULL;
}

static enum ms_answer say(enum ms_answer answer, char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return answer;
}

static enum ms_answer judge_cert(const struct ms_machine *m, const struct ms_cert *cert, char *why,
	size_t size)
{
	struct ms_cert_view *v = NULL;
	const struct ms_cert_place *place;
	enum ms_answer answer = MS_UNKNOWN;

	if (ms_cert_view_new(cert, &v, NULL) < 0)
		return say(MS_UNKNOWN, why, size, "out of memory");
	place = mok_machine_place(m, v);
	if (can_check_key(m, v, why, size) == MS_NO)
		answer = MS_NO;
	else if (place)
		answer = say(place->accept == MS_ACCEPT_YES ? MS_YES : MS_NO, why, size, place->why);
	ms_cert_view_free(v);
	return answer;
}

/* Up to 7.0 the kernel asks IMA's architecture policy whether Secure Boot is on. */
static bool needs_ima(const struct ms_machine *m)
{
	unsigned major = 0, minor = 0;

	return m->release.text && sscanf(m->release.text, "%u.%u", &major, &minor) == 2 &&
		(major < 7 || (major == 7 && minor < 1));
}

static bool is_shut(const struct ms_machine *m, enum mok_gate gate)
{
	switch (gate) {
	case MOK_GATE_KEYRING:
		return ms_machine_option_on(m, "INTEGRITY_MACHINE_KEYRING") == MS_NO;
	case MOK_GATE_LOADING:
		return ms_machine_option_on(m, "LOAD_UEFI_KEYS") == MS_NO;
	case MOK_GATE_IMA:
		return needs_ima(m) &&
			ms_machine_option_on(m, "IMA_SECURE_AND_OR_TRUSTED_BOOT") == MS_NO;
	case MOK_GATE_EFI:
		return m->efi.answer == MS_NO;
	case MOK_GATE_SHIM:
		return m->efi.answer == MS_YES && m->stores[MS_STORE_MOK].exists.answer == MS_NO &&
			m->mok_insecure.answer != MS_YES && m->mok_trusted.answer != MS_YES;
	case MOK_GATE_SECURE_BOOT:
		return m->secure_boot.answer == MS_NO;
	case MOK_GATE_VALIDATION:
		return m->mok_insecure.answer == MS_YES;
	case MOK_GATE_TRUST:
		return m->mok_trusted.answer == MS_NO;
	case MOK_GATE_NONE:
		break;
	}
	return false;
}

enum mok_gate mok_gate_shut(const struct ms_machine *m, const enum mok_gate *order)
{
	while (*order != MOK_GATE_NONE && !is_shut(m, *order))
		order++;
	return *order;
}

enum ms_answer mok_gate_machine(const struct ms_machine *m, char *why, size_t size)
{
	/* The kernel's own first: what no setting opens. */
	static const enum mok_gate order[] = { MOK_GATE_KEYRING, MOK_GATE_LOADING, MOK_GATE_IMA,
		MOK_GATE_EFI, MOK_GATE_SECURE_BOOT, MOK_GATE_VALIDATION, MOK_GATE_TRUST,
		MOK_GATE_NONE };
	static const char *const words[] = {
		[MOK_GATE_KEYRING] =
			"this kernel has no .machine keyring (CONFIG_INTEGRITY_MACHINE_KEYRING)",
		[MOK_GATE_LOADING] =
			"this kernel takes no keys from the firmware (CONFIG_LOAD_UEFI_KEYS)",
		[MOK_GATE_IMA] = "this kernel does not see that Secure Boot is on "
				 "(CONFIG_IMA_SECURE_AND_OR_TRUSTED_BOOT)",
		[MOK_GATE_EFI] = "this machine was not booted by EFI",
		[MOK_GATE_SECURE_BOOT] = "Secure Boot is off, and MOKs count only when it is on",
		[MOK_GATE_VALIDATION] =
			"shim does not validate (mokutil --disable-validation): to the kernel "
			"Secure Boot is off",
		[MOK_GATE_TRUST] = "MokListTrustedRT is not set (mokutil --trust-mok)",
	};
	enum mok_gate gate = mok_gate_shut(m, order);

	if (gate != MOK_GATE_NONE)
		return say(MS_NO, why, size, words[gate]);
	if (m->config.answer == MS_UNKNOWN)
		return say(MS_UNKNOWN, why, size, m->config.unknown);
	if (m->secure_boot.answer == MS_UNKNOWN)
		return say(MS_UNKNOWN, why, size, m->secure_boot.unknown);
	if (m->mok_trusted.answer == MS_UNKNOWN)
		return say(MS_UNKNOWN, why, size, m->mok_trusted.unknown);
	return MS_YES;
}

MS_API enum ms_answer ms_machine_takes_mok(const struct ms_machine *m, const struct ms_cert *cert,
	char *why, size_t size)
{
	enum ms_answer gate = mok_gate_machine(m, why, size);

	return gate == MS_YES ? judge_cert(m, cert, why, size) : gate;
}
