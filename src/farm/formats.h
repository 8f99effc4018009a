/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of requests and answers: each reads a whole file into a list that was made for it. */
#ifndef MODSEAL_FARM_FORMATS_H
#define MODSEAL_FARM_FORMATS_H

#include "src/farm/input.h"
#include "src/farm/list.h"

#include <json-c/json.h>

struct ms_signer;

struct farm_want {
	enum ms_hash hash; /* MS_HASH_NONE: any, but the same for all */
	unsigned flags;    /* enum ms_module_flags */
	ms_farm_skipped_fn *skipped;
	void *user;
};
void want_skip(const struct farm_want *want, const char *name, const char *why);

/* lines.c */
int lines_read_requests(struct farm_list *list, const struct buf *text,
	const struct farm_want *want, struct ms_error *err);
int lines_read_answers(struct farm_list *list, const struct buf *text, struct ms_error *err);
/* An answer without newline; free() it; NULL when memory is out. */
char *lines_answer(const struct farm_entry *entry);

/* cpio.c */
int cpio_read_requests(struct farm_list *list, struct input *in, const struct farm_want *want,
	struct ms_error *err);
int cpio_read_answers(struct farm_list *list, struct input *in, enum ms_hash hash,
	struct ms_error *err);
/* Appends the answer to an archive; -1 when memory is out. */
int cpio_answer(struct buf *out, const struct farm_entry *entry);

/* debian.c: the certificates that a package's code trusts, by the SHA-256 of their DER. */
struct debian_trust {
	char *package;
	uint8_t (*certs)[32];
	size_t n;
};
struct debian_trusts {
	struct debian_trust *packages; /* those that hold modules and name certificates */
	size_t n;
};
int debian_read_requests(struct farm_list *list, const struct buf *text,
	const struct farm_want *want, struct debian_trusts *trusts, struct ms_error *err);
/* MS_ERR_CERT if neither the signer's certificate nor one that it embeds is among a package's. */
int debian_check_trust(const struct debian_trusts *trusts, const struct ms_signer *signer,
	struct ms_error *err);
void debian_trusts_free(struct debian_trusts *trusts);

/* json.c */
/* NULL if the text is not one JSON object with nothing behind it; *line (may be NULL) is where it
 * is wrong. json_object_put() it. */
struct json_object *json_read(const void *text, size_t len, unsigned long *line);
/* The string that is a member of an object; NULL if there is none, or it holds a NUL. */
const char *json_text(struct json_object *o, const char *key);

static inline void cleanup_json(struct json_object **o)
{
	json_object_put(*o);
}
#define AUTO_JSON __attribute__((cleanup(cleanup_json)))

#endif
