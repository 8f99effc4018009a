/* SPDX-License-Identifier: Apache-2.0 */
/* What makes this kernel refuse modules without a signature that counts, and who switched it on. */
#ifndef MODSEAL_DOCTOR_GATES_H
#define MODSEAL_DOCTOR_GATES_H

#include "src/doctor/doctor.h"

enum origin {
	ORIGIN_NONE,        /* it is off */
	ORIGIN_CONFIG,      /* the kernel's configuration */
	ORIGIN_CMDLINE,     /* its command line */
	ORIGIN_SECURE_BOOT, /* Secure Boot, by the kernel's configuration */
	ORIGIN_RUNNING,     /* somebody, since it was booted */
	ORIGIN_UNKNOWN,
};

/* Of lockdown: CONFIG_LOCK_DOWN_KERNEL_FORCE_*, lockdown=, CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT
 * (Debian, Fedora) or CONFIG_LOCK_DOWN_IN_SECURE_BOOT (Ubuntu), securityfs. */
enum origin origin_of_lockdown(struct doctor *d);
/* Of module.sig_enforce: CONFIG_MODULE_SIG_FORCE, module.sig_enforce, CONFIG_IMA_ARCH_POLICY under
 * Secure Boot (security/integrity/ima/ima_efi.c), its file in /sys. */
enum origin origin_of_enforcement(struct doctor *d);

#endif
