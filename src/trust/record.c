/* SPDX-License-Identifier: Apache-2.0 */
/* The running machine as a directory that ms_machine_read() reads. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/trust/depmod.h"
#include "src/trust/fact.h"
#include "src/trust/keyrings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Files that are recorded as they are, if they are there. */
static const char *const files[] = {
	"/etc/os-release",
	"/proc/cmdline",
	"/proc/config.gz",
	"/proc/crypto",
	"/proc/keys",
	"/proc/modules",
	"/proc/sys/kernel/modprobe",
	"/proc/sys/kernel/modules_disabled",
	"/proc/sys/kernel/sysrq",
	"/proc/sys/kernel/tainted",
	"/proc/version",
	"/sys/kernel/security/lockdown",
	"/sys/kernel/security/lsm",
	"/sys/module/module/parameters/sig_enforce",
};

#define VARIABLES  "/sys/firmware/efi/efivars"
#define SHIM_TABLE "/sys/firmware/efi/mok-variables"

/* Variables, by the beginning of their name. MokAuth is the hash of a password: not here. */
static const char *const variables[] = { "SecureBoot-", "SetupMode-", "PK-", "KEK-", "db-", "dbx-",
	"MokList", "MokSBState", "SbatLevel", "MokNew-", "MokDel-" };

struct recording {
	const char *dir;
	struct ms_machine *m;
	ms_notice_fn *notice;
	void *user;
};

static void tell(const struct recording *rec, const char *path, int e)
{
	AUTO_FREE char *text = NULL;

	if (rec->notice && asprintf(&text, "%s is not recorded: %s", path, strerror(e)) >= 0)
		rec->notice(rec->user, text);
}

/* The directories above a path. */
static int make_parents(char *path)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return 0;
}

static int write_file(const struct recording *rec, const char *path, const void *data, size_t len,
	struct ms_error *err)
{
	AUTO_FREE char *to = NULL;
	AUTO_CLOSE int fd = -1;

	if (asprintf(&to, "%s/%s", rec->dir, path + strspn(path, "/")) < 0) {
		to = NULL;
		return err_nomem(err);
	}
	if (make_parents(to) == 0)
		fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return 0; /* by another of its names */
	if (fd < 0 || file_write_all(fd, data, len) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be written", to);
	return 0;
}

static int make_dir(const struct recording *rec, const char *path, struct ms_error *err)
{
	AUTO_FREE char *to = NULL;

	if (asprintf(&to, "%s%s/", rec->dir, path) < 0) {
		to = NULL;
		return err_nomem(err);
	}
	return make_parents(to) < 0 ? err_set_errno(err, MS_ERR_IO, errno, "%s", to) : 0;
}

static int copy(const struct recording *rec, const char *path, struct ms_error *err)
{
	AUTO_BUF struct buf b = { 0 };
	int r = root_read(&rec->m->priv->root, path, &b);

	if (r == 0)
		return write_file(rec, path, b.data, b.len, err);
	if (r != -ENOENT && r != -ENOTDIR)
		tell(rec, path, -r);
	return 0;
}

static bool is_wanted(const char *name)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (!strncmp(name, variables[i], strlen(variables[i])))
			return true;
	return false;
}

static int copy_variables(const struct recording *rec, const char *dir, struct ms_error *err)
{
	DIR *d = root_dir(&rec->m->priv->root, dir);
	int r = 0;

	if (!d)
		return 0;
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		AUTO_FREE char *path = NULL;

		if (!is_wanted(e->d_name))
			continue;
		if (asprintf(&path, "%s/%s", dir, e->d_name) < 0) {
			path = NULL;
			r = err_nomem(err);
			break;
		}
		r = copy(rec, path, err);
	}
	closedir(d);
	return r;
}

/* That there is no EFI is a fact, too: /sys/firmware is there then, and nothing in it. */
static int copy_firmware(const struct recording *rec, struct ms_error *err)
{
	int r = 0;

	if (rec->m->efi.answer == MS_YES)
		r = make_dir(rec, "/sys/firmware/efi", err);
	else if (rec->m->efi.answer == MS_NO)
		r = make_dir(rec, "/sys/firmware", err);
	if (r == 0)
		r = copy_variables(rec, VARIABLES, err);
	return r < 0 ? r : copy_variables(rec, SHIM_TABLE, err);
}

/* -- the modules that hold algorithms ------------------------------------------------------- */

/* Algorithms that signatures need; modules.alias names the modules that have them. */
static const char *const algorithms[] = { "sha1", "sha256", "sha384", "sha512", "sha3-256",
	"sha3-384", "sha3-512", "ecdsa-nist-p256", "ecdsa-nist-p384", "ecdsa-nist-p521", "rsa" };

/* "alias crypto-sha512 sha512_ssse3" */
static bool is_alias_wanted(const char *line)
{
	static const char begin[] = "alias crypto-";

	if (strncmp(line, begin, sizeof(begin) - 1) != 0)
		return false;
	line += sizeof(begin) - 1;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		size_t len = strlen(algorithms[i]);

		if (!strncmp(line, algorithms[i], len) && line[len] == ' ')
			return true;
	}
	return false;
}

