/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/efivar.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/trust/esl.h"
#include "src/trust/root.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRMWARE "/sys/firmware/efi"

static const char *prefix(const char *root)
{
	return !root || !strcmp(root, "/") ? "" : root;
}

/* Where efivarfs is, free() it; NULL: out of memory. libefivar wants a '/' at the end of its
 * variable, and so many have one there. */
static char *store(const char *root)
{
	const char *elsewhere = prefix(root)[0] ? NULL : secure_getenv("EFIVARFS_PATH");
	size_t len = elsewhere ? strlen(elsewhere) : 0;
	char *path = NULL;

	while (len > 1 && elsewhere[len - 1] == '/')
		len--;
	if (elsewhere)
		return strndup(elsewhere, len);
	return asprintf(&path, "%s" FIRMWARE "/efivars", prefix(root)) < 0 ? NULL : path;
}

char *efivar_path(const char *root, const char *name, const struct efi_guid *vendor)
{
	AUTO_FREE char *dir = store(root);
	char guid[GUID_TEXT_SIZE], *path = NULL;

	guid_text(vendor, guid);
	return !dir || asprintf(&path, "%s/%s-%s", dir, name, guid) < 0 ? NULL : path;
}

void efivar_free(struct efivar *var)
{
	buf_free(&var->data);
	*var = (struct efivar){ 0 };
}

static bool has_entries(DIR *dir)
{
	bool has = false;

	if (!dir)
		return false;
	for (struct dirent *e; !has && (e = readdir(dir));)
		has = e->d_name[0] != '.';
	closedir(dir);
	return has;
}

static enum efi_access access_below(const char *root)
{
	enum efi_access access = EFI_NOT_BOOTED;
	struct root machine;

	if (root_open(root, &machine, NULL) < 0)
		return access;
	if (has_entries(root_dir(&machine, FIRMWARE "/efivars")))
		access = EFI_VARS;
	else if (root_exists(&machine, FIRMWARE))
		access = EFI_NO_VARS;
	root_close(&machine);
	return access;
}

enum efi_access efivar_access(const char *root)
{
	AUTO_FREE char *dir = NULL;

	if (prefix(root)[0])
		return access_below(root);
	dir = store(root);
	if (dir && has_entries(opendir(dir)))
		return EFI_VARS;
	return access(FIRMWARE, F_OK) == 0 ? EFI_NO_VARS : EFI_NOT_BOOTED;
}

int efivar_may_write(const char *root)
{
	AUTO_FREE char *dir = store(root);

	return dir && access(dir, W_OK) == 0 ? 0 : errno;
}

/* Of another machine: what is no file of its own, or no file at all, is not waited for. */
static int read_below(const char *root, const char *path, struct buf *data, bool *found,
	struct ms_error *err)
{
	struct root machine;
	int r = root_open(root, &machine, err);

	if (r < 0)
		return r;
	r = root_read(&machine, path + strlen(root), data);
	root_close(&machine);
	*found = r != -ENOENT && r != -ENOTDIR;
	return *found && r < 0 ? err_set_errno(err, MS_ERR_IO, -r, "%s cannot be read", path) : 0;
}

/* *found is false when there is no such file. */
static int read_file(const char *root, const char *path, struct buf *data, bool *found,
	struct ms_error *err)
{
	if (prefix(root)[0])
		return read_below(root, path, data, found, err);
	*found = access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
	return *found ? file_read(path, ESL_MAX, data, err) : 0;
}

int efivar_read(const char *root, const char *name, const struct efi_guid *vendor,
	struct efivar *var, struct ms_error *err)
{
	AUTO_FREE char *path = efivar_path(root, name, vendor);
	AUTO_BUF struct buf file = { 0 };
	bool found;
	int r;

	*var = (struct efivar){ 0 };
	if (!path)
		return err_nomem(err);
	r = read_file(root, path, &file, &found, err);
	/* A file without a byte is a variable that was never written. */
	if (r < 0 || !found || !file.len)
		return r;
	if (file.len < sizeof(var->attributes))
		return err_set(err, MS_ERR_IO,
			"%s is cut off: it has %zu bytes, attributes alone have 4", path, file.len);
	memcpy(&var->attributes, file.data, sizeof(var->attributes));
	var->attributes = le32toh(var->attributes);
	if (buf_add(&var->data, file.data + 4, file.len - 4) < 0)
		return err_nomem(err);
	var->found = true;
	return 0;
}

int efivar_read_table(const char *root, const char *name, struct efivar *var, struct ms_error *err)
{
	AUTO_FREE char *path = NULL;
	int r;

	*var = (struct efivar){ 0 };
	if (asprintf(&path, "%s" FIRMWARE "/mok-variables/%s", prefix(root), name) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	r = read_file(root, path, &var->data, &var->found, err);
	if (r < 0)
		efivar_free(var);
	return r;
}

/* NAME1, NAME2 ... behind NAME. */
static int add_parts(const char *root, const char *name, struct efivar *var, struct ms_error *err)
{
	for (unsigned i = 1;; i++) {
		AUTO_EFIVAR struct efivar part = { 0 };
		char numbered[64];
		int r;

		snprintf(numbered, sizeof(numbered), "%s%u", name, i);
		r = efivar_read(root, numbered, &guid_shim, &part, err);
		if (r < 0 || !part.found)
			return r;
		if (buf_add(&var->data, part.data.data, part.data.len) < 0)
			return err_nomem(err);
	}
}

int efivar_read_shim(const char *root, const char *name, struct efivar *var, struct ms_error *err)
{
	struct ms_error table_err = { 0 };
	int table = efivar_read_table(root, name, var, &table_err), r;

	if (table == 0 && var->found)
		return 0;
	/* The table is for root only, the variable for all. */
	r = efivar_read(root, name, &guid_shim, var, err);
	if (r == 0 && var->found)
		r = add_parts(root, name, var, err);
	if (r == 0 && !var->found && table < 0) {
		if (err)
			*err = table_err;
		r = table;
	}
	if (r < 0)
		efivar_free(var);
	return r;
}
