/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that waits for the disk, so that those who sign need not. */
#ifndef MODSEAL_SIGN_DISK_H
#define MODSEAL_SIGN_DISK_H

#include <pthread.h>
#include <stdbool.h>

#define DISK_JOBS 8 /* that wait */

struct disk_job {
	void (*fn)(void *arg);
	void *arg;
};

struct disk {
	pthread_mutex_t lock;
	pthread_cond_t asked;
	pthread_t thread;
	bool has_thread, ending;
	struct disk_job jobs[DISK_JOBS]; /* in the order of their arrival */
	unsigned n;
};

/* Where no thread can be started the caller of disk_run() waits itself. */
void disk_start(struct disk *d);
/* Runs fn(arg) on that thread, behind what was asked for before; at once and here if too many wait
 * already, or d is NULL. */
void disk_run(struct disk *d, void (*fn)(void *arg), void *arg);
/* Comes back when all is done. */
void disk_end(struct disk *d);

#endif
