/* SPDX-License-Identifier: Apache-2.0 */
#include "src/module/write.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/module/compress.h"
#include "src/module/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

void place_free(struct place *p)
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

int place_resolve(const char *dest, struct place *p, struct stat *st, struct ms_error *err)
{
	if (lstat(dest, st) < 0 && errno == ENOENT) {
		*st = (struct stat){ 0 };
		p->path = strdup(dest);
		return p->path ? 0 : err_nomem(err);
	}
	p->path = realpath(dest, NULL);
	if (!p->path || stat(p->path, st) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be written", dest);
	if (S_ISDIR(st->st_mode))
		return err_set(err, MS_ERR_IO, "%s is a directory", dest);
	if (!S_ISREG(st->st_mode))
		return err_set(err, MS_ERR_IO, "%s is not a regular file", dest);
	return 0;
}

static int resolve(const struct module *m, const char *dest, struct place *p,
	struct ms_error *err)
{
	struct stat st;
	int r;

	if (!dest) {
		p->path = strdup(m->target);
		p->in_place = true;
		return p->path ? 0 : err_nomem(err);
	}
	r = place_resolve(dest, p, &st, err);
	p->in_place = r == 0 && st.st_dev == m->st.st_dev && st.st_ino == m->st.st_ino;
	return r;
}

int place_temp_path(struct place *p, struct ms_error *err)
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
	return 0;
}

/* Makes the temporary file, with mode 0600 until all is in it. */
static int temp_make(struct place *p, struct ms_error *err)
{
	int r = place_temp_path(p, err);

	if (r < 0)
		return r;
	for (int tries = 0; tries < 3; tries++) {
		p->fd = mkostemp(p->temp, O_CLOEXEC);
		if (p->fd < 0) {
			int e = errno;

			free(STEAL(p->temp)); /* there is none to remove */
			return place_failed(p, e, err);
		}
		if (temp_lock(p->fd))
			return 0;
		close(p->fd);
		p->fd = -1;
		unlink(p->temp);
		memcpy(p->temp + strlen(p->temp) - 6, "XXXXXX", 6);
	}
	return place_failed(p, EWOULDBLOCK, err);
}

/*
 * When another of its names goes away (it is one of several hard links that are signed at the same
 * time), the kernel changes ctime with the link count: that alone is no change.
 */
bool place_same(const struct stat *now, const struct stat *then)
{
	return now->st_dev == then->st_dev && now->st_ino == then->st_ino &&
		now->st_size == then->st_size && now->st_mtim.tv_sec == then->st_mtim.tv_sec &&
		now->st_mtim.tv_nsec == then->st_mtim.tv_nsec &&
		(now->st_nlink != then->st_nlink ||
			(now->st_ctim.tv_sec == then->st_ctim.tv_sec &&
				now->st_ctim.tv_nsec == then->st_ctim.tv_nsec));
}

int place_changed(const char *path, struct ms_error *err)
{
	err_set(err, MS_ERR_MODULE, "%s was changed by something else while it was being signed",
		path);
	err_hint(err, "Run it again when nothing else writes to that file.");
	return MS_ERR_MODULE;
}

