/* SPDX-License-Identifier: Apache-2.0 */
/* Secure Boot, its setup mode, and shim's validation. */
#include "src/doctor/checks.h"

static void secure_boot(struct doctor *d)
{
	const struct ms_machine *m = d->machine;
	struct finding *f;

	if (m->efi.answer == MS_NO) {
		f = found(d, MS_NOTE, "no-efi",
			"the machine was not booted by EFI: no Secure Boot, no MOKs");
	} else if (m->secure_boot.answer == MS_YES) {
		f = found(d, MS_NOTE, "secure-boot", "Secure Boot is on");
	} else if (m->secure_boot.answer == MS_NO) {
		f = found(d, MS_NOTE, "no-secure-boot", "Secure Boot is off");
		because(f,
			"Kernels then take neither MOKs nor certificates of the firmware into "
			"their keyrings.");
	} else {
		f = found(d, MS_NOT_KNOWN, "secure-boot-unknown",
			"whether Secure Boot is on is not known: %s",
			m->secure_boot.unknown ? m->secure_boot.unknown : "nothing says so");
	}
	detail(f, "secure_boot", "%s",
		m->secure_boot.answer == MS_YES		 ? "on"
			: m->secure_boot.answer == MS_NO ? "off"
							 : "unknown");
	if (text_of(&m->sbat)[0])
		detail(f, "sbat_level", "%s", text_of(&m->sbat));
}

void check_firmware(struct doctor *d)
{
	const struct ms_machine *m = d->machine;
	struct finding *f;

	secure_boot(d);
	if (m->setup_mode.answer == MS_YES) {
		f = found(d, MS_WARNING, "setup-mode",
			"the firmware is in setup mode: it has no platform key, and whoever is "
			"root can change what it trusts");
		because(f, "Secure Boot is not in force until a platform key (PK) is enrolled.");
		way_out(f, "Enrol keys in the firmware's setup (\"restore factory keys\").");
		command_reboot(f, true, NULL);
	}
	if (m->mok_insecure.answer == MS_YES) {
		f = found(d, MS_WARNING, "shim-insecure",
			"shim does not validate what it boots (mokutil --disable-validation)");
		because(f,
			"To the kernel that is as if Secure Boot were off: no lockdown by it, and "
			"no MOKs in .machine.");
		way_out(f,
			"Let shim validate again; a password is asked for now and at the next "
			"boot.");
		command(f, "mokutil --enable-validation");
	}
}
