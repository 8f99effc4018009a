/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpio archives in the "newc" format (cpio -H newc, magic 070701), read as they come and built in
 * memory. A member is a header of 110 bytes (thirteen numbers of eight hex digits), its name with
 * a NUL, its content, both padded to a multiple of four; the last one is called TRAILER!!!.
 *
 * By hand rather than by a library: libarchive would bring ICU and an XML parser into a process
 * that holds PINs, and slow its start.
 */
#ifndef MODSEAL_BASE_NEWC_H
#define MODSEAL_BASE_NEWC_H

#include "src/base/buf.h"

#include <modseal/error.h>
#include <sys/types.h>

#define NEWC_MAGIC "070701"

/* A member's header, but for the magic, in its order. */
struct newc_head {
	uint32_t ino, mode, uid, gid, nlink, mtime, size, dev_major, dev_minor, rdev_major,
		rdev_minor, name_size, check;
};

struct newc_reader {
	/* As read(2): bytes, 0 at the end, -1 with errno. */
	ssize_t (*read)(void *source, void *data, size_t len);
	void *source;
	const char *of; /* for messages: the archive's name */
	uint32_t left; /* bytes of the member's content that were not read */
	unsigned pad;  /* behind them */
	unsigned long n; /* members so far */
	char *name;    /* of the member in hand; owned */
};

/* An archive in memory, as a source. */
struct newc_bytes {
	const uint8_t *data;
	size_t len; /* bytes that were not read yet */
};
ssize_t newc_read_bytes(void *bytes, void *data, size_t len);

/* 1 and the next member, whose name belongs to the reader; 0 at the trailer. MS_ERR_MODULE for
 * what is no newc archive or is cut off. What was not read of the member before is passed over. */
int newc_next(struct newc_reader *r, struct newc_head *head, const char **name,
	struct ms_error *err);
/* Reads on in the member's content: bytes, 0 at its end, or negative. */
ssize_t newc_read(struct newc_reader *r, void *data, size_t len, struct ms_error *err);
void newc_close(struct newc_reader *r);

/* Appends a member to an archive: name_size and size are filled in. -1 when memory is out. */
int newc_add(struct buf *out, const struct newc_head *head, const char *name, const void *data,
	size_t len);
/* Appends the trailer and pads to blocks of 512 bytes, as cpio does. */
int newc_end(struct buf *out);

#endif
