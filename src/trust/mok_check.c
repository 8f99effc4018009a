/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks against a request to MokManager: what mokutil refuses, too (its is_valid_request()),
 * and what would make a MOK useless for modules. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/trust/bootentry.h"
#include "src/trust/fact.h"
#include "src/trust/mok.h"
#include "src/trust/mok_gates.h"
#include "src/trust/standing.h"

#include <errno.h>
#include <fnmatch.h>
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
			"machine owner keys");
	} else if (efivar_access(m->root) != EFI_VARS) {
		add(c, "no-efivars", MS_MOK_NEVER,
			"mount -t efivarfs efivarfs /sys/firmware/efi/efivars",
			"no UEFI variables are to be seen (is efivarfs mounted?)");
	} else if (has_shim(m) == MS_NO) {
		add(c, "no-shim", MS_MOK_NEVER,
			"Boot through shim (Debian: shim-signed), or put the certificate into UEFI "
			"db: 'modseal trust db'.",
			"shim did not boot this machine (there is no MokListRT): nobody would see "
			"the request");
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

/* shim starts MokManager from its own directory: mmx64.efi, or what openSUSE calls it. False also
 * when that directory cannot be seen. */
static bool lacks_mokmanager(const struct ms_machine *m, const char *directory)
{
	DIR *dir = root_dir(&m->priv->root, directory);
	bool found = false;

	if (!dir)
		return false;
	for (struct dirent *e; !found && (e = readdir(dir));)
		found = !fnmatch("mm*.efi", e->d_name, FNM_CASEFOLD) ||
			!fnmatch("MokManager.efi", e->d_name, FNM_CASEFOLD);
	closedir(dir);
	return !found;
}

/* Without it shim stops at a request and switches the machine off, at each boot. */
static int check_mokmanager(
	const struct ms_machine *m, struct ms_mok_check *c, struct ms_error *err)
{
	static const char *const mounts[] = { "/boot/efi", "/efi", "/boot" };
	AUTO_FREE char *booted = NULL;
	char *slash;
	int r = bootentry_current(m->root, &booted, err);

	slash = booted ? strrchr(booted, '/') : NULL;
	if (r < 0 || !slash)
		return r;
	*slash = '\0';
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		char directory[512];

		snprintf(directory, sizeof(directory), "%s/%s", mounts[i], booted);
		if (lacks_mokmanager(m, directory))
			add(c, "no-mokmanager", MS_MOK_REFUSAL,
				"Install it (mmx64.efi; Debian: shim-signed, then grub-install).",
				"%s, from where shim booted, has no MokManager: shim would find "
				"the request, fail to start it and switch the machine off, at each "
				"boot",
				directory);
	}
	return 0;
}

/* Whether .platform, where MOKs get that .machine does not take, counts for modules. */
static bool platform_counts(const struct ms_machine *m)
{
	char why[256];

	return ms_machine_keyring_counts(m, MS_KEYRING_PLATFORM, why, sizeof(why)) == MS_YES;
}

/* What keeps any MOK from the kernel as the machine was booted. That may change. */
static void check_state(const struct ms_machine *m, struct ms_mok_check *c)
{
	char why[256];

	if (m->setup_mode.answer == MS_YES)
		add(c, "setup-mode", MS_MOK_WARNING,
			"Enrol the platform keys in the firmware's setup, then switch Secure Boot "
			"on.",
			"the firmware is in setup mode: Secure Boot is off, so that the kernel "
			"takes no MOKs, and whoever is root may write db itself");
	else if (m->secure_boot.answer == MS_NO)
		add(c, "secure-boot-off", MS_MOK_WARNING, NULL,
			"Secure Boot is off: the kernel takes MOKs only when it is on");
	else if (mok_gate_machine(m, why, sizeof(why)) == MS_NO && !platform_counts(m))
		add(c, "not-in-machine", MS_MOK_WARNING, NULL,
			"as things are the kernel takes no MOK into .machine: %s", why);
}

/* -- the certificate ------------------------------------------------------------------------- */

static bool is_revoked(const struct ms_machine *m, const struct ms_cert *cert,
	const struct ms_standing *standing, struct ms_mok_check *c)
{
	const char *where = NULL;

	if (holds(&m->stores[MS_STORE_MOKX], cert))
		where = "MokListXRT";
	else if (holds(&m->stores[MS_STORE_DBX], cert))
		where = "dbx";
	else if (standing->revoked == MS_YES || standing_tbs_revoked(m, cert->x509) == MS_YES)
		where = ".blacklist";
	if (where)
		add(c, "revoked", MS_MOK_REFUSAL, NULL, "it is revoked: %s holds it", where);
	return where;
}

static int check_lists(const struct ms_machine *m, const struct ms_cert *cert,
	struct ms_mok_check *c, struct ms_error *err)
{
	struct ms_standing standing;
	int r = standing_of_cert(m, cert->x509, &standing, err);

