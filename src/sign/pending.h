/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules that are written but have not got their names yet. The data of a few hundred is
 * brought to the disk by one syncfs(2), then all are renamed: the cost of durability is shared.
 */
#ifndef MODSEAL_SIGN_PENDING_H
#define MODSEAL_SIGN_PENDING_H

#include "src/module/module.h"
#include "src/sign/disk.h"
#include "src/sign/synced.h"

#include <modseal/batch.h>
#include <pthread.h>

/* Modules a syncfs, at most: each holds a descriptor, and while these are being synced the next
 * ones gather. 1,024 descriptors is what most processes may have. */
#define PENDING_MAX 384
/* Seconds after which even a few are given their names, or one that took so long: a slow token must not
 * leave them waiting. */
#define PENDING_SECONDS 2

struct link_group;

struct pending_entry {
	struct staged *staged;
	struct ms_batch_item item;
	struct link_group *group; /* the caller's, as are item and result */
	struct ms_sign_result result;
};

struct pending {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* others_synced or others_left */
	struct pending_entry *entries; /* those that gather */
	size_t n, max;
	struct pending_entry *others;  /* those that are synced, then get their names */
	size_t others_n, others_next;  /* nobody is at the next yet */
	size_t others_left;            /* have not got their names yet */
	bool others_synced;
	struct ms_error sync_error;    /* if that failed */
	double since, last; /* when the first of them came, and the last, in seconds */
	enum ms_durability durability;
	struct disk *disk;     /* its thread syncs, and gives names */
	struct synced *synced; /* gets the file systems whose directories were changed */
	/* Told of each module once it has its name, or could not get it. Called from several threads
	 * at once. */
	void (*done)(void *user, struct pending_entry *entry, const struct ms_error *err);
	void *user;
};

/* `max`: how many may wait together, up to PENDING_MAX; it takes twice as many descriptors. The
 * rest is the caller's to fill. */
int pending_init(struct pending *p, size_t max, struct ms_error *err);
/* Takes the entry's staged module over, and commits it now or later as durability says. Waits while
 * as many as may wait are being synced. */
void pending_add(struct pending *p, const struct pending_entry *entry);
/* Commits all that wait. */
void pending_flush(struct pending *p);
void pending_destroy(struct pending *p);

#endif