static int unchanged(const struct module *m, struct ms_error *err)
{
	struct stat now;

	if (fstat(m->fd, &now) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s", m->path);
	return place_same(&now, &m->st) ? 0 : place_changed(m->path, err);
}

static int put(void *user, const void *data, size_t len, struct ms_error *err)
{
	const struct place *to = user;

	return file_write_all(to->fd, data, len) < 0 ? place_failed(to, errno, err) : 0;
}

/* All of it compressed anew. */
static int pack(const struct module *m, uint64_t keep_len, const struct piece *tail,
	struct place *to, struct ms_error *err)
{
	const struct piece pieces[] = { { m->data, keep_len }, *tail };
	const struct codec *codec = codec_of(m->compression);
	const struct packed_out out = { put, to };
	void *packer = memory_coder_take(m->memory, codec, &codec->packer, err);
	int r;

	if (!packer)
		return MS_ERR_NOMEM;
	r = codec->pack(packer, pieces, 2, &out, err);
	memory_coder_give(m->memory, codec, &codec->packer, packer);
	return r;
}

/* For a file that was not kept when it was opened. */
static int read_packed(struct module *m, size_t room, struct ms_error *err)
{
	struct buf *packed = &m->packed.buf;
	size_t len = (size_t)m->st.st_size;
	int e, r;

	if (buf_reserve(packed, len + room) < 0)
		return err_nomem(err);
	if (file_pread(m->fd, packed->data, len, 0) < 0) {
		e = errno;
		r = unchanged(m, err);
		return r ? r : err_set_errno(err, MS_ERR_IO, e, "%s cannot be read", m->path);
	}
	packed->len = len;
	return 0;
}

/* As it was compressed, with another end. 1: that cannot be. */
static int extend(struct module *m, uint64_t keep_len, const struct piece *tail,
	struct place *to, struct ms_error *err)
{
	const struct piece kept = { m->data, keep_len };
	struct buf *packed = &m->packed.buf;
	int r = packed->len ? 0 : read_packed(m, tail->len + 256, err);

	if (!r)
		r = codec_of(m->compression)->extend(packed, m->size, &kept, tail, err);
	if (!r)
		r = put(to, packed->data, packed->len, err);
	memory_buffer_give(m->memory, &m->packed); /* it is not the module's any more */
	return r;
}

static int write_packed(struct module *m, uint64_t keep_len, const struct piece *tail,
	struct place *to, struct ms_error *err)
{
	int r = extend(m, keep_len, tail, to, err);

	return r > 0 ? pack(m, keep_len, tail, to, err) : r;
}

static int write_plain(struct module *m, uint64_t keep_len, const struct piece *tail,
	const struct place *to, struct ms_error *err)
{
	int r = content_copy(m, keep_len, to, err);

	if (r)
		return r;
	return file_write_all(to->fd, tail->data, tail->len) < 0 ? place_failed(to, errno, err) : 0;
}

/* A new file that is complete but has not got its name yet. */
struct staged {
	struct place to;
	char *path;     /* of the module, as it was given */
	struct stat st; /* of the module when it was opened */
};

static int stage(struct module *m, uint64_t keep_len, const struct piece *tail, const char *dest,
	struct place *to, struct ms_error *err)
{
	int r = resolve(m, dest, to, err);

	if (!r)
		r = temp_make(to, err);
	if (!r)
		r = m->compression == MODULE_PLAIN ? write_plain(m, keep_len, tail, to, err)
						     : write_packed(m, keep_len, tail, to, err);
	if (!r)
		r = meta_copy(m, to, err);
	return r ? r : unchanged(m, err);
}

int module_stage(struct module *m, uint64_t keep_len, const void *tail, size_t tail_len,
	const char *dest, struct staged **out, struct ms_error *err)
{
	const struct piece piece = { tail, tail_len };
	struct staged *s;
	int r;

	if (keep_len > m->size || !(keep_len + tail_len))
		return err_set(err, MS_ERR_USAGE, "%s has no %llu bytes to keep", m->path,
			(unsigned long long)keep_len);
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_nomem(err);
	s->to.fd = -1;
	s->st = m->st;
	s->path = strdup(m->path);
	r = s->path ? stage(m, keep_len, &piece, dest, &s->to, err) : err_nomem(err);
	if (r) {
		staged_free(s);
		return r;
	}
	*out = s;
	return 0;
}

int staged_fd(const struct staged *s)
{
	return s->to.fd;
}

int staged_sync(struct staged *s, struct ms_error *err)
{
	return fsync(s->to.fd) < 0 ? place_failed(&s->to, errno, err) : 0;
}

/* The old file is held over the rename: its blocks are freed when it is let go, and not by the kernel
 * while that keeps the directory locked. */
int staged_commit(struct staged *s, struct ms_error *err)
{
	AUTO_CLOSE int old = -1;
	struct stat now;

	if (s->to.in_place) {
		old = open(s->to.path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (old < 0 && errno != ENOENT)
			return place_failed(&s->to, errno, err);
		if (old < 0 || fstat(old, &now) < 0 || !place_same(&now, &s->st))
			return place_changed(s->path, err);
	}
	if (rename(s->to.temp, s->to.path) < 0)
		return place_failed(&s->to, errno, err);
	free(STEAL(s->to.temp));
	return 0;
}

void staged_free(struct staged *s)
{
	if (!s)
		return;
	place_free(&s->to);
	free(s->path);
	free(s);
}

/* The data has to reach the disk before the name does, lest a power loss leave a module of NUL
 * bytes where a good one was. */
int module_write(struct module *m, uint64_t keep_len, const void *tail, size_t tail_len,
	const char *dest, struct ms_error *err)
{
	struct staged *s = NULL;
	int r = module_stage(m, keep_len, tail, tail_len, dest, &s, err);

	if (!r)
		r = staged_sync(s, err);
	if (!r)
		r = staged_commit(s, err);
	staged_free(s);
	return r;
}
