/* SPDX-License-Identifier: Apache-2.0 */
/* The module that was asked for: is it there, and what does the kernel decide about its signature.
 */
#include "src/doctor/checks.h"
#include "src/doctor/lookup.h"
#include "src/doctor/modprobe.h"

#include <modseal/module.h>
#include <string.h>
#include <sys/stat.h>

/* Why its absence from modules.dep says nothing; NULL if it does. A recording has the lines of a few
 * modules only. */
static const char *why_not_known(struct doctor *d)
{
	if (!d->release)
		return "which kernel this is about is not known";
	if (!d->root.live &&
		!root_exists(&d->root, kept(d, "lib/modules/%s/modules.builtin", d->release)))
		return kept(d,
			"/lib/modules/%s does not list all modules here (no modules.builtin)",
			d->release);
	return NULL;
}

static void not_found(struct doctor *d)
{
	const char *why = why_not_known(d);
	const char *others = other_releases_with(d, d->name);
	struct finding *f;

	if (is_built_in(d, d->name)) {
		d->loads = MS_YES;
		found(d, MS_NOTE, "built-in",
			"%s is built into this kernel: there is nothing to load", d->name);
		return;
	}
	if (why) {
		found(d, MS_NOT_KNOWN, "not-listed",
			"whether there is a module %s for this kernel is not known: %s", d->name,
			why);
		return;
	}
	d->loads = MS_NO;
	f = found(d, MS_WRONG, "not-found", "there is no module %s for this kernel (%s)", d->name,
		d->release);
	because(f, "modules.dep of this kernel does not list it.");
	if (*others)
		because(f, "It is there for: %s.", others);
	way_out(f, "If its file lies below /lib/modules/%s, let depmod find it.", d->release);
	command(f, "depmod -a %s", quoted(d, d->release));
	if (root_exists(&d->root, kept(d, "var/lib/dkms/%s", d->name))) {
		way_out(f, "Let dkms build it for this kernel.");
		command(f, "dkms install %s -k %s", quoted(d, d->name), quoted(d, d->release));
	}
}

/* What leads out of it depends on what the check of the signature came to. */
static enum remedy remedy_of(const struct ms_prediction *p)
{
	static const struct {
		const char *signature;
		enum remedy remedy;
	} remedies[] = {
		{ "ENODATA", REMEDY_SIGN },
		{ "ENOKEY", REMEDY_TRUST },
		{ "ENOPKG", REMEDY_DIGEST },
	};

	for (size_t i = 0; p->signature && i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (!strcmp(p->signature, remedies[i].signature))
			return remedies[i].remedy;
	/* A revoked key signs no better the next time. */
	if (p->store && !strcmp(p->store, ".blacklist"))
		return REMEDY_OTHER_KEY;
	return p->signature && p->verdict == MS_REFUSED ? REMEDY_SIGN_ANEW : REMEDY_NONE;
}

static void tell_facts(struct finding *f, const struct ms_prediction *p)
{
	detail(f, "verdict", "%s", ms_load_name(p->verdict));
	if (p->error)
		detail(f, "errno", "%s", p->error);
	if (p->signature)
		detail(f, "signature", "%s", p->signature);
	if (p->store)
		detail(f, "store", "%s", p->store);
	if (p->signer[0])
		detail(f, "signer", "%s", p->signer);
	if (p->hash[0])
		detail(f, "hash", "%s", p->hash);
	if (p->message[0])
		detail(f, "message", "%s", p->message);
}

static struct finding *tell(struct doctor *d, const char *name, const struct ms_prediction *p)
{
	struct finding *f = NULL;

