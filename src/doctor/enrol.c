/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/enrol.h"

#include "src/doctor/keys.h"

#define BLUE_SCREEN "Enroll MOK, Continue, Yes, password"

enum gate {
	GATE_NONE,	  /* a MOK will be trusted */
	GATE_SECURE_BOOT, /* it is off */
	GATE_VALIDATION,  /* shim does not validate */
	GATE_TRUST,	  /* shim does not tell the kernel to trust MOKs */
	GATE_SHIM,	  /* there is none */
	GATE_KERNEL,	  /* it takes no MOKs */
	GATE_EFI,	  /* none: no MOKs */
};

static bool has_shim(const struct doctor *d)
{
	const struct ms_machine *m = d->machine;

	return m->stores[MS_STORE_MOK].exists.answer == MS_YES ||
		m->mok_insecure.answer == MS_YES || m->mok_trusted.answer == MS_YES;
}

/* The first that is closed. What is not known is no reason not to try. */
static enum gate closed_gate(const struct doctor *d)
{
	const struct ms_machine *m = d->machine;

	if (m->efi.answer == MS_NO)
		return GATE_EFI;
	if (m->efi.answer == MS_YES && m->stores[MS_STORE_MOK].exists.answer == MS_NO &&
		!has_shim(d))
		return GATE_SHIM;
	if (m->secure_boot.answer == MS_NO)
		return GATE_SECURE_BOOT;
	if (m->mok_insecure.answer == MS_YES)
		return GATE_VALIDATION;
	/* What does not get into .machine goes to .platform. */
	if (platform_counts(d))
		return GATE_NONE;
	if (ms_machine_option_on(m, "INTEGRITY_MACHINE_KEYRING") == MS_NO)
		return GATE_KERNEL;
	return m->mok_trusted.answer == MS_NO ? GATE_TRUST : GATE_NONE;
}

const char *enrol_words(struct doctor *d)
{
	static const char *const words[] = {
		[GATE_NONE] = ", and enrol its certificate as a MOK",
		[GATE_SECURE_BOOT] =
			", and enrol its certificate as a MOK: MOKs count under Secure Boot only, "
			"which is off now",
		[GATE_VALIDATION] =
			", and enrol its certificate as a MOK: MOKs count only when shim validates",
		[GATE_TRUST] = ", and enrol its certificate as a MOK: shim has to tell the kernel "
			       "to trust MOKs, too",
		[GATE_SHIM] =
			", and have its certificate trusted: this machine was not booted through "
			"shim, which keeps MOKs",
		[GATE_KERNEL] =
			", and have its certificate trusted: this kernel takes no MOKs for "
			"modules (CONFIG_INTEGRITY_MACHINE_KEYRING), so it has to be built in",
		[GATE_EFI] = ", and have its certificate trusted: this machine was not booted by "
			     "EFI, so there are no MOKs, and it has to be built into the kernel",
	};

	if (closed_gate(d) == GATE_SHIM)
		return kept(d, "%s; boot through it, build the certificate into the kernel%s",
			words[GATE_SHIM],
			platform_counts(d) ? ", or add it to the firmware's db" : "");
	return words[closed_gate(d)];
}

void enrol_commands(struct finding *f, const char *cert)
{
	enum gate gate = f ? closed_gate(f->doctor) : GATE_NONE;

	switch (gate) {
	case GATE_SHIM:
	case GATE_KERNEL:
	case GATE_EFI:
		command(f,
			"scripts/config --set-str SYSTEM_TRUSTED_KEYS %s   # as PEM, in the "
			"kernel's tree",
			cert);
		return;
	case GATE_SECURE_BOOT:
	case GATE_VALIDATION:
	case GATE_TRUST:
	case GATE_NONE:
		break;
	}
	command(f, "modseal trust enrol %s", cert);
	if (gate == GATE_TRUST)
		command(f, "mokutil --trust-mok");
	if (gate == GATE_VALIDATION)
		command(f, "mokutil --enable-validation");
	if (gate == GATE_SECURE_BOOT)
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
