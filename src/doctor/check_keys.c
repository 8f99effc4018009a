/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys that lie on the machine; the distribution. */
#include "src/doctor/checks.h"
#include "src/doctor/keys.h"

static void readable(struct doctor *d, const struct ms_found_key *k)
{
	struct finding *f;

	f = found(d, MS_WARNING, "key-readable", "%s can read the key %s",
		k->others ? "everybody" : "its group", on_machine(d, k->path));
	because(f,
		"Take it for known to others: who has it can sign modules that this machine "
		"takes.");
	way_out(f, "Close it, and replace it by one in hardware (modseal keygen).");
	command(f, "chmod 600 %s", quoted(d, on_machine(d, k->path)));
}

static void one(struct doctor *d, const struct ms_found_key *k)
{
	enum ms_answer trusted = key_is_trusted(d, k);
	struct finding *f;

	if (k->problem)
		f = found(d, MS_NOT_KNOWN, "key-unreadable",
			"the key %s (%s) could not be read: %s", on_machine(d, k->path), k->what,
			k->problem);
	else if (!k->cert)
		f = found(d, MS_NOTE, "key", "the key %s (%s) has no certificate beside it",
			on_machine(d, k->path), k->what);
	else
		f = found(d, MS_NOTE, "key", "the key %s (%s): %s", on_machine(d, k->path), k->what,
			trusted == MS_YES ? "this kernel trusts what it signs"
				: trusted == MS_NO
				? "this kernel does not trust what it signs"
				: "whether this kernel trusts what it signs is not known");
	detail(f, "key", "%s", on_machine(d, k->path));
	if (k->cert)
		detail(f, "certificate", "%s", on_machine(d, k->cert));
	detail(f, "trusted", "%s", trusted == MS_YES ? "yes" : trusted == MS_NO ? "no" : "unknown");
	if (k->others || k->group)
		readable(d, k);
}

void check_keys(struct doctor *d)
{
	if (!d->keys) {
		found(d, MS_NOT_KNOWN, "keys-unknown",
			"keys on this machine could not be looked for: %s", d->keys_error.message);
		return;
	}
	for (size_t i = 0; i < d->keys->n_keys; i++)
		one(d, &d->keys->keys[i]);
}

/* What is known of its name. */
static const char *distribution(struct doctor *d)
{
	const struct ms_fact *f = &d->machine->distribution;

	if (f->unknown)
		return f->unknown;
	return f->text ? f->text : kept(d, "%s has no ID", f->source);
}

void check_system(struct doctor *d)
{
	const struct ms_machine *m = d->machine;
	struct finding *f;

	if (!d->release)
		found(d, MS_NOT_KNOWN, "release-unknown",
			"which kernel this is about is not known: %s",
			m->release.unknown ? m->release.unknown : "nothing says so");
	if (m->live && !m->privileged) {
		f = found(d, MS_NOT_KNOWN, "not-root",
			"not all can be seen: this was not run by root");
		way_out(f, "Run it as root.");
		command(f, "sudo modseal doctor%s%s", d->name ? " " : "", d->name ? d->name : "");
	}
	if (!*d->distro->id)
		found(d, MS_NOTE, "distribution-unknown",
			"of this distribution (%s) no commands of its own are known",
			distribution(d));
}