	if (r < 0 || is_revoked(m, cert, &standing, c))
		return r;
	if (holds(&m->stores[MS_STORE_DB], cert))
		add(c, "in-db", MS_MOK_REFUSAL,
			"A kernel that checks modules without .platform needs it as a MOK: "
			"--force.",
			"it is in UEFI db already");
	else if (standing.trusted == MS_YES)
		add(c, "already-trusted", MS_MOK_REFUSAL, NULL, "this kernel trusts it already: %s",
			standing.why);
	return 0;
}

static void check_ca(
	const struct ms_machine *m, const struct ms_cert_view *v, struct ms_mok_check *c)
{
	const struct ms_cert_place *p = mok_machine_place(m, v);

	if (p && p->under && p->accept == MS_ACCEPT_NO)
		add(c, "no-ca", platform_counts(m) ? MS_MOK_WARNING : MS_MOK_REFUSAL,
			"Enrol a CA ('modseal cert --profile ca') and sign modules with a leaf of "
			"it that travels in the signature ('modseal sign --embed-certs').",
			"this kernel takes CAs only into .machine (%s): %s%s", p->under, p->why,
			platform_counts(m) ? ", which counts with this kernel"
					   : ", which is not known to count for modules here");
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
	for (size_t i = 0; i < v->n_places; i++)
		if (!strcmp(v->places[i].name, "MOK") && v->places[i].accept == MS_ACCEPT_NO)
			add(c, "not-for-shim", MS_MOK_NEVER, NULL, "%s", v->places[i].why);
	if (v->problem[0]) {
		add(c, "not-for-kernels", MS_MOK_REFUSAL, NULL, "no kernel takes it: %s",
			v->problem);
	} else {
		check_algorithm(m, v, c);
		check_ca(m, v, c);
	}
	if (!v->module_signing)
		add(c, "boots-too", MS_MOK_WARNING,
			"'modseal cert' makes certificates with that purpose.",
			"it is not limited to modules: as a MOK, shim also boots what its key "
			"signed, since the purpose module signing (1.3.6.1.4.1.2312.16.1.2) is "
			"missing");
}

/* -- together -------------------------------------------------------------------------------- */

/* What is there and what is asked for already; true if that speaks against the request or for
 * another way. */
static int check_request(const struct ms_machine *m, enum ms_mok_action action,
	const struct ms_cert *cert, struct ms_mok_check *c, bool *settled, struct ms_error *err)
{
	AUTO_MOK_LIST struct mok_list pending = { 0 }, opposite = { 0 };
	const struct mok_names *names = &mok_names[action];
	bool revokes = action == MS_MOK_REVOKE || action == MS_MOK_UNREVOKE;
	bool done = holds(&m->stores[revokes ? MS_STORE_MOKX : MS_STORE_MOK], cert) == names->adds;
	int r = mok_read_request(m->root, action, &pending, err);

	if (r == 0)
		r = mok_read_request(m->root, ms_mok_opposite(action), &opposite, err);
	if (r < 0)
		return r;
	c->takes_back = done && mok_find(&opposite, cert);
	*settled = done || mok_find(&pending, cert);
	if (c->takes_back)
		return 0;
	if (done)
		add(c, names->adds ? "already-enrolled" : "not-enrolled", MS_MOK_REFUSAL, NULL,
			names->adds ? "%s holds it already" : "%s does not hold it", names->list);
	else if (*settled)
		add(c, "already-asked", MS_MOK_REFUSAL,
			"--force sets a new password; --revoke-pending takes the request back.",
			"that is asked for at the next boot already (%s)", names->request);
	return 0;
}

static int check_enrol(const struct ms_machine *m, const struct ms_cert *cert, bool settled,
	struct ms_mok_check *c, struct ms_error *err)
{
	struct ms_cert_view *view = NULL;
	int r = ms_cert_view_new(cert, &view, err);

	if (r == 0 && !settled)
		r = check_lists(m, cert, c, err);
	if (r == 0) {
		check_use(m, view, c);
		check_state(m, c);
	}
	ms_cert_view_free(view);
	return r;
}

/* MokListXRT goes to .blacklist (certs/blacklist.c). */
static void check_revoke(const struct ms_machine *m, struct ms_mok_check *c)
{
	if (ms_machine_option_on(m, "SYSTEM_REVOCATION_LIST") == MS_NO)
		add(c, "no-revocation-list", MS_MOK_WARNING, NULL,
			"this kernel revokes no certificates (CONFIG_SYSTEM_REVOCATION_LIST): "
			"modules that its key signed load as before; shim boots nothing that it "
			"signed");
}

MS_API int ms_mok_check(const struct ms_machine *machine, enum ms_mok_action action,
	const struct ms_cert *cert, struct ms_mok_check *check, struct ms_error *err)
{
	bool settled = false;
	int r;

	*check = (struct ms_mok_check){ 0 };
	if (!check_way(machine, check))
		return 0;
	r = check_request(machine, action, cert, check, &settled, err);
	if (r < 0 || check->takes_back)
		return r;
	r = check_mokmanager(machine, check, err);
	if (r == 0 && action == MS_MOK_ENROL)
		r = check_enrol(machine, cert, settled, check, err);
	if (r == 0 && action == MS_MOK_REVOKE)
		check_revoke(machine, check);
	return r;
}
