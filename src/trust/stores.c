/* SPDX-License-Identifier: Apache-2.0 */
/* What firmware and shim say: Secure Boot, and their lists of certificates. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/cert.h"
#include "src/trust/efivar.h"
#include "src/trust/esl.h"
#include "src/trust/fact.h"

#include <openssl/err.h>
#include <string.h>

static const struct {
	const char *name;
	const struct efi_guid *vendor;
} stores[MS_STORES] = {
	[MS_STORE_PK] = { "PK", &guid_global },
	[MS_STORE_KEK] = { "KEK", &guid_global },
	[MS_STORE_DB] = { "db", &guid_security },
	[MS_STORE_DBX] = { "dbx", &guid_security },
	[MS_STORE_MOK] = { "MokListRT", &guid_shim },
	[MS_STORE_MOKX] = { "MokListXRT", &guid_shim },
};

static int read_variable(struct ms_machine *m, const char *name, const struct efi_guid *vendor,
	struct efivar *var, struct ms_error *err)
{
	if (vendor == &guid_shim)
		return efivar_read_shim(m->root, name, var, err);
	return efivar_read(m->root, name, vendor, var, err);
}

/* A variable that cannot be there, or whether it is there cannot be seen; the fact says so. */
static bool out_of_reach(struct ms_machine *m, struct ms_fact *fact)
{
	if (m->efi.answer == MS_NO)
		fact_set(m, fact, MS_NO, m->efi.source, NULL);
	else if (m->efi.answer == MS_UNKNOWN)
		fact_unknown(m, fact, "%s", m->efi.unknown);
	else if (efivar_access(m->root) != EFI_VARS)
		fact_unknown(
			m, fact, "/sys/firmware/efi/efivars shows nothing (is efivarfs mounted?)");
	else
		return false;
	return true;
}

static void read_efi(struct ms_machine *m)
{
	if (efivar_access(m->root) != EFI_NOT_BOOTED)
		fact_set(m, &m->efi, MS_YES, "/sys/firmware/efi", NULL);
	else if (root_exists(&m->priv->root, "/sys/firmware"))
		fact_set(m, &m->efi, MS_NO, "/sys/firmware", NULL);
	else
		fact_unknown(m, &m->efi, "there is no /sys/firmware");
}

/* A variable of one byte. */
static void read_flag(
	struct ms_machine *m, struct ms_fact *fact, const char *name, const struct efi_guid *vendor)
{
	AUTO_EFIVAR struct efivar var = { 0 };
	struct ms_error err = { 0 };

	if (out_of_reach(m, fact))
		return;
	if (read_variable(m, name, vendor, &var, &err) < 0)
		fact_unknown(m, fact, "%s", err.message);
	else
		fact_set(m, fact, var.found && var.data.len && var.data.data[0] ? MS_YES : MS_NO,
			name, NULL);
}

/* Lines such as "sbat,1,2023012900". */
static void read_sbat(struct ms_machine *m)
{
	AUTO_EFIVAR struct efivar var = { 0 };
	struct ms_error err = { 0 };
	AUTO_FREE char *text = NULL;
	size_t len;

	if (out_of_reach(m, &m->sbat))
		return;
	if (read_variable(m, "SbatLevelRT", &guid_shim, &var, &err) < 0) {
		fact_unknown(m, &m->sbat, "%s", err.message);
		return;
	}
	text = strndup(var.data.data ? (char *)var.data.data : "", var.data.len);
	if (!text) {
		m->priv->nomem = true;
		return;
	}
	for (len = strlen(text); len && text[len - 1] == '\n'; len--)
		text[len - 1] = '\0';
	for (char *p = text; (p = strchr(p, '\n')); p++)
		*p = ' ';
	fact_set(m, &m->sbat, var.found ? MS_YES : MS_NO, "SbatLevelRT", var.found ? text : NULL);
}

/* False: no certificate that OpenSSL reads. */
static bool take_cert(struct ms_machine *m, struct ms_store *store, const struct esl_entry *entry)
{
	X509 *x509 = cert_of_der(entry->data, entry->len);
	struct ms_cert *cert = x509 ? cert_wrap(x509) : NULL;

	ERR_clear_error();
	if (cert)
		store->certs[store->n_certs++] = cert;
	else if (x509)
		m->priv->nomem = true;
	return x509 != NULL;
}

static void take_entries(struct ms_machine *m, struct ms_store *store, const struct esl *esl)
{
	store->certs = calloc(esl->n ? esl->n : 1, sizeof(*store->certs));
	if (!store->certs) {
		m->priv->nomem = true;
		return;
	}
	for (size_t i = 0; i < esl->n; i++) {
		const struct esl_entry *entry = &esl->entries[i];

		if (entry->kind == ESL_X509 && take_cert(m, store, entry))
			continue;
		store->n_hashes += entry->kind == ESL_HASH;
		store->n_cert_hashes += entry->kind == ESL_X509_HASH;
		store->n_other += entry->kind == ESL_OTHER || entry->kind == ESL_X509;
	}
}

static void read_store(struct ms_machine *m, int i)
{
	struct ms_store *store = &m->stores[i];
	AUTO_EFIVAR struct efivar var = { 0 };
	AUTO_ESL struct esl esl = { 0 };
	struct ms_error err = { 0 };

	store->name = stores[i].name;
	if (out_of_reach(m, &store->exists))
		return;
	if (read_variable(m, store->name, stores[i].vendor, &var, &err) < 0 ||
		esl_read(var.data.data, var.data.len, store->name, &esl, &err) < 0) {
		fact_unknown(m, &store->exists, "%s", err.message);
		return;
	}
	fact_set(m, &store->exists, var.found ? MS_YES : MS_NO, store->name, NULL);
	take_entries(m, store, &esl);
}

void facts_of_firmware(struct ms_machine *m)
{
	read_efi(m);
	read_flag(m, &m->secure_boot, "SecureBoot", &guid_global);
	read_flag(m, &m->setup_mode, "SetupMode", &guid_global);
	read_flag(m, &m->mok_insecure, "MokSBStateRT", &guid_shim);
	read_flag(m, &m->mok_trusted, "MokListTrustedRT", &guid_shim);
	read_sbat(m);
	for (int i = 0; i < MS_STORES; i++)
		read_store(m, i);
}
