/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel it is, and how strict it is about modules. */
#include "src/base/cleanup.h"
#include "src/trust/fact.h"

#include <errno.h>
#include <string.h>
#include <sys/klog.h>
#include <syslog.h>

/* -- which kernel -------------------------------------------------------------------------- */

/* "Linux version 6.1.0-53-amd64 (builder) ..." */
static void read_version(struct ms_machine *m)
{
	char release[128];

	if (!fact_file(m, &m->version, "/proc/version") || !m->version.text)
		return;
	if (sscanf(m->version.text, "Linux version %127s", release) == 1)
		fact_set(m, &m->release, MS_YES, "/proc/version", release);
}

/* The only kernel that is installed below the root. */
static void find_installed(struct ms_machine *m, const char *dir)
{
	DIR *d = root_dir(&m->priv->root, dir);
	char only[256] = "";
	unsigned n = 0;

	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && n++ == 0)
			snprintf(only, sizeof(only), "%s", e->d_name);
	closedir(d);
	if (n == 1)
		fact_set(m, &m->release, MS_YES, dir, only);
	else if (n > 1)
		fact_unknown(m, &m->release,
			"there is no /proc/version, and %s has several kernels", dir);
}

static void find_modules(struct ms_machine *m)
{
	static const char *const dirs[] = { "/lib/modules", "/usr/lib/modules" };

	for (int i = 0; i < 2 && m->release.text; i++) {
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", dirs[i], m->release.text) < 0) {
			path = NULL;
			m->priv->nomem = true;
		}
		if (path && root_exists(&m->priv->root, path)) {
			m->priv->modules = STEAL(path);
			return;
		}
	}
}

static void read_release(struct ms_machine *m, const char *wanted)
{
	fact_unknown(m, &m->release, "there is no /proc/version, and no kernel is installed");
	read_version(m);
	m->priv->running = m->release.answer == MS_YES;
	if (wanted) {
		m->priv->running = m->priv->running && !strcmp(m->release.text, wanted);
		fact_set(m, &m->release, MS_YES, "the caller", wanted);
	}
	if (m->release.answer == MS_UNKNOWN)
		find_installed(m, "/usr/lib/modules");
	if (m->release.answer == MS_UNKNOWN)
		find_installed(m, "/lib/modules");
	find_modules(m);
}

static void read_config(struct ms_machine *m)
{
	if (kconfig_find(&m->priv->root, m->release.text, m->priv->running, &m->priv->config) < 0)
		m->priv->nomem = true;
	if (m->priv->config.path)
		fact_set(m, &m->config, MS_YES, m->priv->config.path, m->priv->config.path);
	else if (m->release.text)
		fact_unknown(m, &m->config, "no configuration of the kernel %s was found",
			m->release.text);
	else
		fact_unknown(m, &m->config, "%s", m->release.unknown);
}

/* os-release(5): NAME=value, with quotes or without. */
static void take_os(struct ms_machine *m, struct ms_fact *fact, const char *path, const char *text,
	const char *name)
{
	AUTO_FREE char *value = NULL;
	size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		line += len + 1;
		line += *line == '"' || *line == '\'';
		value = strndup(line, strcspn(line, "\"'\n"));
		if (!value)
			m->priv->nomem = true;
		else
			fact_set(m, fact, MS_YES, path, value);
		return;
	}
	fact_set(m, fact, MS_NO, path, NULL);
}

/* The first that can be read; else of the first that is there why it cannot. */
static void read_distribution(struct ms_machine *m)
{
	static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };
	AUTO_FREE char *text = NULL;

	fact_unknown(m, &m->distribution, "there is no %s", paths[0]);
	fact_unknown(m, &m->like, "there is no %s", paths[0]);
	for (size_t i = 0, there = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int r = root_text(&m->priv->root, paths[i], &text);

		if (r == 0) {
			take_os(m, &m->distribution, paths[i], text, "ID");
			take_os(m, &m->like, paths[i], text, "ID_LIKE");
			return;
		}
		if (r != -ENOENT && !there++) {
			fact_unknown(m, &m->distribution, "%s: %s", paths[i], strerror(-r));
			fact_unknown(m, &m->like, "%s: %s", paths[i], strerror(-r));
		}
	}
}

void facts_of_kernel(struct ms_machine *m, const char *release)
{
	read_release(m, release);
	read_config(m);
	read_distribution(m);
	fact_file(m, &m->cmdline, "/proc/cmdline");
}

/* -- how strict ---------------------------------------------------------------------------- */

/* The value of a parameter on the command line, "" for one without; NULL: it is not there. The last
 * one counts. free() it. */
static char *parameter(struct ms_machine *m, const char *name)
{
	AUTO_FREE char *copy = NULL, *value = NULL;
	char *rest, *word;
	size_t len = strlen(name);

	if (!m->cmdline.text)
		return NULL;
	rest = copy = strdup(m->cmdline.text);
	if (!copy)
		m->priv->nomem = true;
	while (rest && (word = strsep(&rest, " \n")) && strcmp(word, "--") != 0) {
		if (strncmp(word, name, len) != 0 || (word[len] && word[len] != '='))
			continue;
		free(value);
		value = strdup(word[len] ? word + len + 1 : "");
		if (!value)
			m->priv->nomem = true;
	}
	return STEAL(value);
}

/* kernel/module/signing.c; the parameter can be switched on only, and IMA does so where it has a
 * policy for the architecture (security/integrity/ima/ima_efi.c). */
