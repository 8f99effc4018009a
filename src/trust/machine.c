/* SPDX-License-Identifier: Apache-2.0 */
#include <modseal/machine.h>

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/trust/fact.h"
#include "src/trust/keyrings.h"

#include <string.h>

static void free_keys(struct ms_keyring_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		keyring_key_free(&keys[i]);
	free(keys);
}

static void free_private(struct ms_machine_private *priv)
{
	root_close(&priv->root);
	kconfig_free(&priv->config);
	free(priv->crypto);
	free(priv->aliases);
	free(priv->deps);
	free(priv->modules);
	if (priv->free_image_certs)
		priv->free_image_certs(priv->image_certs);
	free(priv);
}

MS_API void ms_machine_free(struct ms_machine *m)
{
	if (!m)
		return;
	struct ms_fact *const facts[] = { &m->version, &m->release, &m->distribution, &m->like,
		&m->config, &m->cmdline, &m->sig_enforce, &m->lockdown, &m->efi, &m->secure_boot,
		&m->setup_mode, &m->mok_insecure, &m->mok_trusted, &m->sbat, &m->taint,
		&m->modules_disabled, &m->modprobe, &m->crypto, &m->log };

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		fact_free(facts[i]);
	for (int i = 0; i < MS_KEYRINGS; i++) {
		fact_free(&m->keyrings[i].exists);
		fact_free(&m->keyrings[i].listed);
		free_keys(m->keyrings[i].keys, m->keyrings[i].n_keys);
	}
	for (int i = 0; i < MS_STORES; i++) {
		fact_free(&m->stores[i].exists);
		ms_cert_list_free(m->stores[i].certs, m->stores[i].n_certs);
	}
	free_keys(m->loose, m->n_loose);
	free(m->root);
	if (m->priv)
		free_private(m->priv);
	free(m);
}

static int start(const char *root, struct ms_machine **machine, struct ms_error *err)
{
	struct ms_machine *m = *machine = calloc(1, sizeof(*m));

	if (!m)
		return err_nomem(err);
	m->priv = calloc(1, sizeof(*m->priv));
	if (!m->priv)
		return err_nomem(err);
	m->priv->root.fd = -1;
	m->root = strdup(root);
	return m->root ? root_open(root, &m->priv->root, err) : err_nomem(err);
}

/* Frees it after a failure. */
static int end(struct ms_machine *m, int r, struct ms_machine **machine, struct ms_error *err)
{
	if (r == 0 && m->priv->nomem)
		r = err_nomem(err);
	if (r < 0)
		ms_machine_free(m);
	else
		*machine = m;
	return r;
}

int machine_of_release(
	const char *root, const char *release, struct ms_machine **machine, struct ms_error *err)
{
	struct ms_machine *m = NULL;
	int r = start(root ? root : "/", &m, err);

	if (r == 0) {
		m->live = m->priv->root.live;
		facts_of_kernel(m, release);
		facts_of_crypto(m);
	}
	return end(m, r, machine, err);
}

MS_API int ms_machine_read(
	const char *root, const char *release, struct ms_machine **machine, struct ms_error *err)
{
	struct ms_machine *m = NULL;
	int r = start(root ? root : "/", &m, err);

	if (r == 0) {
		m->live = m->priv->root.live;
		m->privileged = !m->live || geteuid() == 0;
		facts_of_kernel(m, release);
		facts_of_state(m);
		facts_of_crypto(m);
		facts_of_firmware(m);
		facts_of_keyrings(m);
	}
	return end(m, r, machine, err);
}

MS_API const char *ms_machine_option(const struct ms_machine *m, const char *option)
{
	return kconfig_get(&m->priv->config, option);
}

MS_API enum ms_answer ms_machine_option_on(const struct ms_machine *m, const char *option)
{
	const char *value = ms_machine_option(m, option);

	if (!value)
		return MS_UNKNOWN;
	return strcmp(value, "y") ? MS_NO : MS_YES;
}
