/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the module was built for this kernel: kernel/module/version.c same_magic(). */
#include "src/doctor/checks.h"
#include "src/doctor/lookup.h"

#include <string.h>

/* The vermagic that this kernel has: that of some module which came with it, kept; NULL if none. */
static const char *own_vermagic(struct doctor *d)
{
	const char *deps =
		d->release ? file_text(d, kept(d, "lib/modules/%s/modules.dep", d->release)) : NULL;

	for (unsigned tries = 0; deps && *deps && tries < 20; tries++) {
		size_t len = strcspn(deps, "\n");
		struct ms_inspection *i = NULL;
		const char *magic = NULL;

		if (!strncmp(deps, "kernel/", 7) &&
			ms_inspect(
				path_to_open(d, path_in_tree(d, kept(d, "%.*s", (int)len, deps))),
				0, &i, NULL) == 0 &&
			i->vermagic)
			magic = kept(d, "%s", i->vermagic);
		ms_inspection_free(i);
		if (magic)
			return magic;
		deps += len + (deps[len] == '\n');
	}
	return NULL;
}

static void mismatch(struct doctor *d, const char *magic, const char *own)
{
	struct finding *f;

	f = found(d, MS_WRONG, "vermagic", "%s was built for another kernel: %.*s, and this is %s",
		d->name, (int)strcspn(magic, " "), magic, d->release);
	because(f,
		"The kernel refuses it with ENOEXEC, \"Invalid module format\", and its log says: "
		"%s: version magic '%s' should be '%s'.",
		d->name, magic, own ? own : "... of this kernel");
	detail(f, "vermagic", "%s", magic);
	if (own)
		detail(f, "kernel", "%s", own);
	remedy(f, REMEDY_BUILD);
}

/* With symbol versions on both sides the release does not matter, the versions do. */
static void other_release(struct doctor *d, const char *magic)
{
	struct finding *f;

	f = found(d, MS_WARNING, "other-release",
		"%s was built for %.*s; this kernel (%s) takes it if the versions of its symbols "
		"fit",
		d->name, (int)strcspn(magic, " "), magic, d->release);
	because(f,
		"If one does not, it is refused with ENOEXEC: \"disagrees about version of "
		"symbol\".");
	detail(f, "vermagic", "%s", magic);
	remedy(f, REMEDY_BUILD);
}

static void no_vermagic(struct doctor *d)
{
	struct finding *f;

	if (ms_machine_option_on(d->machine, "MODULE_FORCE_LOAD") == MS_YES)
		return;
	f = found(d, MS_WRONG, "no-vermagic",
		"%s says of no kernel that it was built for it (no vermagic)", d->name);
	because(f, "The kernel refuses it with ENOEXEC.");
	remedy(f, REMEDY_BUILD);
}

void check_build(struct doctor *d)
{
	const char *magic = d->module ? d->module->vermagic : NULL, *own, *rest, *own_rest;
	size_t release;

	if (!d->module || !d->release)
		return;
	if (!magic) {
		no_vermagic(d);
		return;
	}
	own = own_vermagic(d);
	release = strcspn(magic, " ");
	rest = magic + release;
	own_rest = own ? own + strcspn(own, " ") : NULL;
	if (own_rest && strcmp(rest, own_rest) != 0)
		mismatch(d, magic, own);
	else if (strlen(d->release) == release && !strncmp(magic, d->release, release))
		return;
	else if (strstr(rest, " modversions") &&
		ms_machine_option_on(d->machine, "MODVERSIONS") == MS_YES)
		other_release(d, magic);
	else
		mismatch(d, magic, own);
}
