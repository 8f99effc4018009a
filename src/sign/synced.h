/* SPDX-License-Identifier: Apache-2.0 */
/* The file systems that a run wrote to, to be synced at its end. Used by several threads. */
#ifndef MODSEAL_SIGN_SYNCED_H
#define MODSEAL_SIGN_SYNCED_H

#include "src/sign/disk.h"

#include <modseal/error.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SYNCED_MAX 16
/* Files with data of their own after which the disk is set to work, so that little is left for the
 * end. */
#define SYNCED_EACH 256

struct synced;

struct synced_system {
	struct synced *owner;
	dev_t dev;
	int fd;
	unsigned written; /* files since the last sync */
	bool syncing;
};

struct synced {
	pthread_mutex_t lock;
	struct synced_system systems[SYNCED_MAX];
	size_t n;
	int errnum; /* of the first early sync that failed */
	struct disk *disk; /* its thread makes them; NULL: whoever writes too much does */
};

void synced_init(struct synced *s, struct disk *disk);
/*
 * The file system of an open file. The descriptor stays the caller's; by `path` the file may be opened
 * for reading until the end of the run. `data`: the file's own data have to be written, not only its
 * name. A file system beyond SYNCED_MAX is synced at once.
 */
int synced_add(struct synced *s, int fd, const char *path, bool data, struct ms_error *err);
/* Syncs all, when the disk's thread has ended; the first failure is reported, the others are tried all
 * the same. */
int synced_finish(struct synced *s, struct ms_error *err);

#endif
