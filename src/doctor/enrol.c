/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/enrol.h"

#include "src/doctor/keys.h"
#include "src/trust/mok_gates.h"

#define BLUE_SCREEN "Enroll MOK, Continue, Yes, password"

/* The first that is shut. What is not known is no reason not to try. */
static enum mok_gate shut_gate(const struct doctor *d)
{
	const enum mok_gate order[] = { MOK_GATE_EFI, MOK_GATE_SHIM, MOK_GATE_SECURE_BOOT,
		MOK_GATE_VALIDATION,
		/* What does not get into .machine goes to .platform. */
		platform_counts(d) ? MOK_GATE_NONE : MOK_GATE_KEYRING, MOK_GATE_TRUST,
		MOK_GATE_NONE };

	return mok_gate_shut(d->machine, order);
}

const char *enrol_words(struct doctor *d)
{
	static const char *const words[] = {
		[MOK_GATE_NONE] = ", and enrol its certificate as a MOK",
		[MOK_GATE_SECURE_BOOT] =
			", and enrol its certificate as a MOK: MOKs count under Secure Boot only, "
			"which is off now",
		[MOK_GATE_VALIDATION] =
			", and enrol its certificate as a MOK: MOKs count only when shim validates",
		[MOK_GATE_TRUST] =
			", and enrol its certificate as a MOK: shim has to tell the kernel "
			"to trust MOKs, too",
		[MOK_GATE_SHIM] =
			", and have its certificate trusted: this machine was not booted through "
			"shim, which keeps MOKs",
		[MOK_GATE_KEYRING] =
			", and have its certificate trusted: this kernel takes no MOKs for "
			"modules (CONFIG_INTEGRITY_MACHINE_KEYRING), so it has to be built in",
		[MOK_GATE_EFI] =
			", and have its certificate trusted: this machine was not booted by "
			"EFI, so there are no MOKs, and it has to be built into the kernel",
	};

	if (shut_gate(d) == MOK_GATE_SHIM)
		return kept(d, "%s; boot through it, build the certificate into the kernel%s",
			words[MOK_GATE_SHIM],
			platform_counts(d) ? ", or add it to the firmware's db" : "");
	return words[shut_gate(d)];
}

void enrol_commands(struct finding *f, const char *cert)
{
	enum mok_gate gate = f ? shut_gate(f->doctor) : MOK_GATE_NONE;

	switch (gate) {
	case MOK_GATE_SHIM:
	case MOK_GATE_KEYRING:
	case MOK_GATE_EFI:
		command(f,
			"scripts/config --set-str SYSTEM_TRUSTED_KEYS %s   # as PEM, in the "
			"kernel's tree",
			cert);
		return;
	default:
		break;
	}
	command(f, "modseal trust enrol %s", cert);
	if (gate == MOK_GATE_TRUST)
		command(f, "mokutil --trust-mok");
	if (gate == MOK_GATE_VALIDATION)
		command(f, "mokutil --enable-validation");
	if (gate == MOK_GATE_SECURE_BOOT)
		command_reboot(
			f, true, "switch Secure Boot on; then in the blue screen: " BLUE_SCREEN);
	else
		command_reboot(f, false, "in the blue screen: " BLUE_SCREEN);
}

bool enrol_wants_ca(const struct doctor *d)
{
	return !platform_counts(d) &&
		(option_is_on(d, "INTEGRITY_CA_MACHINE_KEYRING") ||
			option_is_on(d, "INTEGRITY_CA_MACHINE_KEYRING_MAX"));
}
