/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names (hard links) of one file, when several of them are in a batch. One is signed; the others
 * wait for it, and then become names of the new file.
 */
#ifndef MODSEAL_SIGN_LINKS_H
#define MODSEAL_SIGN_LINKS_H

#include <modseal/batch.h>
#include <pthread.h>
#include <sys/stat.h>

/* A file with several names, and what became of the one that came first. */
struct link_group {
	struct stat st; /* of the file as it was */
	bool elsewhere; /* the new file goes to another place (-o) */
	bool finished;
	char *path;    /* by which it was signed */
	char *written; /* the new file; NULL: there is none, because nothing had to be changed */
	struct ms_sign_result result;
	struct ms_error err; /* code 0 if it went well */
};

struct link_waiting;

struct links {
	pthread_mutex_t lock;
	void *groups; /* tree by device, inode and `elsewhere` */
	struct link_waiting *waiting;
};

void links_init(struct links *l);
void links_free(struct links *l);
/*
 * `st` is what the item's path led to when it was opened.
 * 0: *group is NULL (the file has one name) or new: the item is to be signed, and links_finish()
 * called with what became of it. 1: another name came first; the item was taken over and comes
 * back from links_next().
 */
int links_enter(struct links *l, const struct stat *st, const struct ms_batch_item *item,
	struct link_group **group, struct ms_error *err);
/* `written`: the new file, taken over; NULL if there is none. */
void links_finish(struct links *l, struct link_group *group, char *written,
	const struct ms_sign_result *result, const struct ms_error *err);
/* A name whose group is finished; false if there is none. */
bool links_next(struct links *l, struct ms_batch_item *item, const struct link_group **group);

#endif
