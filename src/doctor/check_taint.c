/* SPDX-License-Identifier: Apache-2.0 */
/* What tainted the kernel: Documentation/admin-guide/tainted-kernels.rst. */
#include "src/doctor/checks.h"

#include <string.h>

static const struct {
	char letter;
	const char *what;
} taints[] = {
	{ 'P', "a module with a proprietary license was loaded" },
	{ 'F', "a module was loaded by force" },
	{ 'S', "the kernel runs on a system that is out of specification" },
	{ 'R', "a module was unloaded by force" },
	{ 'M', "a processor reported a machine check" },
	{ 'B', "a bad page was seen" },
	{ 'U', "a user asked for it" },
	{ 'D', "the kernel has died recently (oops or BUG)" },
	{ 'A', "an ACPI table was overridden" },
	{ 'W', "the kernel warned" },
	{ 'C', "a staging driver was loaded" },
	{ 'I', "a bug of the firmware was worked around" },
	{ 'O', "a module from outside the kernel's tree was loaded" },
	{ 'E', "a module without a signature that counts was loaded" },
	{ 'L', "a soft lockup occurred" },
	{ 'K', "the kernel was patched live" },
	{ 'X', "the distribution says so" },
	{ 'T', "the kernel was built with randomised structures" },
	{ 'N', "a test was run" },
	{ 'J', "a user-space program changed a device by fwctl" },
};
#define N_TAINTS       (sizeof(taints) / sizeof(taints[0]))
#define TAINT_UNSIGNED (1UL << 13)

/* Modules that are loaded and have the taint, "a, b". */
static const char *modules_with(struct doctor *d, char letter)
{
	DIR *dir = root_dir(&d->root, "sys/module");
	const char *names = "";
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *taint = entry->d_name[0] == '.'
			? NULL
			: file_text(d, kept(d, "sys/module/%s/taint", entry->d_name));

		if (taint && strchr(taint, letter))
			names = kept(d, "%s%s%s", names, *names ? ", " : "", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return names;
}

static void unsigned_modules(struct doctor *d)
{
	const struct ms_machine *m = d->machine;
	const char *names = modules_with(d, 'E');
	struct finding *f = found(d, MS_WARNING, "unsigned-loaded",
		"modules without a signature that counts are loaded%s%s", *names ? ": " : "",
		names);

	if (m->sig_enforce.answer == MS_YES || m->lockdown.answer == MS_YES)
		because(f,
			"They were loaded before signatures were enforced, and will be refused the "
			"next time.");
	else
		because(f,
			"They will be refused as soon as the kernel is locked down (Secure Boot) or "
			"module.sig_enforce is set.");
	if (*names)
		detail(f, "modules", "%s", names);
	way_out(f, "Ask about one of them: that tells how it gets a signature that counts.");
	command(f, "modseal doctor %.*s", *names ? (int)strcspn(names, ",") : 4,
		*names ? names : "NAME");
}

void check_taint(struct doctor *d)
{
	unsigned long bits = d->machine->taint_bits;
	char letters[N_TAINTS + 1] = "";
	struct finding *f;
	size_t n = 0;

	if (d->machine->taint.answer == MS_UNKNOWN) {
		found(d, MS_NOT_KNOWN, "taint-unknown",
			"whether the kernel is tainted is not known: %s",
			d->machine->taint.unknown ? d->machine->taint.unknown : "nothing says so");
		return;
	}
	for (size_t i = 0; i < N_TAINTS; i++)
		if (bits & 1UL << i)
			letters[n++] = taints[i].letter;
	if (!bits) {
		found(d, MS_NOTE, "not-tainted", "the kernel is not tainted");
		return;
	}
	f = found(d, MS_NOTE, "tainted", "the kernel is tainted: %lu (%s)", bits, letters);
	for (size_t i = 0; i < N_TAINTS; i++)
		if (bits & 1UL << i)
			because(f, "%c: %s.", taints[i].letter, taints[i].what);
	detail(f, "bits", "%lu", bits);
	detail(f, "letters", "%s", letters);
	if (bits & TAINT_UNSIGNED)
		unsigned_modules(d);
}
