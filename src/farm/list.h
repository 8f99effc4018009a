/* SPDX-License-Identifier: Apache-2.0 */
/* What a file of requests or answers holds, whatever its format. */
#ifndef MODSEAL_FARM_LIST_H
#define MODSEAL_FARM_LIST_H

#include "src/base/newc.h"

#include <modseal/farm.h>
#include <stdbool.h>

enum farm_state { FARM_WAITING, FARM_DONE, FARM_FAILED, FARM_REPORTED };

struct farm_entry {
	char *name;          /* beneath the tree; name_fault() found none */
	unsigned long place; /* line, or position in the archive or list, from 1 */
	enum ms_hash hash;
	uint8_t digest[MS_HASH_MAX_SIZE]; /* not of MS_FARM_DEBIAN requests */
	bool blind;          /* nobody has seen that it is a module's */
	struct newc_head head; /* MS_FARM_CPIO: of its request */
	struct buf cms, raw; /* the signature; empty while there is none */
	enum farm_state state;
	struct ms_error *err; /* FARM_FAILED: why */
};

struct farm_list {
	char *file; /* for messages */
	enum ms_farm_format format;
	struct farm_entry *entries;
	size_t n, size;
	struct farm_entry **by_name; /* sorted; NULL until list_index() */
};

int list_init(struct farm_list *list, const char *file, enum ms_farm_format format,
	struct ms_error *err);
void list_free(struct farm_list *list);
/* Takes a copy of the name, which is checked. The entry stays where it is until the next one. */
int list_add(struct farm_list *list, const char *name, unsigned long place,
	struct farm_entry **entry, struct ms_error *err);
/* Takes the newest out again, before list_index(). */
void list_drop_last(struct farm_list *list);
/* Once all are there: MS_ERR_MODULE if a name comes twice, or there is none at all. */
int list_index(struct farm_list *list, struct ms_error *err);
struct farm_entry *list_find(const struct farm_list *list, const char *name);
void entry_forget_signature(struct farm_entry *entry);

/* MS_ERR_MODULE: "FILE:3: ..." ("FILE: entry 3: ..." if it has no lines), or without the number if
 * `place` is 0. */
int list_fault(const struct farm_list *list, unsigned long place, struct ms_error *err,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
