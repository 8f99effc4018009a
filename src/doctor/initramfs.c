/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/initramfs.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/filter.h"
#include "src/base/newc.h"
#include "src/module/compress.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC_LEN    6
#define MODULE_MAX   ((size_t)256 << 20) /* bytes */
#define TOOL_SECONDS 60

/* Where reading is: in a file, or in memory. */
struct place {
	int fd; /* -1: in memory */
	const struct buf *bytes;
	uint64_t at;
	bool inside; /* what was compressed: nothing in it is compressed again */
};

struct reading {
	const char *name;
	initramfs_fn *fn;
	void *user;
	bool any; /* archives */
	struct ms_error *err;
};

static ssize_t read_at(struct place *p, void *data, size_t len)
{
	ssize_t n;

	if (p->fd < 0) {
		size_t left = p->bytes->len - (size_t)p->at;

		n = (ssize_t)(len < left ? len : left);
		memcpy(data, p->bytes->data + p->at, (size_t)n);
		return n;
	}
	do
		n = pread(p->fd, data, len, (off_t)p->at);
	while (n < 0 && errno == EINTR);
	return n;
}

static ssize_t read_on(void *place, void *data, size_t len)
{
	struct place *p = place;
	ssize_t n = read_at(p, data, len);

	if (n > 0)
		p->at += (uint64_t)n;
	return n;
}

static bool is_module(const char *name)
{
	const char *dot = strstr(name, ".ko");

	while (dot && dot[3] && dot[3] != '.')
		dot = strstr(dot + 1, ".ko");
	return dot && strstr(name, "lib/modules/");
}

static int read_content(struct newc_reader *reader, const struct newc_head *head,
	struct buf *content, struct reading *r)
{
	ssize_t n;

	content->len = 0;
	if (head->size > MODULE_MAX)
		return err_set(r->err, MS_ERR_MODULE, "%s: its member %s is too large", r->name,
			reader->name);
	if (buf_reserve(content, head->size) < 0)
		return err_nomem(r->err);
	n = newc_read(reader, content->data, head->size, r->err);
	if (n < 0)
		return (int)n;
	content->len = (size_t)n;
	return 0;
}

/* One archive, up to its trailer. */
static int read_archive(struct place *p, struct reading *r)
{
	struct newc_reader reader = { .read = read_on, .source = p, .of = r->name };
	AUTO_BUF struct buf content = { 0 };
	struct newc_head head;
	const char *name;
	int e;

	r->any = true;
	while ((e = newc_next(&reader, &head, &name, r->err)) > 0) {
		if (!S_ISREG(head.mode) || !head.size || !is_module(name))
			continue;
		e = read_content(&reader, &head, &content, r);
		name += strspn(name, "./");
		if (e == 0)
			e = r->fn(r->user, name, (time_t)head.mtime, &content);
		if (e)
			break;
	}
	newc_close(&reader);
	return e;
}

/* What only other programs open. */
static const struct tool {
	const char *magic;
	size_t len;
	const char *name;
	const char *argv[5];
} tools[] = {
	{ "\x02\x21\x4c\x18", 4, "lz4", { "lz4", "-dc" } },
	{ "BZh", 3, "bzip2", { "bzip2", "-dc" } },
	{ "\x89LZO", 4, "lzo", { "lzop", "-dc" } },
	{ "\x5d\x00\x00", 3, "lzma", { "xz", "--format=lzma", "-dc" } },
	{ 0 },
};

static const struct tool *tool_of(const uint8_t *start)
{
	const struct tool *t = tools;

	while (t->magic && memcmp(start, t->magic, t->len) != 0)
		t++;
	return t->magic ? t : NULL;
}

static int read_place(struct place *p, struct reading *r);

/* By another program, into a file in memory. */
static int read_by_tool(const struct tool *tool, struct place *p, struct reading *r)
{
	AUTO_CLOSE int out = memfd_create("initramfs", MFD_CLOEXEC);
	struct place inside = { .fd = out, .inside = true };
	struct ms_error why = { 0 };
	int e = MS_ERR_IO;

	if (out >= 0 && lseek(p->fd, (off_t)p->at, SEEK_SET) >= 0)
		e = filter_run(tool->argv, p->fd, out, UNPACK_MAX, TOOL_SECONDS, &why);
	if (e == 0)
		return read_place(&inside, r);
	err_set(r->err, e, "%s is compressed with %s, and cannot be opened%s%s", r->name,
		tool->name, why.message[0] ? ": " : "", why.message);
	if (e == MS_ERR_UNSUPPORTED)
		err_hint(r->err, "Install it, or list the initramfs with lsinitramfs or lsinitrd.");
	return e;
}

static int read_compressed(struct place *p, const uint8_t *start, struct reading *r)
{
	enum module_compression compression = compression_of(start, MAGIC_LEN);
	const struct tool *tool = tool_of(start);
	AUTO_BUF struct buf plain = { 0 };
	struct place inside = { .fd = -1, .bytes = &plain, .inside = true };
	int e;

	if (!p->inside && tool)
		return read_by_tool(tool, p, r);
	if (p->inside || compression == MODULE_PLAIN)
		return err_set(r->err, MS_ERR_MODULE,
			"%s is no initramfs: what stands in it is neither a newc archive nor "
			"compressed in a known way",
			r->name);
	e = unpack_file(compression, p->fd, p->at, r->name, &plain, r->err);
	/* Something may stand behind it. If it was damaged, the archive inside has no trailer. */
	return e < 0 && (e != MS_ERR_MODULE || !plain.len) ? e : read_place(&inside, r);
}

/* Between archives there may be NUL bytes; a file that was lost with the power has nothing else. */
static ssize_t skip_nuls(struct place *p, uint8_t *start)
{
	uint8_t block[4096];
	ssize_t n, nuls;

	do {
		n = read_at(p, block, sizeof(block));
		for (nuls = 0; nuls < n && !block[nuls];)
			nuls++;
		p->at += (uint64_t)nuls;
	} while (n > 0 && nuls == n);
	return n > 0 ? read_at(p, start, MAGIC_LEN) : n;
}

static int read_place(struct place *p, struct reading *r)
{
	for (;;) {
		uint8_t start[MAGIC_LEN] = { 0 };
		ssize_t n = skip_nuls(p, start);
		int e;

		if (n < 0)
			return err_set_errno(
				r->err, MS_ERR_IO, errno, "%s cannot be read", r->name);
		if (n == 0)
			return 0;
		if (memcmp(start, NEWC_MAGIC, MAGIC_LEN) != 0)
			return read_compressed(p, start, r);
		e = read_archive(p, r);
		if (e)
			return e;
	}
}

int initramfs_modules(int fd, const char *name, initramfs_fn *fn, void *user, struct ms_error *err)
{
	struct reading r = { .name = name, .fn = fn, .user = user, .err = err };
	struct place p = { .fd = fd };
	int e = read_place(&p, &r);

	return e || r.any ? e : err_set(err, MS_ERR_MODULE, "%s holds no archive", name);
}
