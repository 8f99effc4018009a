/* SPDX-License-Identifier: Apache-2.0 */
/* Machine owner keys: which of them the kernel has, and which gate kept the others out. */
#include "src/doctor/checks.h"
#include "src/trust/mok_gates.h"

#include <modseal/mok.h>

/* What opens the gates that a user can open, if no other is shut. */
static void open_gate(struct finding *f)
{
	static const enum mok_gate order[] = { MOK_GATE_KEYRING, MOK_GATE_LOADING, MOK_GATE_IMA,
		MOK_GATE_EFI, MOK_GATE_VALIDATION, MOK_GATE_SECURE_BOOT, MOK_GATE_TRUST,
		MOK_GATE_NONE };

	switch (mok_gate_shut(f->doctor->machine, order)) {
	case MOK_GATE_VALIDATION:
		way_out(f, "Let shim validate again.");
		command(f, "mokutil --enable-validation");
		break;
	case MOK_GATE_SECURE_BOOT:
		way_out(f, "Switch Secure Boot on in the firmware's setup.");
		command_reboot(f, true, NULL);
		break;
	case MOK_GATE_TRUST:
		way_out(f,
			"Let shim tell the kernel to trust MOKs (shim 15.5 or newer), and boot "
			"again.");
		command(f, "mokutil --trust-mok");
		break;
	default:
		way_out(f,
			"Sign with a key whose certificate this kernel takes: \"modseal cert "
			"show\" says what that asks for.");
		command(f, "modseal trust check CERT");
	}
}

/* With nothing enforced what it signed loads all the same; and a module that was asked for may be
 * signed by another key, which check_module knows. */
static enum ms_severity severity(const struct doctor *d)
{
	const struct ms_machine *m = d->machine;

	if (m->sig_enforce.answer == MS_NO && m->lockdown.answer == MS_NO)
		return m->secure_boot.answer == MS_NO ? MS_NOTE : MS_WARNING;
	return d->name ? MS_WARNING : MS_WRONG;
}

static void one(struct doctor *d, const struct ms_cert *cert)
{
	const char *subject = ms_cert_subject(cert);
	struct ms_standing s = { 0 };
	struct ms_error err;
	struct finding *f;
	char why[512] = "";
	enum ms_answer takes;

	if (ms_machine_standing(d->machine, cert, &s, &err) < 0) {
		found(d, MS_NOT_KNOWN, "mok-unknown",
			"of the MOK \"%s\" it is not known where it is: %s", subject, err.message);
		return;
	}
	if (s.revoked == MS_YES) {
		f = found(d, MS_WRONG, "mok-revoked", "the MOK \"%s\" is revoked", subject);
		because(f, "%s", s.why);
		return;
	}
	if (s.trusted == MS_YES) {
		f = found(d, MS_NOTE, "mok-trusted", "the MOK \"%s\" is trusted for modules, in %s",
			subject, s.store ? s.store : "a keyring");
		detail(f, "subject", "%s", subject);
		return;
	}
	takes = ms_machine_takes_mok(d->machine, cert, why, sizeof(why));
	if (s.trusted == MS_UNKNOWN && takes != MS_NO) {
		f = found(d, MS_NOT_KNOWN, "mok-unknown",
			"whether the MOK \"%s\" is trusted is not known: %s", subject, s.why);
	} else {
		f = found(d, severity(d), "mok-not-trusted",
			"the MOK \"%s\" is enrolled, but this kernel does not trust it%s%s",
			subject, takes == MS_NO ? ": " : "", takes == MS_NO ? why : "");
		if (takes == MS_YES)
			because(f,
				"It is in no keyring. As things are it would get into .machine: "
				"it was enrolled after this boot, or the kernel could not read it "
				"(then its log says so).");
		else
			because(f, "%s.", s.why);
		if (takes == MS_UNKNOWN && why[0])
			because(f, "Which gate kept it out is not known: %s.", why);
		if (f && takes == MS_NO)
			open_gate(f);
	}
	detail(f, "subject", "%s", subject);
	detail(f, "gate", "%s", why);
}

/* -- requests that wait for the next boot ------------------------------------------------------ */

/* What a request asks for, and its entry in MokManager's menu (shim's MokManager.c). */
static const struct request {
	const char *name; /* as `modseal trust enrol --pending` calls it */
	const char *what; /* of a subject */
	const char *entry;
} requests[MS_MOK_ACTIONS] = {
	[MS_MOK_ENROL] = { "enrol", "a MOK is to be enrolled", "Enroll MOK" },
	[MS_MOK_DELETE] = { "delete", "a MOK is to be deleted", "Delete MOK" },
	[MS_MOK_REVOKE] = { "revoke", "a key is to be revoked (MokListX)", "Enroll MOKX" },
	[MS_MOK_UNREVOKE] = { "unrevoke", "a key is no longer to be revoked (MokListX)",
		"Delete MOKX" },
};

static void take_back(struct finding *f)
{
	way_out(f, "If that is not wanted: take back all that is asked for.");
	command(f, "modseal trust enrol --revoke-pending");
}

static void one_request(struct doctor *d, const struct ms_mok_item *item)
{
	const struct request *request = &requests[item->action];
	struct finding *f = found(d, MS_WARNING, "mok-pending", "at the next boot %s: \"%s\"",
		request->what, item->text);

	because(f,
		"Until then it counts as before. It has to be confirmed in shim's blue screen "
		"(%s), with the password that was chosen; \"Continue boot\" drops the request.",
		request->entry);
	detail(f, "subject", "%s", item->text);
	detail(f, "action", "%s", request->name);
	if (item->action != MS_MOK_ENROL) {
		take_back(f);
		return;
	}
	way_out(f, "Boot, and confirm it: press a key, then %s, Continue, Yes, password.",
		request->entry);
	command_reboot(f, false, NULL);
}

static void pending(struct doctor *d)
{
	struct ms_mok_pending asked = { 0 };
	struct ms_error err = { 0 };

	if (ms_mok_pending_read(d->machine->root, &asked, &err) < 0) {
		found(d, MS_NOT_KNOWN, "mok-pending-unknown",
			"whether requests for MOKs are pending is not known: %s", err.message);
		return;
	}
	if (asked.reset)
		take_back(found(d, MS_WARNING, "mok-reset",
			"at the next boot all MOKs are to be deleted (mokutil --reset)"));
	if (asked.reset_revoked)
		take_back(found(d, MS_WARNING, "mok-reset-revoked",
			"at the next boot nothing that MokListX refuses is to be refused any more "
			"(mokutil --reset --mokx)"));
	for (size_t i = 0; i < asked.n_items; i++)
		one_request(d, &asked.items[i]);
	ms_mok_pending_free(&asked);
}

void check_mok(struct doctor *d)
{
	const struct ms_store *mok = &d->machine->stores[MS_STORE_MOK];

	if (d->machine->efi.answer == MS_NO)
		return;
	if (mok->exists.answer == MS_UNKNOWN)
		found(d, MS_NOT_KNOWN, "mok-list-unknown",
			"which MOKs are enrolled is not known: %s",
			mok->exists.unknown ? mok->exists.unknown : "nothing says so");
	for (size_t i = 0; i < mok->n_certs; i++)
		one(d, mok->certs[i]);
	if (d->machine->efi.answer == MS_YES)
		pending(d);
}
