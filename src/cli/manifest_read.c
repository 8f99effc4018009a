/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/cli/manifest.h"

#include <errno.h>
#include <json-c/json.h>
#include <search.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct manifest_entry *)a)->name,
		((const struct manifest_entry *)b)->name);
}

static void entry_free(void *p)
{
	struct manifest_entry *entry = p;

	free(entry->name);
	free(entry);
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *value;

	if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &value) ||
		!json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static bool unhex(const char *text, unsigned char *data)
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(text) != 2 * MANIFEST_SHA256 || strspn(text, digits) != 2 * MANIFEST_SHA256)
		return false;
	for (size_t i = 0; i < MANIFEST_SHA256; i++)
		data[i] = (unsigned char)((strchr(digits, text[2 * i]) - digits) << 4 |
			(strchr(digits, text[2 * i + 1]) - digits));
	return true;
}

/* The entry of that name, which is made if need be. NULL: out of memory. */
static struct manifest_entry *entry_of(struct manifest_entries *entries, const char *name)
{
	struct manifest_entry *entry = calloc(1, sizeof(*entry)), **found;

	if (!entry)
		return NULL;
	entry->name = strdup(name);
	found = entry->name ? tsearch(entry, &entries->tree, compare) : NULL;
	if (found && *found == entry) {
		entries->n++;
		return entry;
	}
	entry_free(entry);
	return found ? *found : NULL;
}

/* 1 if it is one, 0 if not. */
static int take_line(struct manifest_entries *entries, const char *line, struct ms_error *err)
{
	struct json_object *o = json_tokener_parse(line);
	const char *name = text_of(o, "path"), *sha256 = text_of(o, "sha256_after");
	unsigned char digest[MANIFEST_SHA256];
	struct manifest_entry *entry;
	int r = name && sha256 && unhex(sha256, digest);

	if (r) {
		entry = entry_of(entries, name);
		if (entry)
			memcpy(entry->sha256, digest, sizeof(digest));
		else
			r = err_nomem(err);
	}
	json_object_put(o);
	return r;
}

static int take_all(FILE *f, const char *path, struct manifest_entries *entries,
	struct ms_error *err)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;

	errno = 0;
	for (unsigned long n = 1; getline(&line, &size, f) >= 0; n++) {
		int r = strspn(line, " \t\r\n") == strlen(line) ? 1 : take_line(entries, line, err);

		if (r < 0)
			return r;
		if (!r)
			fprintf(stderr, "modseal: %s, line %lu is none of a manifest; it is passed over\n",
				path, n);
	}
	return ferror(f) ? err_set_errno(err, MS_ERR_IO, errno, "%s cannot be read", path) : 0;
}

int manifest_read(const char *path, struct manifest_entries *entries, struct ms_error *err)
{
	AUTO_FCLOSE FILE *f = fopen(path, "re");

	*entries = (struct manifest_entries){ 0 };
	if (!f)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be opened", path);
	return take_all(f, path, entries, err);
}

const struct manifest_entry *manifest_find(struct manifest_entries *entries, const char *name)
{
	struct manifest_entry key = { .name = (char *)name };
	struct manifest_entry **found = tfind(&key, &entries->tree, compare);

	if (!found)
		return NULL;
	(*found)->seen = true;
	return *found;
}

struct unseen {
	void (*fn)(void *user, const char *name);
	void *user;
};

static void visit(const void *node, VISIT order, void *closure)
{
	const struct manifest_entry *entry = *(struct manifest_entry *const *)node;
	const struct unseen *unseen = closure;

	if ((order == postorder || order == leaf) && !entry->seen)
		unseen->fn(unseen->user, entry->name);
}

void manifest_unseen(const struct manifest_entries *entries,
	void (*fn)(void *user, const char *name), void *user)
{
	struct unseen unseen = { fn, user };

	twalk_r(entries->tree, visit, &unseen);
}

void manifest_entries_free(struct manifest_entries *entries)
{
	tdestroy(entries->tree, entry_free);
	entries->tree = NULL;
}
