/* SPDX-License-Identifier: Apache-2.0 */
/* How strict the kernel is: module.sig_enforce, CONFIG_MODULE_SIG*, lockdown. */
#include "src/doctor/checks.h"
#include "src/doctor/gates.h"

static const char *const origin_words[] = {
	[ORIGIN_NONE] = "nothing",
	[ORIGIN_CONFIG] = "the kernel's configuration",
	[ORIGIN_CMDLINE] = "the kernel's command line",
	[ORIGIN_SECURE_BOOT] = "Secure Boot",
	[ORIGIN_RUNNING] = "something since it was booted",
	[ORIGIN_UNKNOWN] = "something that cannot be seen",
};

/* Options that say how signatures are checked, for machines. */
static void signature_options(struct finding *f)
{
	static const char *const names[] = { "MODULE_SIG", "MODULE_SIG_FORCE", "MODULE_SIG_ALL",
		"MODULE_SIG_HASH", "MODULE_SIG_KEY", "MODULE_SIG_FORMAT", "IMA_ARCH_POLICY" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = ms_machine_option(f->doctor->machine, names[i]);

		if (value)
			detail(f, kept(f->doctor, "CONFIG_%s", names[i]), "%s", value);
	}
}

void check_enforcement(struct doctor *d)
{
	const struct ms_fact *fact = &d->machine->sig_enforce;
	struct finding *f;

	if (ms_machine_option_on(d->machine, "MODULES") == MS_NO)
		return;
	if (ms_machine_option_on(d->machine, "MODULE_SIG") == MS_NO) {
		f = found(d, MS_NOTE, "no-signatures",
			"this kernel looks at no module signatures (CONFIG_MODULE_SIG)");
	} else if (fact->answer == MS_YES) {
		f = found(d, MS_NOTE, "enforced", "module signatures are enforced, by %s",
			origin_words[origin_of_enforcement(d)]);
		because(f,
			"Modules that are unsigned, or signed by a key that is not trusted, are "
			"refused with EKEYREJECTED.");
	} else if (fact->answer == MS_NO) {
		f = found(d, MS_NOTE, "not-enforced",
			"module signatures are not enforced (module.sig_enforce)");
	} else {
		f = found(d, MS_NOT_KNOWN, "enforcement-unknown",
			"whether module signatures are enforced is not known: %s",
			fact->unknown ? fact->unknown : "nothing says so");
	}
	if (!f)
		return;
	if (fact->answer == MS_YES)
		detail(f, "by", "%s", origin_words[origin_of_enforcement(d)]);
	signature_options(f);
}

static void lockdown_options(struct finding *f)
{
	static const char *const names[] = { "SECURITY_LOCKDOWN_LSM", "LOCK_DOWN_KERNEL_FORCE_NONE",
		"LOCK_DOWN_KERNEL_FORCE_INTEGRITY", "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY",
		"LOCK_DOWN_IN_EFI_SECURE_BOOT", "LOCK_DOWN_IN_SECURE_BOOT",
		"ALLOW_LOCKDOWN_LIFT_BY_SYSRQ" };

	for (size_t i = 0; f && i < sizeof(names) / sizeof(names[0]); i++)
		if (option_is_on(f->doctor, names[i]))
			detail(f, kept(f->doctor, "CONFIG_%s", names[i]), "y");
}

void check_lockdown(struct doctor *d)
{
	const struct ms_fact *fact = &d->machine->lockdown;
	struct finding *f;

	if (fact->answer == MS_YES) {
		f = found(d, MS_NOTE, "locked-down", "the kernel is locked down (%s), by %s",
			text_of(fact), origin_words[origin_of_lockdown(d)]);
		because(f,
			"Modules that are unsigned, or signed by a key that is not trusted, are "
			"refused with EPERM.");
		detail(f, "mode", "%s", text_of(fact));
		detail(f, "by", "%s", origin_words[origin_of_lockdown(d)]);
	} else if (fact->answer == MS_NO) {
		f = found(d, MS_NOTE, "not-locked-down", "the kernel is not locked down");
		detail(f, "mode", "none");
	} else {
		f = found(d, MS_NOT_KNOWN, "lockdown-unknown",
			"whether the kernel is locked down is not known: %s",
			fact->unknown ? fact->unknown : "nothing says so");
	}
	lockdown_options(f);
}
