/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the module was built for this kernel: kernel/module/version.c same_magic(). */
#include "src/doctor/checks.h"
#include "src/doctor/lookup.h"
#include "src/module/module.h"

#include <stdio.h>
#include <stdlib.h>
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

/* -- versions of symbols: kernel/module/version.c check_version() ------------------------ */

struct versions {
	const char *symvers; /* lines of Module.symvers: "0x12345678\tsymbol\tvmlinux\t..." */
	char name[64];	     /* the first that differs */
	unsigned differ, same;
};

static void compare_version(void *user, const char *symbol, uint32_t crc)
{
	struct versions *v = user;
	char key[80];
	const char *at;
	uint32_t own;

	snprintf(key, sizeof(key), "\t%s\t", symbol);
	at = strstr(v->symvers, key);
	/* One that another module exports is not among them. */
	if (!at || at - v->symvers < 10)
		return;
	own = (uint32_t)strtoul(at - 10, NULL, 16);
	v->same += own == crc;
	if (own != crc && !v->differ++)
		snprintf(v->name, sizeof(v->name), "%s", symbol);
}

/* 1: all that are known fit; 0: not known; -1: one does not, and it was told. */
static int check_versions(struct doctor *d)
{
	struct versions v = { .symvers = file_text(d,
				      kept(d, "lib/modules/%s/build/Module.symvers", d->release)) };
	struct module *m = NULL;
	struct finding *f;

	if (!v.symvers || module_open(d->path, 0, &m, NULL) < 0)
		return 0;
	module_symbol_versions(m, compare_version, &v, NULL);
	module_close(m);
	if (!v.differ)
		return v.same > 0;
	f = found(d, MS_WRONG, "symbol-version", "%s was built against other symbol versions: %s%s",
		d->name, v.name, v.differ > 1 ? " and others" : "");
	because(f,
		"The kernel refuses it with ENOEXEC, and its log says: %s: disagrees about "
		"version of symbol %s. Compared with Module.symvers of this kernel's headers.",
		d->name, v.name);
	detail(f, "symbol", "%s", v.name);
	detail(f, "differ", "%u", v.differ);
	remedy(f, REMEDY_BUILD);
	return -1;
}

/* With symbol versions on both sides the release does not matter, the versions do. */
static void other_release(struct doctor *d, const char *magic, int versions)
{
	struct finding *f;

	if (versions < 0)
		return;
	f = found(d, versions > 0 ? MS_NOTE : MS_WARNING, "other-release",
		"%s was built for %.*s; this kernel (%s) takes it%s", d->name,
		(int)strcspn(magic, " "), magic, d->release,
		versions > 0 ? ": the versions of its symbols fit"
			     : " if the versions of its symbols fit");
	if (versions == 0)
		because(f,
			"If one does not, it is refused with ENOEXEC: \"disagrees about version "
			"of symbol\".");
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
	bool versions, same_release;
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
	same_release = strlen(d->release) == release && !strncmp(magic, d->release, release);
	versions = strstr(rest, " modversions") && option_is_on(d, "MODVERSIONS");
	if ((own_rest && strcmp(rest, own_rest) != 0) || (!same_release && !versions))
		mismatch(d, magic, own);
	else if (same_release && versions)
		check_versions(d);
	else if (!same_release)
		other_release(d, magic, check_versions(d));
}
