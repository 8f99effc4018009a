/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks against a request to MokManager: what mokutil refuses, too (its is_valid_request()),
 * and what would make a MOK useless for modules. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/trust/mok.h"

#include <errno.h>
#include <modseal/certview.h>
#include <modseal/machine.h>
#include <string.h>

static void add(struct ms_mok_check *c, const char *name, enum ms_mok_weight weight,
	const char *hint, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void add(struct ms_mok_check *c, const char *name, enum ms_mok_weight weight,
	const char *hint, const char *fmt, ...)
{
	struct ms_mok_finding *f;
	va_list ap;

	if (c->n_findings == MS_MOK_FINDINGS_MAX)
		return;
	f = &c->findings[c->n_findings++];
	f->name = name;
	f->weight = weight;
	snprintf(f->hint, sizeof(f->hint), "%s", hint ? hint : "");
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

static bool holds(const struct ms_store *store, const struct ms_cert *cert)
{
	for (size_t i = 0; i < store->n_certs; i++)
		if (X509_cmp(store->certs[i]->x509, cert->x509) == 0)
			return true;
	return false;
}

/* -- the machine ----------------------------------------------------------------------------- */

/* shim hands at least one of these on. */
static enum ms_answer has_shim(const struct ms_machine *m)
{
	const struct ms_fact *facts[] = { &m->stores[MS_STORE_MOK].exists,
		&m->stores[MS_STORE_MOKX].exists, &m->sbat };
	enum ms_answer answer = MS_NO;

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (facts[i]->answer == MS_YES)
			return MS_YES;
		if (facts[i]->answer == MS_UNKNOWN)
			answer = MS_UNKNOWN;
	}
	return answer;
}

/* False: nothing can be asked for here. */
static bool check_way(const struct ms_machine *m, struct ms_mok_check *c)
{
	int e = efivar_may_write(m->root);

	if (m->efi.answer == MS_NO) {
		add(c, "no-efi", MS_MOK_NEVER,
			"A certificate can be built into the kernel instead "
			"(CONFIG_SYSTEM_TRUSTED_KEYS).",
			"this machine was booted without UEFI: there is no shim that could keep "
			"machine "
			"owner keys");
	} else if (efivar_access(m->root) != EFI_VARS) {
		add(c, "no-efivars", MS_MOK_NEVER,
			"mount -t efivarfs efivarfs /sys/firmware/efi/efivars",
			"no UEFI variables are to be seen (is efivarfs mounted?)");
	} else if (has_shim(m) == MS_NO) {
		add(c, "no-shim", MS_MOK_NEVER,
			"Boot through shim (Debian: shim-signed), or put the certificate into UEFI "
			"db: "
			"'modseal trust db'.",
			"shim did not boot this machine (there is no MokListRT): nobody would see "
			"the "
			"request");
	} else if (e == EROFS) {
		add(c, "read-only", MS_MOK_NEVER, "mount -o remount,rw /sys/firmware/efi/efivars",
			"the UEFI variables are mounted read-only");
	} else if (e == EACCES || e == EPERM) {
		add(c, "not-root", MS_MOK_NEVER, "Run it as root.",
			"only root may write UEFI variables");
	} else {
		return true;
	}
	return false;
}

/* Whether .platform, where what .machine refuses goes, counts for modules. */
static bool platform_counts(const struct ms_machine *m)
{
	const char *version = m->version.text, *release = m->release.text;

	return (version && strstr(version, "Debian")) || (release && strstr(release, ".fc"));
}

/* What keeps a MOK from .machine and .platform, whatever it is. */
static void check_state(const struct ms_machine *m, struct ms_mok_check *c)
{
	if (m->setup_mode.answer == MS_YES)
		add(c, "setup-mode", MS_MOK_WARNING,
			"Enrol the platform keys in the firmware's setup, then switch Secure Boot "
			"on.",
			"the firmware is in setup mode: Secure Boot is off, so that the kernel "
			"takes no "
			"MOKs, and whoever is root may write db itself");
	else if (m->secure_boot.answer == MS_NO)
		add(c, "secure-boot-off", MS_MOK_WARNING, NULL,
			"Secure Boot is off: the kernel takes MOKs only when it is on");
	/* .platform does as well with some kernels. */
	if (platform_counts(m))
		return;
	if (ms_machine_option_on(m, "INTEGRITY_MACHINE_KEYRING") == MS_NO)
		add(c, "no-machine-keyring", MS_MOK_WARNING, NULL,
			"this kernel has no .machine keyring (CONFIG_INTEGRITY_MACHINE_KEYRING): "
			"MOKs get "
			"into .platform, which counts for modules with Debian's and Fedora's "
			"kernels only");
	else if (m->mok_trusted.answer == MS_NO)
		add(c, "list-not-trusted", MS_MOK_WARNING,
			"'mokutil --trust-mok' asks for it; a shim before 15.5 does not know that.",
			"shim does not vouch for the list (MokListTrustedRT): the kernel keeps "
			"MOKs out of "
			".machine");
}

/* -- the certificate ------------------------------------------------------------------------- */

static void check_lists(const struct ms_machine *m, const struct ms_cert *cert,
	const struct ms_cert_view *v, struct ms_mok_check *c)
{
	const struct ms_keyring *builtin = &m->keyrings[MS_KEYRING_BUILTIN];

	if (holds(&m->stores[MS_STORE_MOKX], cert))
		add(c, "revoked", MS_MOK_REFUSAL, NULL, "it is revoked: MokListXRT holds it");
	else if (holds(&m->stores[MS_STORE_DBX], cert))
		add(c, "revoked", MS_MOK_REFUSAL, NULL, "it is revoked: dbx holds it");
	if (holds(&m->stores[MS_STORE_DB], cert))
		add(c, "in-db", MS_MOK_REFUSAL,
			"A kernel that checks modules without .platform needs it as a MOK: "
			"--force.",
			"it is in UEFI db already");
	for (size_t i = 0; v->key_id && i < builtin->n_keys; i++)
		if (builtin->keys[i].key_id && !strcmp(builtin->keys[i].key_id, v->key_id)) {
			add(c, "built-in", MS_MOK_REFUSAL, NULL,
				"it is trusted already: it is built into this kernel "
				"(.builtin_trusted_keys)");
			break;
		}
}

/* By accept_judge(). */
static const struct ms_cert_place *place(
	const struct ms_cert_view *v, const char *name, const char *under)
{
	for (size_t i = 0; i < v->n_places; i++) {
		const struct ms_cert_place *p = &v->places[i];

		if (!strcmp(p->name, name) &&
			(p->under && under ? !strcmp(p->under, under) : p->under == under))
			return p;
	}
	return NULL;
}

static void check_ca(
	const struct ms_machine *m, const struct ms_cert_view *v, struct ms_mok_check *c)
{
	static const char *const options[] = { "CONFIG_INTEGRITY_CA_MACHINE_KEYRING_MAX",
		"CONFIG_INTEGRITY_CA_MACHINE_KEYRING" };

	for (size_t i = 0; i < 2; i++) {
		const struct ms_cert_place *p = place(v, ".machine", options[i]);

		if (!p || p->accept != MS_ACCEPT_NO ||
			ms_machine_option_on(m, options[i] + strlen("CONFIG_")) != MS_YES)
			continue;
		add(c, "no-ca", platform_counts(m) ? MS_MOK_WARNING : MS_MOK_REFUSAL,
			"Enrol a CA ('modseal cert --profile ca') and sign modules with a leaf of "
			"it that "
			"travels in the signature ('modseal sign --embed-certs').",
			"this kernel takes CAs only into .machine (%s): %s%s", options[i], p->why,
			platform_counts(m) ? ", which counts with this kernel"
					   : ", which does not count for modules");
		return;
	}
}

static void check_algorithm(
	const struct ms_machine *m, const struct ms_cert_view *v, struct ms_mok_check *c)
{
	static const struct {
		const char *type, *algorithm;
	} names[] = {
		{ "P-256", "ecdsa-nist-p256" },
		{ "P-384", "ecdsa-nist-p384" },
		{ "P-521", "ecdsa-nist-p521" },
	};
	char why[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(v->key_type, names[i].type) &&
			ms_machine_algorithm(m, names[i].algorithm, why, sizeof(why)) == MS_NO)
			add(c, "key-type", MS_MOK_REFUSAL, "Every kernel checks RSA.",
				"this kernel cannot check signatures of %s keys: %s", v->key_type,
				why);
}

static void check_use(
	const struct ms_machine *m, const struct ms_cert_view *v, struct ms_mok_check *c)
{
	const struct ms_cert_place *mok = place(v, "MOK", NULL);

	if (mok && mok->accept == MS_ACCEPT_NO)
		add(c, "not-for-shim", MS_MOK_NEVER, NULL, "%s", mok->why);
	if (v->problem[0])
		add(c, "not-for-kernels", MS_MOK_REFUSAL, NULL, "no kernel takes it: %s",
			v->problem);
	else
		check_algorithm(m, v, c);
	check_ca(m, v, c);
	if (!v->module_signing)
		add(c, "boots-too", MS_MOK_WARNING,
			"'modseal cert' makes certificates with that purpose.",
			"it is not limited to modules: as a MOK, shim also boots what its key "
			"signed, since "
			"the purpose module signing (1.3.6.1.4.1.2312.16.1.2) is missing");
}

/* -- together -------------------------------------------------------------------------------- */

static int check_enrol(const struct ms_machine *m, const struct ms_cert *cert,
	struct ms_mok_check *c, struct ms_error *err)
{
	struct ms_cert_view *view = NULL;
	AUTO_MOK_LIST struct mok_list pending = { 0 }, opposite = { 0 };
	bool enrolled = holds(&m->stores[MS_STORE_MOK], cert);
	int r = mok_read_request(m->root, MS_MOK_ENROL, &pending, err);

	if (r == 0)
		r = mok_read_request(m->root, MS_MOK_DELETE, &opposite, err);
	if (r == 0)
		r = ms_cert_view_new(cert, &view, err);
	if (r < 0)
		return r;
	c->takes_back = enrolled && mok_find(&opposite, cert);
	if (c->takes_back)
		goto out;
	if (enrolled)
		add(c, "already-enrolled", MS_MOK_REFUSAL, NULL,
			"it is enrolled already (MokListRT)");
	else if (mok_find(&pending, cert))
		add(c, "already-asked", MS_MOK_REFUSAL,
			"--force sets a new password; --revoke-pending takes the request back.",
			"it is to be enrolled at the next boot already (MokNew)");
	check_lists(m, cert, view, c);
	check_use(m, view, c);
	check_state(m, c);
out:
	ms_cert_view_free(view);
	return 0;
}

static int check_delete(const struct ms_machine *m, const struct ms_cert *cert,
	struct ms_mok_check *c, struct ms_error *err)
{
	AUTO_MOK_LIST struct mok_list pending = { 0 }, opposite = { 0 };
	bool enrolled = holds(&m->stores[MS_STORE_MOK], cert);
	int r = mok_read_request(m->root, MS_MOK_DELETE, &pending, err);

	if (r == 0)
		r = mok_read_request(m->root, MS_MOK_ENROL, &opposite, err);
	if (r < 0)
		return r;
	c->takes_back = !enrolled && mok_find(&opposite, cert);
	if (c->takes_back)
		return 0;
	if (!enrolled)
		add(c, "not-enrolled", MS_MOK_REFUSAL, NULL, "it is not enrolled (MokListRT)");
	else if (mok_find(&pending, cert))
		add(c, "already-asked", MS_MOK_REFUSAL,
			"--force sets a new password; --revoke-pending takes the request back.",
			"it is to be deleted at the next boot already (MokDel)");
	return 0;
}

MS_API int ms_mok_check(const struct ms_machine *machine, enum ms_mok_action action,
	const struct ms_cert *cert, struct ms_mok_check *check, struct ms_error *err)
{
	*check = (struct ms_mok_check){ 0 };
	if (!check_way(machine, check))
		return 0;
	return action == MS_MOK_ENROL ? check_enrol(machine, cert, check, err)
				      : check_delete(machine, cert, check, err);
}
