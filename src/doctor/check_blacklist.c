/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of modprobe.d and words of the kernel's command line that keep modules from loading. */
#include "src/doctor/checks.h"
#include "src/doctor/modprobe.h"

#include <string.h>

struct rules {
	struct doctor *doctor;
	unsigned blacklisted, replaced;
};

/* modprobe's own words for "do not load it". */
static bool does_nothing(const char *text)
{
	return strstr(text, "/false") || strstr(text, "/true") || !strncmp(text, "false", 5) ||
		!strncmp(text, "true", 4) || !strncmp(text, ":", 1) || !strncmp(text, "exit", 4);
}

static void blacklisted_by(struct doctor *d, const char *where, const char *undo)
{
	struct finding *f;

	f = found(d, MS_WARNING, "blacklisted",
		"%s is blacklisted by %s: it does not load by itself", d->name, where);
	because(f, "modprobe %s, or a module that needs it, loads it all the same.", d->name);
	way_out(f, "%s", undo);
	detail(f, "where", "%s", where);
}

static void replaced_by(struct doctor *d, const char *text, const char *where)
{
	bool nothing = does_nothing(text);
	struct finding *f;

	f = found(d, nothing ? MS_WRONG : MS_WARNING, "install-rule",
		"modprobe runs \"%s\" instead of loading %s (%s)", text, d->name, where);
	if (nothing)
		because(f,
			"That is how a module is kept out altogether; insmod and what the "
			"kernel's signature check says are not touched by it.");
	way_out(f, "Take the line out, and make the initramfs anew if it is in there, too.");
	detail(f, "where", "%s", where);
	detail(f, "command", "%s", text);
}

static void rule(void *user, enum rule_kind kind, const char *module, const char *text,
	const char *file, unsigned line)
{
	struct rules *r = user;
	struct doctor *d = r->doctor;
	const char *where = kept(d, "%s:%u", file, line);

	r->blacklisted += kind == RULE_BLACKLIST;
	r->replaced += kind == RULE_INSTALL;
	if (!d->name || !module_names_equal(module, d->name))
		return;
	if (kind == RULE_BLACKLIST)
		blacklisted_by(d, where,
			"Take the line out, and make the initramfs anew if it is in there, too.");
	else
		replaced_by(d, text, where);
}

/* The kernel compares names as they are, modprobe takes '-' for '_'. */
static bool list_has(struct doctor *d, const char *list, bool exactly)
{
	while (*list) {
		size_t len = strcspn(list, ",");
		const char *name = kept(d, "%.*s", (int)len, list);

		if (exactly ? !strcmp(name, d->name) : module_names_equal(name, d->name))
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

static void on_cmdline(struct doctor *d)
{
	const char *list = "";
	struct finding *f;

	if (cmdline_has(d, "module_blacklist", &list) && list_has(d, list, true)) {
		f = found(d, MS_WRONG, "kernel-blacklist",
			"%s is on the kernel's own blacklist (module_blacklist=%s): it is refused",
			d->name, list);
		because(f,
			"The kernel refuses it with EPERM, whatever its signature, and says "
			"\"Module %s is blacklisted\".",
			d->name);
		remedy(f, REMEDY_UNBLOCK);
	}
	if (cmdline_has(d, "modprobe.blacklist", &list) && list_has(d, list, false))
		blacklisted_by(d, "modprobe.blacklist= on the kernel's command line",
			"Take it off the kernel's command line, and boot again.");
	if (cmdline_has(d, "rd.driver.blacklist", &list) && list_has(d, list, false))
		blacklisted_by(d,
			"rd.driver.blacklist= on the kernel's command line (in the initramfs)",
			"Take it off the kernel's command line, and boot again.");
}

void check_blacklist(struct doctor *d)
{
	struct rules r = { .doctor = d };
	const char *list = "";
	struct finding *f;

	modprobe_rules(d, rule, &r);
	if (d->name) {
		on_cmdline(d);
		return;
	}
	if (r.blacklisted + r.replaced) {
		f = found(d, MS_NOTE, "modprobe-rules",
			"modprobe.d: %u modules are blacklisted, %u replaced by commands",
			r.blacklisted, r.replaced);
		detail(f, "blacklisted", "%u", r.blacklisted);
		detail(f, "replaced", "%u", r.replaced);
	}
	if (cmdline_has(d, "module_blacklist", &list))
		found(d, MS_NOTE, "kernel-blacklist",
			"the kernel refuses these modules (module_blacklist): %s", list);
}