	switch (p->verdict) {
	case MS_REFUSED:
		f = found(d, MS_WRONG, "refused", "this kernel refuses %s%s%s: %s", name,
			p->error ? " with " : "", p->error ? p->error : "", p->reason);
		break;
	case MS_TAINTS:
		f = found(d, MS_WARNING, "taints", "%s loads, but taints the kernel: %s", name,
			p->reason);
		because(f,
			"It will be refused as soon as the kernel is locked down (Secure Boot) or "
			"module.sig_enforce is set.");
		break;
	case MS_LOADS:
		f = found(d, MS_NOTE, "loads", "the kernel's signature check lets %s load: %s",
			name, p->reason);
		break;
	case MS_LOAD_UNKNOWN:
		f = found(d, MS_NOT_KNOWN, "decision-unknown",
			"what this kernel decides about %s is not known: %s", name, p->reason);
		break;
	}
	if (p->message[0])
		because(f, "The kernel's log then says: %s.", p->message);
	else if (p->verdict == MS_REFUSED)
		because(f, "The kernel logs nothing of it.");
	tell_facts(f, p);
	remedy(f, remedy_of(p));
	return f;
}

static void decide(struct doctor *d)
{
	struct ms_prediction p;
	struct ms_error err = { 0 };

	if (ms_predict(d->path, 0, d->machine, NULL, 0, &p, &err) < 0) {
		found(d, MS_NOT_KNOWN, "decision-unknown",
			"what this kernel decides about %s is not known: %s", d->name, err.message);
		return;
	}
	d->loads = p.verdict == MS_LOADS || p.verdict == MS_TAINTS ? MS_YES
		: p.verdict == MS_REFUSED			   ? MS_NO
								   : MS_UNKNOWN;
	tell(d, d->name, &p);
}

/* modprobe loads what the module depends on first; one that is refused ends it. */
static void decide_about_others(struct doctor *d)
{
	const char *deps = d->dep_line ? strchr(d->dep_line, ':') : NULL;

	for (deps = deps ? deps + 1 : ""; *(deps += strspn(deps, " "));) {
		const char *path = path_in_tree(d, deps), *name = name_of_file(d, path);
		struct ms_prediction p;
		struct ms_error err = { 0 };
		struct finding *f;

		deps += strcspn(deps, " ");
		if (ms_predict(path_to_open(d, path), 0, d->machine, NULL, 0, &p, &err) < 0) {
			f = found(d, MS_WRONG, "dependency-unreadable",
				"%s, on which %s depends, cannot be read: %s", name, d->name,
				err.message);
			continue;
		}
		if (p.verdict == MS_LOADS)
			continue;
		f = tell(d, kept(d, "%s, on which %s depends,", name, d->name), &p);
		detail(f, "dependency", "%s", name);
		if (f)
			f->path = path;
	}
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, two;

	return stat(a, &one) == 0 && stat(b, &two) == 0 && one.st_dev == two.st_dev &&
		one.st_ino == two.st_ino;
}

/* A file was named, and modprobe would load another one of that name. */
static void other_file(struct doctor *d)
{
	const char *name = d->name, *line = d->release ? modules_dep_line(d, &name) : NULL,
		   *path = line ? path_in_tree(d, line) : NULL;
	struct finding *f;

	if (d->dep_line || !path || same_file(d->path, path_to_open(d, path)))
		return;
	f = found(
		d, MS_NOTE, "other-file", "\"modprobe %s\" loads another file: %s", d->name, path);
	detail(f, "other", "%s", path);
}

/* Others of that name in the tree, such as the one that came with the kernel. */
static void more_files(struct doctor *d)
{
	struct ms_walk *walk = NULL;
	const char *path, *relative;
	struct finding *f;
	int r;

	if (!d->dep_line ||
		ms_walk_open(path_to_open(d, kept(d, "/lib/modules/%s", d->release)), 0, &walk,
			NULL) < 0)
		return;
	while ((r = ms_walk_next(walk, &path, &relative, NULL)) != 0) {
		if (r < 0 || !module_names_equal(name_of_file(d, relative), d->name) ||
			same_file(path, d->path))
			continue;
		f = found(d, MS_NOTE, "more-files",
			"there is another file of that name, which modprobe does not load: %s",
			on_machine(d, path));
		detail(f, "other", "%s", on_machine(d, path));
	}
	ms_walk_close(walk);
}

void check_module(struct doctor *d)
{
	struct finding *f;

	if (!d->name || ms_machine_option_on(d->machine, "MODULES") == MS_NO)
		return;
	if (!d->path) {
		not_found(d);
		return;
	}
	if (!d->module) {
		f = found(d, MS_WRONG, "unreadable", "%s cannot be read as a module: %s", d->name,
			d->module_error.message);
		remedy(f, REMEDY_SIGN_ANEW);
		return;
	}
	decide(d);
	decide_about_others(d);
	other_file(d);
	more_files(d);
}
