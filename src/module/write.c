/* SPDX-License-Identifier: Apache-2.0 */
#include "src/module/write.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/module/compress.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The hidden name says what left it, should the machine or the process die half way; no module
 * ends in it, so that nothing takes it for one. */
#define TEMP_SUFFIX ".modseal-XXXXXX"

static void place_free(struct place *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->temp)
		unlink(p->temp);
	free(p->temp);
	free(p->path);
	free(p->dir);
}

int place_failed(const struct place *to, int errnum, struct ms_error *err)
{
	return err_set_errno(err, MS_ERR_IO, errnum,
		"%s cannot be written (by way of a temporary file in %s)", to->path, to->dir);
}

/* Where dest really is: a new name, or the file that it leads to. */
static int resolve(const struct module *m, const char *dest, struct place *p,
	struct ms_error *err)
{
	struct stat st;

	if (!dest) {
		p->path = strdup(m->target);
		p->in_place = true;
		return p->path ? 0 : err_nomem(err);
	}
	if (lstat(dest, &st) < 0 && errno == ENOENT) {
		p->path = strdup(dest);
		return p->path ? 0 : err_nomem(err);
	}
	p->path = realpath(dest, NULL);
	if (!p->path || stat(p->path, &st) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be written", dest);
	if (S_ISDIR(st.st_mode))
		return err_set(err, MS_ERR_IO, "%s is a directory", dest);
	if (!S_ISREG(st.st_mode))
		return err_set(err, MS_ERR_IO, "%s is not a regular file", dest);
	p->in_place = st.st_dev == m->st.st_dev && st.st_ino == m->st.st_ino;
	return 0;
}

/* Makes the temporary file, with mode 0600 until all is in it. */
static int temp_make(struct place *p, struct ms_error *err)
{
	const char *slash = strrchr(p->path, '/');
	const char *name = slash ? slash + 1 : p->path;
	int dir_len = slash ? (int)(slash - p->path) : 1;
	/* "." and the suffix belong into NAME_MAX too */
	int name_len = (int)strnlen(name, NAME_MAX - 1 - strlen(TEMP_SUFFIX));

	if (!*name)
		return err_set(err, MS_ERR_IO, "%s is the name of a directory", p->path);
	if (slash == p->path)
		dir_len = 1;
	p->dir = strndup(slash ? p->path : ".", (size_t)dir_len);
	if (!p->dir || asprintf(&p->temp, "%s/.%.*s" TEMP_SUFFIX, p->dir, name_len, name) < 0) {
		p->temp = NULL;
		return err_nomem(err);
	}
	p->fd = mkostemp(p->temp, O_CLOEXEC);
	if (p->fd < 0) {
		int e = errno;

		free(STEAL(p->temp)); /* there is none to remove */
		return place_failed(p, e, err);
	}
	return 0;
}

static int write_packed(const struct module *m, uint64_t keep_len, const struct piece *tail,
	const struct place *to, struct ms_error *err)
{
	AUTO_BUF struct buf packed = { 0 };
	const struct piece pieces[] = { { m->plain.data, keep_len }, *tail };
	int r = codec_of(m->compression)->pack(pieces, 2, &packed, err);

	if (r)
		return r;
	return file_write_all(to->fd, packed.data, packed.len) < 0 ? place_failed(to, errno, err)
								     : 0;
}

static int write_plain(struct module *m, uint64_t keep_len, const struct piece *tail,
	const struct place *to, struct ms_error *err)
{
	int r = content_copy(m, keep_len, to, err);

	if (r)
		return r;
	return file_write_all(to->fd, tail->data, tail->len) < 0 ? place_failed(to, errno, err) : 0;
}

/*
 * Whether the file is still the one that was opened, digested and copied. When another of its
 * names goes away (it is one of several hard links that are signed at the same time), the kernel
 * changes ctime with the link count: that alone is no change.
 */
static bool same(const struct stat *now, const struct stat *then)
{
	return now->st_dev == then->st_dev && now->st_ino == then->st_ino &&
		now->st_size == then->st_size && now->st_mtim.tv_sec == then->st_mtim.tv_sec &&
		now->st_mtim.tv_nsec == then->st_mtim.tv_nsec &&
		(now->st_nlink != then->st_nlink ||
			(now->st_ctim.tv_sec == then->st_ctim.tv_sec &&
				now->st_ctim.tv_nsec == then->st_ctim.tv_nsec));
}

static int check_unchanged(const struct module *m, const struct place *to, struct ms_error *err)
{
	struct stat now;

	if (fstat(m->fd, &now) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s", m->path);
	if (same(&now, &m->st) &&
		(!to->in_place || (!lstat(to->path, &now) && same(&now, &m->st))))
		return 0;
	err_set(err, MS_ERR_MODULE, "%s was changed by something else while it was being signed",
		m->path);
	err_hint(err, "Run it again when nothing else writes to that file.");
	return MS_ERR_MODULE;
}

/* The data has to reach the disk before the name does, lest a power loss leave a module of NUL
 * bytes where a good one was. */
static int publish(const struct module *m, struct place *to, struct ms_error *err)
{
	int r;

	if (fsync(to->fd) < 0)
		return place_failed(to, errno, err);
	r = check_unchanged(m, to, err);
	if (r)
		return r;
	if (rename(to->temp, to->path) < 0)
		return place_failed(to, errno, err);
	free(STEAL(to->temp));
	return 0;
}

int module_write(struct module *m, uint64_t keep_len, const void *tail, size_t tail_len,
	const char *dest, struct ms_error *err)
{
	CLEANUP(place_free) struct place to = { .fd = -1 };
	const struct piece piece = { tail, tail_len };
	int r;

	if (keep_len > m->size || !(keep_len + tail_len))
		return err_set(err, MS_ERR_USAGE, "%s has no %llu bytes to keep", m->path,
			(unsigned long long)keep_len);
	r = resolve(m, dest, &to, err);
	if (!r)
		r = temp_make(&to, err);
	if (!r)
		r = m->compression == MODULE_PLAIN ? write_plain(m, keep_len, &piece, &to, err)
						     : write_packed(m, keep_len, &piece, &to, err);
	if (!r)
		r = meta_copy(m, &to, err);
	if (!r)
		r = publish(m, &to, err);
	return r;
}
