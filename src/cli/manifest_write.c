/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/cli/manifest.h"
#include "src/cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void hex(const unsigned char *data, char *text)
{
	for (size_t i = 0; i < MANIFEST_SHA256; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
}

static int failed(const char *path, int errnum, struct ms_error *err)
{
	return err_set_errno(err, MS_ERR_IO, errnum, "the manifest %s cannot be written", path);
}

/* A line that a full disk or a power loss cut off is to spoil no other. */
static int end_last_line(int fd)
{
	struct stat st;
	char last;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	if (file_pread(fd, &last, 1, st.st_size - 1) < 0)
		return -1;
	return last == '\n' ? 0 : file_write_all(fd, "\n", 1);
}

int manifest_open(struct manifest *m, const char *path, struct ms_error *err)
{
	struct stat st;
	/* a pipe that is to be read from, too, would seem to be full some day */
	int flags = stat(path, &st) < 0 || S_ISREG(st.st_mode) ? O_RDWR : O_WRONLY;

	*m = (struct manifest){ .path = path };
	m->fd = open(path, flags | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	if (m->fd < 0)
		return failed(path, errno, err);
	if (end_last_line(m->fd) == 0)
		return 0;
	failed(path, errno, err);
	close(m->fd);
	m->fd = -1;
	return MS_ERR_IO;
}

int manifest_set_cert(struct manifest *m, const struct ms_cert *cert, struct ms_error *err)
{
	unsigned char digest[MANIFEST_SHA256];
	int r = ms_cert_fingerprint(cert, MS_HASH_SHA256, digest, err);

	if (r < 0)
		return r;
	hex(digest, m->cert_sha256);
	m->signer = strdup(ms_cert_subject(cert));
	return m->signer ? 0 : err_nomem(err);
}

static void add_now(struct json_object *o)
{
	char text[sizeof("2026-10-31T06:44:51Z")];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_add_text(o, "time", text);
}

static struct json_object *line(const struct manifest *m, const char *name, const char *same_as,
	const char *outcome, const char *key_type, const struct ms_sign_result *result)
{
	struct json_object *o = json_object_new_object();
	char before[2 * MANIFEST_SHA256 + 1], after[2 * MANIFEST_SHA256 + 1];

	hex(result->sha256_before, before);
	hex(result->sha256_after, after);
	json_add_text(o, "path", name);
	json_add_text(o, "result", outcome);
	json_add_text(o, "sha256_before", before);
	json_add_text(o, "sha256_after", after);
	/* Of one that was kept: who signed it is known, how is not. */
	json_add_text(o, "hash", result->key ? ms_hash_name(result->hash) : NULL);
	json_add_text(o, "signer", m->signer);
	json_add_text(o, "cert_sha256", m->cert_sha256);
	json_add_text(o, "key", result->key);
	json_add_text(o, "key_type", key_type);
	add_now(o);
	if (same_as)
		json_add_text(o, "same_as", same_as);
	return o;
}

void manifest_write_line(struct manifest *m, const char *name, const char *same_as,
	const char *outcome, const char *key_type, const struct ms_sign_result *result)
{
	struct json_object *o = line(m, name, same_as, outcome, key_type, result);
	const char *text = json_object_to_json_string_ext(o,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	AUTO_FREE char *whole = NULL;
	int n = asprintf(&whole, "%s\n", text);
	int r = 0;

	/* in one write, so that lines of two runs do not mix */
	if (n < 0) {
		whole = NULL;
		r = err_nomem(&m->err);
	} else if (file_write_all(m->fd, whole, (size_t)n) < 0) {
		r = failed(m->path, errno, &m->err);
	}
	if (r < 0)
		err_append(&m->err, "; %s is done, but not in it", name);
	json_object_put(o);
}

int manifest_close(struct manifest *m)
{
	/* EINVAL: a pipe, say, which is on no disk */
	if (m->fd >= 0 && fsync(m->fd) < 0 && errno != EINVAL && errno != EROFS && !m->err.code)
		failed(m->path, errno, &m->err);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	free(m->signer);
	m->signer = NULL;
	manifest_forget(m);
	return m->err.code;
}
