/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/gates.h"

#include <string.h>

static bool log_says(const struct doctor *d, const char *what)
{
	return d->log && strstr(d->log, what);
}

enum origin origin_of_lockdown(struct doctor *d)
{
	const struct ms_machine *m = d->machine;

	if (m->lockdown.answer != MS_YES)
		return m->lockdown.answer == MS_NO ? ORIGIN_NONE : ORIGIN_UNKNOWN;
	if (option_is_on(d, "LOCK_DOWN_KERNEL_FORCE_INTEGRITY") ||
		option_is_on(d, "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY") ||
		option_is_on(d, "LOCK_DOWN_MANDATORY"))
		return ORIGIN_CONFIG;
	if (cmdline_has(d, "lockdown", NULL))
		return ORIGIN_CMDLINE;
	if (m->secure_boot.answer == MS_YES &&
		(option_is_on(d, "LOCK_DOWN_IN_EFI_SECURE_BOOT") ||
			option_is_on(d, "LOCK_DOWN_IN_SECURE_BOOT") ||
			log_says(d, "locked down from EFI Secure Boot")))
		return ORIGIN_SECURE_BOOT;
	if (log_says(d, "locked down from securityfs"))
		return ORIGIN_RUNNING;
	return ORIGIN_UNKNOWN;
}

enum origin origin_of_enforcement(struct doctor *d)
{
	const struct ms_machine *m = d->machine;

	if (m->sig_enforce.answer != MS_YES)
		return m->sig_enforce.answer == MS_NO ? ORIGIN_NONE : ORIGIN_UNKNOWN;
	if (option_is_on(d, "MODULE_SIG_FORCE"))
		return ORIGIN_CONFIG;
	if (cmdline_has(d, "module.sig_enforce", NULL))
		return ORIGIN_CMDLINE;
	if (option_is_on(d, "IMA_ARCH_POLICY") && m->secure_boot.answer == MS_YES)
		return ORIGIN_SECURE_BOOT;
	return m->config.answer == MS_YES ? ORIGIN_RUNNING : ORIGIN_UNKNOWN;
}