/* The lines of modules.dep are of those modules then, and the modules' files are copied. */
static int copy_modules(const struct recording *rec, struct ms_error *err)
{
	AUTO_BUF struct buf aliases = { 0 }, deps = { 0 };
	AUTO_FREE char *text = NULL, *alias_path = NULL, *dep_path = NULL;
	const char *dir = rec->m->priv->modules;
	int r = 0;

	if (!dir)
		return 0;
	if (asprintf(&alias_path, "%s/modules.alias", dir) < 0)
		alias_path = NULL;
	if (asprintf(&dep_path, "%s/modules.dep", dir) < 0)
		dep_path = NULL;
	if (!alias_path || !dep_path)
		return err_nomem(err);
	if (root_text(&rec->m->priv->root, alias_path, &text) < 0)
		return 0;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		if (is_alias_wanted(line) &&
			(buf_add(&aliases, line, strlen(line)) < 0 ||
				buf_add(&aliases, "\n", 1) < 0))
			return err_nomem(err);
	}
	if (buf_add(&aliases, "", 1) < 0)
		return err_nomem(err);
	free(text);
	text = NULL;
	if (root_text(&rec->m->priv->root, dep_path, &text) < 0)
		return 0;
	for (char *rest = text, *line; r == 0 && (line = strsep(&rest, "\n"));) {
		AUTO_FREE char *path = NULL;

		if (!depmod_is_named(line, (char *)aliases.data))
			continue;
		if (asprintf(&path, "%s/%.*s", dir, (int)strcspn(line, ":"), line) < 0)
			path = NULL;
		if (!path || buf_add(&deps, line, strlen(line)) < 0 || buf_add(&deps, "\n", 1) < 0)
			return err_nomem(err);
		r = copy(rec, path, err);
	}
	if (r == 0)
		r = write_file(rec, alias_path, aliases.data, aliases.len - 1, err);
	return r < 0 ? r : write_file(rec, dep_path, deps.data, deps.len, err);
}

/* What kernel.modprobe names: that it is there is the fact. */
static int note_modprobe(const struct recording *rec, struct ms_error *err)
{
	const struct ms_fact *f = &rec->m->modprobe;

	return f->answer == MS_YES ? write_file(rec, f->text, "", 0, err) : 0;
}

/* -- what no file has ----------------------------------------------------------------------- */

static int add_line(struct buf *b, const char *name, const uint32_t *serials, size_t n)
{
	if (buf_add(b, name, strlen(name)) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char hex[16];

		snprintf(hex, sizeof(hex), " %08x", serials[i]);
		if (buf_add(b, hex, strlen(hex)) < 0)
			return -1;
	}
	return buf_add(b, "\n", 1);
}

static int write_keyrings(const struct recording *rec, struct ms_error *err)
{
	AUTO_FREE char *text = NULL;
	AUTO_BUF struct buf b = { 0 };
	struct proc_keys all = { 0 };
	int r = 0;

	if (root_text(&rec->m->priv->root, "/proc/keys", &text) < 0)
		return 0;
	if (proc_keys_parse(text, &all) < 0)
		r = err_nomem(err);
	for (int i = 0; r == 0 && i < MS_KEYRINGS; i++) {
		const struct proc_key *k = proc_keys_find(&all, "keyring", keyring_names[i]);
		AUTO_FREE uint32_t *serials = NULL;
		size_t n = 0;
		int e = k ? keyring_members(k->serial, &serials, &n) : 0;

		if (e < 0)
			tell(rec, keyring_names[i], -e);
		else if (k && add_line(&b, keyring_names[i], serials, n) < 0)
			r = err_nomem(err);
	}
	proc_keys_free(&all);
	return r < 0 ? r : write_file(rec, KEYRINGS_FILE, b.data, b.len, err);
}

/* Whether a line of the log is about what is recorded here: the rest is nobody's business. */
static bool is_log_wanted(const char *line)
{
	static const char *const words[] = { "module", "modprobe", "x.509", "x509", "pkcs",
		"secure boot", "secureboot", "lockdown", "integrity:", "ima:", "mok", "taint",
		"blacklist", "keyring" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(line, words[i]))
			return true;
	return false;
}

static int write_log(const struct recording *rec, struct ms_error *err)
{
	AUTO_FREE char *text = NULL;
	AUTO_BUF struct buf b = { 0 };

	if (!rec->m->log.text) {
		tell(rec, LOG_FILE, EPERM);
		return 0;
	}
	text = strdup(rec->m->log.text);
	if (!text)
		return err_nomem(err);
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		if (is_log_wanted(line) &&
			(buf_add(&b, line, strlen(line)) < 0 || buf_add(&b, "\n", 1) < 0))
			return err_nomem(err);
	return write_file(rec, LOG_FILE, b.data, b.len, err);
}

/* An older recording would be mixed with this one. */
static int check_empty(const char *dir, struct ms_error *err)
{
	DIR *d;
	bool empty = true;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be made", dir);
	d = opendir(dir);
	if (!d)
		return err_set_errno(err, MS_ERR_IO, errno, "%s", dir);
	for (struct dirent *e; (e = readdir(d));)
		empty &= !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	closedir(d);
	if (empty)
		return 0;
	err_set(err, MS_ERR_USAGE, "%s is not empty", dir);
	err_hint(err, "Name a new directory.");
	return MS_ERR_USAGE;
}

MS_API int ms_machine_record(
	const char *dir, ms_notice_fn *notice, void *user, struct ms_error *err)
{
	struct recording rec = { .dir = dir, .notice = notice, .user = user };
	int r = check_empty(dir, err);

	if (r == 0)
		r = ms_machine_read(NULL, NULL, &rec.m, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(files[0]); i++)
		r = copy(&rec, files[i], err);
	if (r == 0 && rec.m->config.text)
		r = copy(&rec, rec.m->config.text, err);
	if (r == 0)
		r = copy_firmware(&rec, err);
	if (r == 0)
		r = copy_modules(&rec, err);
	if (r == 0)
		r = note_modprobe(&rec, err);
	if (r == 0)
		r = write_keyrings(&rec, err);
	if (r == 0)
		r = write_log(&rec, err);
	ms_machine_free(rec.m);
	return r;
}
