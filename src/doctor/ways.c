/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/ways.h"

#include "src/doctor/enrol.h"
#include "src/doctor/keys.h"
#include "src/doctor/signing.h"

#include <string.h>

static void make_initramfs(struct finding *f)
{
	struct doctor *d = f->doctor;

	way_out(f, "Make the initramfs anew, so that it holds the module as it is on the disk.");
	if (d->distro->initramfs)
		command_with(f, d->distro->initramfs,
			d->release ? quoted(d, d->release) : "$(uname -r)");
}

/* A certificate's subject has this common name. */
static bool is_named(const char *subject, const char *name)
{
	size_t len = strlen(name);
	const char *at = subject;

	while ((at = strstr(at, "CN="))) {
		at += strlen("CN=");
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

/* The signer's certificate is a MOK already: check_mok says what keeps it from being trusted. */
static bool is_enrolled(const struct doctor *d, const char *signer)
{
	const struct ms_store *mok = &d->machine->stores[MS_STORE_MOK];

	for (size_t i = 0; signer && i < mok->n_certs; i++)
		if (is_named(ms_cert_subject(mok->certs[i]), signer))
			return true;
	return false;
}

/* A key on this machine whose certificate has the signer's name: dkms signs with one that nobody
 * may have enrolled yet. */
static const struct ms_found_key *key_of(const struct doctor *d, const char *signer)
{
	for (size_t i = 0; signer && d->keys && i < d->keys->n_keys; i++) {
		const struct ms_found_key *k = &d->keys->keys[i];

		if (key_is_usable(k) && key_can_be_trusted(d, k) && is_named(k->subject, signer))
			return k;
	}
	return NULL;
}

static void trust_it(struct finding *f)
{
	struct doctor *d = f->doctor;
	const char *signer =
		d->module && d->module->n_signatures ? d->module->signatures[0].signer : NULL;
	const struct ms_found_key *k = key_of(d, signer);

	if (is_enrolled(d, signer)) {
		because(f, "A MOK of its signer's name (%s) is enrolled: see what is told of that.",
			signer);
	} else if (k) {
		way_out(f, "The key of %s signed it, by its name (%s): leave the signature%s.",
			k->what, signer, enrol_words(d));
		enrol_commands(f, quoted(d, on_machine(d, k->cert)));
	} else {
		way_out(f, "If you trust who signed it%s%s%s, get that certificate%s.",
			signer ? " (" : "", signer ? signer : "", signer ? ")" : "",
			enrol_words(d));
		enrol_commands(f, "CERT");
	}
	ways_to_sign(f, "");
}

static void sign_anew(struct finding *f)
{
	way_out(f,
		"Get the module anew (install its package again, or build it) and sign it again: "
		"modseal puts the new signature in place of the old one.");
	command(f, "modseal inspect %s", module_word(f));
	ways_to_sign(f, "");
}

static void other_digest(struct finding *f)
{
	because(f, "RSA with sha256 is in every kernel.");
	ways_to_sign(f, " --hash sha256");
}

static void build_it(struct finding *f)
{
	struct doctor *d = f->doctor;
	const char *release = d->release ? quoted(d, d->release) : "$(uname -r)";

	if (root_exists(&d->root, "usr/sbin/dkms")) {
		way_out(f, "Let dkms build it for this kernel.");
		command(f, "dkms status");
		command(f, "dkms autoinstall -k %s", release);
	} else if (root_exists(&d->root, "usr/sbin/akmods")) {
		way_out(f, "Let akmods build it for this kernel.");
		command(f, "akmods --force --kernels %s", release);
	} else {
		way_out(f,
			"Build it for this kernel, with the headers and the Module.symvers that "
			"belong to it, or boot the kernel that it was built for.");
		command(f, "make -C /lib/modules/%s/build M=$PWD modules", release);
	}
}

static void unblock(struct finding *f)
{
	const struct distro *distro = f->doctor->distro;

	way_out(f,
		"Take it out of module_blacklist= of the kernel's command line, and boot again.");
	for (size_t i = 0; i < DISTRO_COMMANDS && distro->cmdline[i]; i++)
		command_with(f, distro->cmdline[i], "module_blacklist");
}

static void for_ima(struct finding *f)
{
	way_out(f,
		"Give the file a signature for IMA, by a key whose certificate is in .ima; an "
		"appended signature does instead if the policy has imasig|modsig.");
	command(f, "evmctl ima_sign --key KEY %s", module_word(f));
	bypass(f,
		"a module's file is then judged by its appended signature alone, where that is "
		"enforced",
		"Take the rule out of the policy (/etc/ima/ima-policy), or ima_policy= off the "
		"kernel's command line, and boot again.");
}

static void tell(struct finding *f)
{
	switch (f->remedy) {
	case REMEDY_SIGN:
		ways_to_sign(f, "");
		bypasses(f);
		break;
	case REMEDY_TRUST:
		trust_it(f);
		bypasses(f);
		break;
	case REMEDY_SIGN_ANEW:
		sign_anew(f);
		break;
	case REMEDY_OTHER_KEY:
		ways_to_sign(f, "");
		break;
	case REMEDY_DIGEST:
		other_digest(f);
		bypasses(f);
		break;
	case REMEDY_BUILD:
		build_it(f);
		break;
	case REMEDY_UNBLOCK:
		unblock(f);
		break;
	case REMEDY_IMA:
		for_ima(f);
		break;
	case REMEDY_INITRAMFS:
		make_initramfs(f);
		break;
	case REMEDY_NONE:
	case N_REMEDIES:
		break;
	}
}

void ways_tell(struct doctor *d)
{
	const struct finding *told[N_REMEDIES] = { 0 };

	for (size_t i = 0; i < d->n_findings; i++) {
		struct finding *f = d->findings[i];

		if (f->remedy == REMEDY_NONE || f->is.severity == MS_NOTE)
			continue;
		if (told[f->remedy]) {
			because(f, "The ways out are those of \"%s\"%s%s.", told[f->remedy]->is.id,
				f->path ? ", for " : "", f->path ? f->path : "");
			continue;
		}
		told[f->remedy] = f;
		tell(f);
	}
}
