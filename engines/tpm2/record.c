/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/record.h"

#include "engines/tpm2/hash.h"
#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int base_directory(char **dir, struct ms_error *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	*dir = NULL;
	if (state && *state == '/')
		n = asprintf(dir, "%s/modseal/tpm", state);
	else if (geteuid() == 0)
		n = asprintf(dir, "/var/lib/modseal/tpm");
	else if (home && *home == '/')
		n = asprintf(dir, "%s/.local/state/modseal/tpm", home);
	else
		return err_set(err, MS_ERR_IO, "HOME is not set, so there is no place for notes");
	if (n >= 0)
		return 0;
	*dir = NULL;
	return err_nomem(err);
}

static int make_directories(char *dir, struct ms_error *err)
{
	for (char *slash = dir + 1;; slash++) {
		char c = *slash;

		if (c && c != '/')
			continue;
		*slash = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return err_set_errno(
				err, MS_ERR_IO, errno, "directory %s cannot be made", dir);
		*slash = c;
		if (!c)
			return 0;
	}
}

int tpm_record_path(TPM2_HANDLE handle, bool make, char **path, struct ms_error *err)
{
	AUTO_FREE char *dir = NULL;
	int r = base_directory(&dir, err);

	if (r == 0 && make)
		r = make_directories(dir, err);
	if (r < 0)
		return r;
	if (asprintf(path, "%s/0x%08x.pem", dir, handle) >= 0)
		return 0;
	*path = NULL;
	return err_nomem(err);
}

static bool is_of(const struct tpm_keyfile *file, const TPM2B_PUBLIC *pub)
{
	TPM2B_NAME a, b;

	return tpm_name_of(&file->pub.publicArea, &a, NULL) == 0 &&
		tpm_name_of(&pub->publicArea, &b, NULL) == 0 && a.size == b.size &&
		!memcmp(a.name, b.name, a.size);
}

int tpm_record_find(struct ms_context *ctx, TPM2_HANDLE handle, const TPM2B_PUBLIC *pub,
	struct tpm_keyfile **file, struct ms_error *err)
{
	AUTO_FREE char *path = NULL;
	int r;

	*file = NULL;
	if (tpm_record_path(handle, false, &path, NULL) < 0 || access(path, F_OK) < 0)
		return 0;
	r = tpm_keyfile_read(path, file, err);
	if (r < 0 || is_of(*file, pub))
		return r;
	context_notice(ctx,
		"%s is of another key than the one that is now at 0x%08x, and is passed over", path,
		handle);
	tpm_keyfile_free(*file);
	*file = NULL;
	return 0;
}
