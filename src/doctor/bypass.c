/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways around signatures, each with its price, and only where it leads somewhere: lockdown and
 * module.sig_enforce are two gates, and what opens one leaves the other closed.
 */
#include "src/base/cleanup.h"
#include "src/doctor/gates.h"
#include "src/doctor/ways.h"

#include <string.h>

#define FIRMWARE_PRICE                                                                             \
	"the firmware then starts anything, and what is sealed to PCR 7 (disk encryption by TPM, " \
	"BitLocker) asks for its recovery key; MOKs and db no longer reach the kernel's keyrings"

static bool by_secure_boot(struct doctor *d)
{
	return origin_of_lockdown(d) == ORIGIN_SECURE_BOOT ||
		origin_of_enforcement(d) == ORIGIN_SECURE_BOOT;
}

static void lift_by_sysrq(struct finding *f)
{
	struct doctor *d = f->doctor;

	if (d->machine->lockdown.answer != MS_YES || origin_of_lockdown(d) == ORIGIN_CONFIG ||
		!option_is_on(d, "ALLOW_LOCKDOWN_LIFT_BY_SYSRQ"))
		return;
	bypass(f,
		"until the next boot, root can change the running kernel, and so can whoever "
		"becomes root",
		"Lift lockdown until the next boot: on a keyboard at the machine press "
		"Alt+SysRq+x (this kernel has CONFIG_ALLOW_LOCKDOWN_LIFT_BY_SYSRQ).");
	command(f, "sysctl kernel.sysrq=1");
}

static void no_validation(struct finding *f)
{
	struct doctor *d = f->doctor;
	const struct ms_machine *m = d->machine;

	if (!by_secure_boot(d) || m->mok_insecure.answer == MS_YES ||
		m->stores[MS_STORE_MOK].exists.answer != MS_YES)
		return;
	bypass(f,
		"shim then starts any boot loader and kernel, signed or not, and says so at each "
		"boot; mokutil --enable-validation takes it back",
		"Let shim not validate: the kernel then takes Secure Boot for off, and is not "
		"locked down. A password is asked for now, and some of its characters at the next "
		"boot.");
	command(f, "mokutil --disable-validation");
	command_reboot(f, false, NULL);
}

static void no_secure_boot(struct finding *f)
{
	struct doctor *d = f->doctor;

	if (!by_secure_boot(d) || d->machine->secure_boot.answer != MS_YES)
		return;
	bypass(f, FIRMWARE_PRICE, "Switch Secure Boot off in the firmware's setup.");
	command_reboot(f, true, NULL);
}

static void off_cmdline(struct finding *f, const char *word, const char *price)
{
	const struct distro *distro = f->doctor->distro;

	bypass(f, price, "Take %s off the kernel's command line, and boot again.", word);
	for (size_t i = 0; i < DISTRO_COMMANDS && distro->cmdline[i]; i++)
		command_with(f, distro->cmdline[i], word);
}

static const char *whole_word(struct doctor *d, const char *name)
{
	const char *value = NULL;

	if (cmdline_has(d, name, &value) && *value)
		return kept(d, "%s=%s", name, value);
	return name;
}

static void without_words(struct finding *f)
{
	struct doctor *d = f->doctor;

	if (origin_of_lockdown(d) == ORIGIN_CMDLINE)
		off_cmdline(f, whole_word(d, "lockdown"),
			"root can then change the running kernel, and so can whoever becomes root");
	if (origin_of_enforcement(d) == ORIGIN_CMDLINE)
		off_cmdline(f, whole_word(d, "module.sig_enforce"),
			"any module loads then, also one that an attacker brings; the kernel is "
			"tainted");
	if (origin_of_lockdown(d) == ORIGIN_RUNNING || origin_of_enforcement(d) == ORIGIN_RUNNING)
		bypass(f, "none but the restart, if what did it does not do it again",
			"Boot again: %s was switched on while the system ran.",
			origin_of_lockdown(d) == ORIGIN_RUNNING ? "lockdown"
								: "module.sig_enforce");
}

/* -- other kernels ----------------------------------------------------------------------- */

static bool config_has(struct doctor *d, const char *path, const char *line)
{
	const char *text = file_text(d, path), *at = text;
	size_t len = strlen(line);

	while (at && (at = strstr(at, line))) {
		if ((at == text || at[-1] == '\n') && (at[len] == '\n' || !at[len]))
			return true;
		at++;
	}
	return false;
}

/* Releases of /boot/config-* whose configuration lacks all of these lines, "a, b", or "". */
static const char *kernels_without(struct doctor *d, const char *const *lines)
{
	DIR *dir = root_dir(&d->root, "boot");
	const char *names = "";
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *release = entry->d_name + strlen("config-"), *path;
		bool has = false;

		if (strncmp(entry->d_name, "config-", strlen("config-")) != 0 ||
			(d->release && !strcmp(release, d->release)))
			continue;
		path = kept(d, "boot/%s", entry->d_name);
		for (size_t i = 0; lines[i]; i++)
			has |= config_has(d, path, lines[i]);
		if (!has && file_text(d, path))
			names = kept(d, "%s%s%s", names, *names ? ", " : "", release);
	}
	if (dir)
		closedir(dir);
	return names;
}

static void other_kernel(struct finding *f, const char *what, const char *const *lines)
{
	const char *names = kernels_without(f->doctor, lines);

	if (*names)
		bypass(f, "that kernel lets any module in; it may be older and have known holes",
			"Boot a kernel without %s: %s is installed.", what, names);
	else
		bypass(f,
			"such a kernel lets any module in, and security updates become your own "
			"work",
			"Boot a kernel without %s; none is installed here.", what);
}

static void other_kernels(struct finding *f)
{
	static const char *const forced_signatures[] = { "CONFIG_MODULE_SIG_FORCE=y", NULL };
	static const char *const forced_lockdown[] = { "CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y",
		"CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y", NULL };

	if (origin_of_enforcement(f->doctor) == ORIGIN_CONFIG)
		other_kernel(f, "CONFIG_MODULE_SIG_FORCE", forced_signatures);
	if (origin_of_lockdown(f->doctor) == ORIGIN_CONFIG)
		other_kernel(f, "CONFIG_LOCK_DOWN_KERNEL_FORCE_*", forced_lockdown);
}

/* What opens one of two gates leaves the other closed, unless Secure Boot closed both. */
static void warn_of_two(struct finding *f)
{
	enum origin enforced = origin_of_enforcement(f->doctor),
		    locked = origin_of_lockdown(f->doctor);

	if (enforced != ORIGIN_NONE && enforced != ORIGIN_UNKNOWN && locked != ORIGIN_NONE &&
		locked != ORIGIN_UNKNOWN && (enforced != locked || enforced != ORIGIN_SECURE_BOOT))
		because(f,
			"Both module.sig_enforce and lockdown are on: without a signature that "
			"counts, both have to be opened.");
}

void bypasses(struct finding *f)
{
	warn_of_two(f);
	lift_by_sysrq(f);
	no_validation(f);
	no_secure_boot(f);
	without_words(f);
	other_kernels(f);
}
