/* SPDX-License-Identifier: Apache-2.0 */
/* The file systems that a run wrote to, to be synced once at its end. Used by several threads. */
#ifndef MODSEAL_SIGN_SYNCED_H
#define MODSEAL_SIGN_SYNCED_H

#include <modseal/error.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

#define SYNCED_MAX 16

struct synced {
	pthread_mutex_t lock;
	struct {
		dev_t dev;
		int fd;
	} systems[SYNCED_MAX];
	size_t n;
};

void synced_init(struct synced *s);
/*
 * The file system of an open file. The descriptor stays the caller's, but may be duplicated, and a
 * flock(2) that it holds is given up: no module shall stay locked until the end of the run.
 * A file system beyond SYNCED_MAX is synced at once.
 */
int synced_add(struct synced *s, int fd, struct ms_error *err);
/* Syncs all; the first failure is reported, the others are tried all the same. */
int synced_finish(struct synced *s, struct ms_error *err);

#endif
