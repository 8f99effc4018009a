/* SPDX-License-Identifier: Apache-2.0 */
#include "src/module/module.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/digest.h"
#include "src/module/compress.h"
#include "src/module/look.h"
#include "src/module/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

DEFINE_CLEANUP(struct module, module_close, cleanup_module);

static void give_back(struct module *m)
{
	memory_buffer_give(m->memory, &m->plain);
	memory_buffer_give(m->memory, &m->packed);
	memory_give(m->memory, m->memory_taken);
	m->memory_taken = 0;
}

void module_close(struct module *m)
{
	if (!m)
		return;
	if (m->fd >= 0)
		close(m->fd);
	give_back(m);
	free(m->path);
	free(m->target);
	free(m->vermagic);
	free(m->name);
	free(m->sigs);
	free(m);
}

static int check_regular(const char *path, mode_t mode, struct ms_error *err)
{
	if (S_ISREG(mode))
		return 0;
	if (S_ISDIR(mode))
		return err_set(err, MS_ERR_IO, "%s is a directory", path);
	return err_set(err, MS_ERR_IO, "%s is not a regular file", path);
}

/* Where the file lies that a path means, and what it is; NULL with errno. */
static char *resolve(const char *path, struct stat *st)
{
	char *target;

	if (lstat(path, st) < 0)
		return NULL;
	if (!S_ISLNK(st->st_mode))
		return strdup(path);
	target = realpath(path, NULL);
	if (target && stat(target, st) < 0) {
		free(target);
		return NULL;
	}
	return target;
}

static int open_file(struct module *m, struct ms_error *err)
{
	int r;

	/* Look before opening: merely opening a device can set off something. */
	m->target = resolve(m->path, &m->st);
	if (!m->target)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be opened", m->path);
	r = check_regular(m->path, m->st.st_mode, err);
	if (r)
		return r;
	m->fd = open(m->target, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (m->fd < 0 || fstat(m->fd, &m->st) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be opened", m->path);
	return check_regular(m->path, m->st.st_mode, err);
}

static bool named_compressed_module(const char *path)
{
	static const char *const endings[] = { ".ko.gz", ".ko.xz", ".ko.zst" };
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && !strcmp(path + len - n, endings[i]))
			return true;
	}
	return false;
}

/* Under MODULE_ANY_FILE a compressed file that holds no module is taken as it is: its signature
 * stands behind the raw bytes. A damaged one may not let its first bytes be seen. */
static bool taken_raw(const struct module *m, int unpacked)
{
	if (unpacked && unpacked != MS_ERR_MODULE)
		return false;
	if (unpacked && named_compressed_module(m->target))
		return false;
	return !elf_starts_rel(m->plain.buf.data, m->plain.buf.len);
}

/* A small file is read once: all that is looked for in it, digested or copied comes from memory. */
static int read_whole(struct module *m, struct lent_buf *whole, struct ms_error *err)
{
	int r = 0;

	if (m->size <= MEMORY_BUFFER)
		memory_buffer_take(m->memory, m->size, whole);
	if (whole->buf.data)
		r = module_read(m, 0, whole->buf.data, m->size, err);
	if (!r && whole->buf.data)
		whole->buf.len = m->size;
	return r;
}

static int read_plain(struct module *m, struct ms_error *err)
{
	int r = read_whole(m, &m->plain, err);

	m->data = r ? NULL : m->plain.buf.data;
	return r;
}

/* How long the content will be: what the file tells, or as kernel modules shrink, to a fourth or a sixth. */
static size_t content_estimate(const struct module *m, const uint8_t *start, size_t len)
{
	const struct codec *codec = codec_of(m->compression);
	uint64_t told = codec->content_len ? codec->content_len(start, len) : 0;

	return told && told <= UNPACK_MAX ? (size_t)told : (size_t)m->st.st_size * 6;
}

/* What is compressed is in memory, too, when it is written back. 1: there is more in it than `max`. */
static int unpack_into(struct module *m, size_t content_len, size_t max, struct ms_error *err)
{
	size_t estimate = content_len + (size_t)m->st.st_size;
	struct packed in;
	int r;

	memory_take(m->memory, estimate);
	memory_buffer_take(m->memory, content_len, &m->plain);
	r = read_whole(m, &m->packed, err);
	packed_begin(&in, m->fd, 0, m->path, &m->packed.buf);
	in.max = max;
	if (!r)
		r = unpack_within(m->memory, m->compression, &in, &m->plain.buf, err);
	m->memory_taken = m->plain.buf.len + (size_t)m->st.st_size;
	memory_settle(m->memory, estimate, m->memory_taken);
	return r;
}

