/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this kernel loads modules at all. */
#include "src/doctor/checks.h"
#include "src/doctor/ways.h"

static void modules_are_off(struct doctor *d)
{
	struct finding *f;

	if (d->machine->modules_disabled.answer != MS_YES)
		return;
	f = found(d, MS_WRONG, "modules-disabled",
		"no module loads any more until the next boot (kernel.modules_disabled)");
	because(f,
		"It was switched on by a sysctl setting, by a program that hardens the system, or "
		"by nomodule on the kernel's command line, and cannot be switched off again. "
		"Everything is refused with EPERM, whatever its signature.");
	way_out(f,
		"Find what sets it, take it out or have the module loaded before, and boot again.");
	command(f,
		"grep -r modules_disabled /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d "
		"/proc/cmdline");
}

void check_kernel(struct doctor *d)
{
	struct finding *f;

	if (ms_machine_option_on(d->machine, "MODULES") == MS_NO) {
		f = found(d, MS_WRONG, "no-modules",
			"this kernel is built without modules (CONFIG_MODULES): it loads none");
		because(f, "What it needs has to be built in.");
		way_out(f, "Boot a kernel that has CONFIG_MODULES.");
		return;
	}
	modules_are_off(d);
	if (d->machine->modprobe.answer == MS_NO)
		found(d, MS_WARNING, "no-modprobe",
			"the kernel can call no modprobe (%s): drivers, file systems and "
			"algorithms that are modules do not come by themselves",
			text_of(&d->machine->modprobe)[0] ? text_of(&d->machine->modprobe)
							  : "kernel.modprobe is empty");
}
