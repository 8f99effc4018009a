/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/signing.h"

#include "src/doctor/enrol.h"
#include "src/doctor/keys.h"

#include <string.h>

const char *module_word(const struct finding *f)
{
	struct doctor *d = f->doctor;

	if (f->path)
		return quoted(d, f->path);
	return d->path ? quoted(d, on_machine(d, d->path)) : "MODULE";
}

static void sign_with(struct finding *f, const struct ms_found_key *k, const char *options)
{
	struct doctor *d = f->doctor;
	const char *key = quoted(d, on_machine(d, k->path)),
		   *cert = quoted(d, on_machine(d, k->cert));

	if (strcmp(k->path, k->cert) == 0)
		command(f, "modseal sign%s -k %s %s", options, key, module_word(f));
	else
		command(f, "modseal sign%s -k %s -c %s %s", options, key, cert, module_word(f));
}

/* With keys that lie on this machine and that the kernel trusts. */
static bool with_trusted_keys(struct finding *f, const char *options)
{
	struct doctor *d = f->doctor;
	bool any = false;

	for (size_t i = 0; d->keys && i < d->keys->n_keys; i++) {
		const struct ms_found_key *k = &d->keys->keys[i];

		if (!key_is_usable(k) || key_is_trusted(d, k) != MS_YES)
			continue;
		way_out(f,
			"Sign it with the key of %s that lies on this machine: this kernel trusts "
			"its certificate (%s).",
			k->what, k->subject);
		sign_with(f, k, options);
		any = true;
	}
	return any;
}

/* With those that it may come to trust. */
static void with_other_keys(struct finding *f, const char *options)
{
	struct doctor *d = f->doctor;

	for (size_t i = 0; d->keys && i < d->keys->n_keys; i++) {
		const struct ms_found_key *k = &d->keys->keys[i];

		if (!key_is_usable(k) || !key_can_be_trusted(d, k))
			continue;
		way_out(f, "Sign it with the key of %s that lies on this machine (%s)%s.", k->what,
			k->subject, enrol_words(d));
		sign_with(f, k, options);
		enrol_commands(f, quoted(d, on_machine(d, k->cert)));
	}
}

static void with_new_key(struct finding *f, const char *options)
{
	struct doctor *d = f->doctor;
	const char *profile = enrol_wants_ca(d) ? " --profile ca" : "",
		   *why = *profile ? " (as a CA, since this kernel takes no others as MOKs)" : "";

	if (root_exists(&d->root, "dev/tpmrm0")) {
		way_out(f, "Sign it with a new key in this machine's TPM%s%s.", enrol_words(d),
			why);
		command(f,
			"modseal keygen -k /etc/modseal.tss --type rsa2048%s --subject "
			"'CN=Modules' --out /etc/modseal.der",
			profile);
		command(f, "modseal sign%s -k /etc/modseal.tss -c /etc/modseal.der %s", options,
			module_word(f));
		enrol_commands(f, "/etc/modseal.der");
		return;
	}
	way_out(f, "Sign it with a key on a token of yours (YubiKey, smart card, HSM)%s%s.",
		enrol_words(d), why);
	command(f, "modseal keys   # which tokens are there");
	command(f,
		"modseal keygen -k 'pkcs11:token=TOKEN;object=modules' --type rsa2048%s --subject "
		"'CN=Modules' --out modules.der",
		profile);
	command(f, "modseal sign%s -k 'pkcs11:token=TOKEN;object=modules' %s", options,
		module_word(f));
	enrol_commands(f, "modules.der");
}

static void with_distribution(struct finding *f)
{
	const struct distro *distro = f->doctor->distro;

	if (!distro->tool || !root_exists(&f->doctor->root, distro->tool))
		return;
	way_out(f, "Or %s.", distro->tool_what);
	for (size_t i = 0; i < DISTRO_COMMANDS && distro->tool_commands[i]; i++)
		command(f, "%s", distro->tool_commands[i]);
}

/* With a key that is enrolled and trusted already, wherever its owner keeps it. */
static void with_trusted_mok(struct finding *f, const char *options)
{
	struct doctor *d = f->doctor;
	const struct ms_store *mok = &d->machine->stores[MS_STORE_MOK];
	const char *names = "";

	for (size_t i = 0; i < mok->n_certs; i++) {
		struct ms_standing s = { 0 };

		if (ms_machine_standing(d->machine, mok->certs[i], &s, NULL) == 0 &&
			s.trusted == MS_YES)
			names = kept(d, "%s%s%s", names, *names ? "; " : "",
				ms_cert_subject(mok->certs[i]));
	}
	if (!*names)
		return;
	way_out(f,
		"If the key of a MOK that this kernel trusts is yours (%s), sign it with that: "
		"nothing needs to be enrolled.",
		names);
	command(f, "modseal keys --login   # where is it");
	command(f, "modseal sign%s -k KEY -c CERT %s", options, module_word(f));
}

void ways_to_sign(struct finding *f, const char *options)
{
	if (with_trusted_keys(f, options))
		return;
	with_trusted_mok(f, options);
	with_other_keys(f, options);
	with_new_key(f, options);
	with_distribution(f);
}