/* One that holds much more than it promised is begun again when there is room for whatever it may hold:
 * else many such would take any amount of memory at once. */
static int unpack(struct module *m, size_t content_len, struct ms_error *err)
{
	int r = unpack_into(m, content_len, m->memory ? 2 * content_len : UNPACK_MAX, err);

	if (r <= 0)
		return r;
	give_back(m);
	return unpack_into(m, UNPACK_MAX, UNPACK_MAX, err);
}

/* Finds out about compression and makes the content readable. */
static int load(struct module *m, unsigned flags, struct ms_error *err)
{
	uint8_t start[CODEC_START];
	size_t len = m->st.st_size < (off_t)sizeof(start) ? (size_t)m->st.st_size : sizeof(start);
	int r;

	m->size = (uint64_t)m->st.st_size;
	if (!m->size)
		return err_set(err, MS_ERR_MODULE, "%s is empty", m->path);
	r = module_read(m, 0, start, len, err);
	if (r)
		return r;
	m->compression = compression_of(start, len);
	if (m->compression == MODULE_PLAIN)
		return read_plain(m, err);
	r = unpack(m, content_estimate(m, start, len), err);
	if ((flags & MODULE_ANY_FILE) && taken_raw(m, r)) {
		give_back(m);
		m->compression = MODULE_PLAIN;
		return read_plain(m, err);
	}
	if (r)
		return r;
	m->data = m->plain.buf.data;
	m->size = m->plain.buf.len;
	if (!m->size)
		return err_set(err, MS_ERR_MODULE, "%s is empty when decompressed", m->path);
	return 0;
}

static int look(struct module *m, unsigned flags, struct ms_error *err)
{
	char why[160] = "";
	int r = load(m, flags, err);

	if (!r)
		r = elf_look(m, why, sizeof(why), err);
	if (r)
		return r;
	if (!m->elf_rel && !(flags & MODULE_ANY_FILE))
		return err_set(err, MS_ERR_MODULE, "%s is not a kernel module: %s", m->path, why);
	r = tail_look(m, err);
	if (r)
		return r;
	if (!m->bare_len)
		return err_set(err, MS_ERR_MODULE,
			"%s holds a signature and nothing that it signs", m->path);
	return 0;
}

int module_open_within(struct module_memory *memory, const char *path, unsigned flags,
	struct module **out, struct ms_error *err)
{
	CLEANUP(cleanup_module) struct module *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return err_nomem(err);
	m->fd = -1;
	m->memory = memory;
	m->path = strdup(path);
	if (!m->path)
		return err_nomem(err);
	r = open_file(m, err);
	if (!r)
		r = look(m, flags, err);
	if (!r)
		*out = STEAL(m);
	return r;
}

int module_open(const char *path, unsigned flags, struct module **m, struct ms_error *err)
{
	return module_open_within(NULL, path, flags, m, err);
}

static int gone(const struct module *m, struct ms_error *err)
{
	return err_set(err, MS_ERR_MODULE, "%s became shorter while it was being read", m->path);
}

int module_read(struct module *m, uint64_t offset, void *data, size_t len, struct ms_error *err)
{
	uint8_t *p = data;

	if (offset > m->size || len > m->size - offset)
		return gone(m, err);
	if (m->data) {
		memcpy(data, m->data + offset, len);
		return 0;
	}
	while (len) {
		ssize_t n = pread(m->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be read", m->path);
		if (n == 0)
			return gone(m, err);
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int digest_file(struct module *m, uint64_t len, struct digest *d, struct ms_error *err)
{
	uint8_t chunk[MODULE_CHUNK];
	uint64_t done = 0;

	while (done < len) {
		size_t n = len - done < sizeof(chunk) ? (size_t)(len - done) : sizeof(chunk);
		int r = module_read(m, done, chunk, n, err);

		if (!r)
			r = digest_add(d, chunk, n, err);
		if (r)
			return r;
		done += n;
	}
	return 0;
}

int module_digest(struct module *m, uint64_t len, enum ms_hash hash, uint8_t *out,
	struct ms_error *err)
{
	struct digest d = { 0 };
	int r;

	if (len > m->size)
		return gone(m, err);
	if (m->data)
		return digest_of(hash, m->data, len, out, err);
	r = digest_begin(&d, hash, err);
	if (!r)
		r = digest_file(m, len, &d, err);
	if (!r)
		r = digest_end(&d, out, err);
	digest_free(&d);
	return r;
}