static void read_sig_enforce(struct ms_machine *m)
{
	static const char file[] = "/sys/module/module/parameters/sig_enforce";
	AUTO_FREE char *value = parameter(m, "module.sig_enforce");

	if (m->priv->running && fact_file(m, &m->sig_enforce, file)) {
		m->sig_enforce.answer = m->sig_enforce.text[0] == 'Y' ? MS_YES : MS_NO;
		return;
	}
	if (ms_machine_option_on(m, "MODULE_SIG") == MS_NO)
		fact_set(m, &m->sig_enforce, MS_NO, "CONFIG_MODULE_SIG", NULL);
	else if (ms_machine_option_on(m, "MODULE_SIG_FORCE") == MS_YES)
		fact_set(m, &m->sig_enforce, MS_YES, "CONFIG_MODULE_SIG_FORCE", NULL);
	else if (value && (!*value || strchr("yY1", *value) || !strcasecmp(value, "on")))
		fact_set(m, &m->sig_enforce, MS_YES, "/proc/cmdline", NULL);
	else
		fact_unknown(m, &m->sig_enforce, "%s cannot be read%s", file,
			m->priv->running ? "" : ": this kernel does not run");
}

/* "none [integrity] confidentiality": security/lockdown/lockdown.c */
static bool take_lockdown(struct ms_machine *m, const char *source, char *text)
{
	char *mode = strchr(text, '[');

	if (!mode)
		return false;
	mode++;
	mode[strcspn(mode, "]")] = '\0';
	fact_set(m, &m->lockdown, strcmp(mode, "none") ? MS_YES : MS_NO, source, mode);
	return true;
}

static void read_lockdown(struct ms_machine *m)
{
	static const char file[] = "/sys/kernel/security/lockdown";
	AUTO_FREE char *value = parameter(m, "lockdown"), *text = NULL, *lsm = NULL;

	if (m->priv->running && root_text(&m->priv->root, file, &text) == 0 &&
		take_lockdown(m, file, text))
		return;
	if (ms_machine_option_on(m, "SECURITY_LOCKDOWN_LSM") == MS_NO)
		fact_set(m, &m->lockdown, MS_NO, "CONFIG_SECURITY_LOCKDOWN_LSM", "none");
	else if (m->priv->running &&
		root_text(&m->priv->root, "/sys/kernel/security/lsm", &lsm) == 0 &&
		!strstr(lsm, "lockdown"))
		fact_set(m, &m->lockdown, MS_NO, "/sys/kernel/security/lsm", "none");
	else if (ms_machine_option_on(m, "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY") == MS_YES)
		fact_set(m, &m->lockdown, MS_YES, "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY",
			"confidentiality");
	else if (value && (!strcmp(value, "integrity") || !strcmp(value, "confidentiality")))
		fact_set(m, &m->lockdown, MS_YES, "/proc/cmdline", value);
	else
		fact_unknown(m, &m->lockdown, "%s cannot be read%s", file,
			m->priv->running ? " (is securityfs mounted?)"
					 : ": this kernel does not run");
}

static void read_taint(struct ms_machine *m)
{
	if (!fact_file(m, &m->taint, "/proc/sys/kernel/tainted"))
		return;
	m->taint_bits = strtoul(m->taint.text, NULL, 10);
	m->taint.answer = m->taint_bits ? MS_YES : MS_NO;
}

static void read_modules_disabled(struct ms_machine *m)
{
	if (fact_file(m, &m->modules_disabled, "/proc/sys/kernel/modules_disabled"))
		m->modules_disabled.answer = strcmp(m->modules_disabled.text, "1") ? MS_NO : MS_YES;
	else if (ms_machine_option_on(m, "MODULES") == MS_NO)
		fact_set(m, &m->modules_disabled, MS_YES, "CONFIG_MODULES", NULL);
}

/* Raw lines begin with "<6>": dmesg(1) shows none of it. */
static void take_log(struct ms_machine *m, char *text)
{
	char *to = text;

	for (char *from = text; *from;) {
		size_t len = strcspn(from, "\n") + 1;

		if (*from == '<' && strchr(from, '>')) {
			char *end = strchr(from, '>') + 1;

			len -= (size_t)(end - from);
			from = end;
		}
		if (!from[len - 1])
			len--;
		memmove(to, from, len);
		to += len;
		from += len;
	}
	*to = '\0';
	fact_set(m, &m->log, MS_YES, "syslog(2)", text);
}

#define SYSLOG_READ_ALL 3
#define SYSLOG_SIZE	10

static void read_log(struct ms_machine *m)
{
	AUTO_FREE char *text = NULL;
	int size, n;

	if (!m->live) {
		fact_file(m, &m->log, LOG_FILE);
		return;
	}
	size = klogctl(SYSLOG_SIZE, NULL, 0);
	text = size > 0 ? malloc((size_t)size + 1) : NULL;
	n = text ? klogctl(SYSLOG_READ_ALL, text, size) : -1;
	if (n < 0) {
		fact_unknown(
			m, &m->log, "the kernel does not let its log be read: %s", strerror(errno));
		return;
	}
	text[n] = '\0';
	take_log(m, text);
}

void facts_of_state(struct ms_machine *m)
{
	read_sig_enforce(m);
	read_lockdown(m);
	read_taint(m);
	read_modules_disabled(m);
	read_log(m);
}
