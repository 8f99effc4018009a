/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel can compute: crypto/api.c crypto_larval_lookup() asks modprobe for "crypto-NAME"
 * when it has no algorithm of that name. */
#include "src/base/cleanup.h"
#include "src/trust/depmod.h"
#include "src/trust/fact.h"

#include <string.h>

void facts_of_crypto(struct ms_machine *m)
{
	AUTO_FREE char *path = NULL;
	int r = root_text(&m->priv->root, "/proc/crypto", &m->priv->crypto);

	if (r == 0)
		fact_set(m, &m->crypto, MS_YES, "/proc/crypto", NULL);
	else
		fact_unknown(m, &m->crypto, "/proc/crypto: %s", strerror(-r));

	if (!fact_file(m, &m->modprobe, "/proc/sys/kernel/modprobe"))
		return;
	path = strdup(m->modprobe.text);
	if (!path)
		m->priv->nomem = true;
	else if (!*path || !root_exists(&m->priv->root, path))
		fact_set(m, &m->modprobe, MS_NO, "/proc/sys/kernel/modprobe", path);
}

/* A line "name         : sha512" of /proc/crypto. */
static bool is_listed(const char *crypto, const char *name)
{
	for (const char *line = crypto; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "name ", 5)) {
			const char *value = line + strcspn(line, ":\n");
			size_t len;

			value += strspn(value, ": ");
			len = strcspn(value, "\n");
			if (len == strlen(name) && !strncmp(value, name, len))
				return true;
		}
	}
	return false;
}

static void read_depmod(struct ms_machine *m)
{
	AUTO_FREE char *aliases = NULL, *deps = NULL;

	if (m->priv->aliases || !m->priv->modules)
		return;
	if (asprintf(&aliases, "%s/modules.alias", m->priv->modules) < 0)
		aliases = NULL;
	if (asprintf(&deps, "%s/modules.dep", m->priv->modules) < 0)
		deps = NULL;
	/* None is an answer, too: what is not there is not loaded. */
	if (aliases && root_text(&m->priv->root, aliases, &m->priv->aliases) < 0)
		m->priv->aliases = NULL;
	if (deps && root_text(&m->priv->root, deps, &m->priv->deps) < 0)
		m->priv->deps = NULL;
}

static bool is_installed(const struct ms_machine *m, const char *module)
{
	for (const char *line = m->priv->deps; line; line = strchr(line, '\n')) {
		AUTO_FREE char *path = NULL;

		line += *line == '\n';
		if (!depmod_is_of(line, module, strlen(module)))
			continue;
		if (asprintf(&path, "%s/%.*s", m->priv->modules, (int)strcspn(line, ":\n"), line) <
			0)
			path = NULL;
		if (path && root_exists(&m->priv->root, path))
			return true;
	}
	return false;
}

/* The module that "alias crypto-NAME MODULE" names and that is installed. */
static bool find_module(const struct ms_machine *m, const char *name, char *module, size_t size)
{
	char alias[96];
	size_t len;

	len = (size_t)snprintf(alias, sizeof(alias), "alias crypto-%s ", name);
	for (const char *line = m->priv->aliases; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, alias, len) != 0)
			continue;
		snprintf(module, size, "%.*s", (int)strcspn(line + len, "\n"), line + len);
		if (is_installed(m, module))
			return true;
	}
	return false;
}

/* The option that builds it, NULL if it is not known here. */
static const char *option_of(const char *algorithm)
{
	static const struct {
		const char *begin, *option;
	} table[] = {
		{ "sha1", "CRYPTO_SHA1" },
		{ "sha224", "CRYPTO_SHA256" },
		{ "sha256", "CRYPTO_SHA256" },
		{ "sha384", "CRYPTO_SHA512" },
		{ "sha512", "CRYPTO_SHA512" },
		{ "sha3-", "CRYPTO_SHA3" },
		{ "rsa", "CRYPTO_RSA" },
		{ "ecdsa-", "CRYPTO_ECDSA" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strncmp(algorithm, table[i].begin, strlen(table[i].begin)))
			return table[i].option;
	return NULL;
}

/* It is a module of this kernel: then modprobe must bring it. */
static enum ms_answer ask_modprobe(
	const struct ms_machine *m, const char *name, char *why, size_t size)
{
	char module[64];

	if (m->priv->running && m->modprobe.answer == MS_NO) {
		snprintf(why, size,
			"%s is a module of this kernel, and there is no modprobe (\"%s\")", name,
			m->modprobe.text);
		return MS_NO;
	}
	if (m->modules_disabled.answer == MS_YES) {
		snprintf(why, size, "%s is a module of this kernel, and no module loads any more",
			name);
		return MS_NO;
	}
	read_depmod((struct ms_machine *)m);
	if (!m->priv->aliases || !m->priv->deps) {
		snprintf(why, size,
			"%s is a module of this kernel, and without modules.alias and "
			"modules.dep it is not known whether modprobe finds it",
			name);
		return MS_UNKNOWN;
	}
	if (!find_module(m, name, module, sizeof(module))) {
		snprintf(why, size, "%s is a module of this kernel that is not installed", name);
		return MS_NO;
	}
	snprintf(why, size, "modprobe finds %s in the module %s", name, module);
	return MS_YES;
}

MS_API enum ms_answer ms_machine_algorithm(
	const struct ms_machine *m, const char *name, char *why, size_t size)
{
	bool listed = m->priv->running && m->priv->crypto;
	const char *option = option_of(name), *value;

	if (listed && is_listed(m->priv->crypto, name)) {
		snprintf(why, size, "/proc/crypto lists %s", name);
		return MS_YES;
	}
	value = option ? ms_machine_option(m, option) : NULL;
	if (!value) {
		snprintf(why, size,
			listed ? "/proc/crypto does not list %s, and without the kernel's "
				 "configuration it is not known whether a module has it"
			       : "without /proc/crypto and the kernel's configuration it is not "
				 "known whether "
				 "it has %s",
			name);
		return MS_UNKNOWN;
	}
	if (!strcmp(value, "m"))
		return ask_modprobe(m, name, why, size);
	snprintf(
		why, size, "CONFIG_%s is %s", option, !strcmp(value, "y") ? "built in" : "not set");
	return !strcmp(value, "y") ? MS_YES : MS_NO;
}
