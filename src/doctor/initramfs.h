/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel modules in an initramfs: cpio archives one behind the other, the first ones bare
 * (microcode), the last one compressed
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
#ifndef MODSEAL_DOCTOR_INITRAMFS_H
#define MODSEAL_DOCTOR_INITRAMFS_H

#include "src/base/buf.h"

#include <modseal/error.h>
#include <time.h>

/* A module in it; `name` as in the archive, without "./" or '/' at its start. Not 0 ends the
 * reading and is returned. */
typedef int initramfs_fn(void *user, const char *name, time_t mtime, const struct buf *content);

/*
 * Tells each module of an open initramfs; `name` is for messages. gzip, xz and zstd are read
 * here; lz4, bzip2, lzo and lzma by those programs. Memory: its decompressed size.
 * MS_ERR_UNSUPPORTED: such a program is missing, which the message names.
 */
int initramfs_modules(int fd, const char *name, initramfs_fn *fn, void *user, struct ms_error *err);

#endif
