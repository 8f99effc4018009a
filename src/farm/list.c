/* SPDX-License-Identifier: Apache-2.0 */
#include "src/farm/list.h"

#include "src/base/error.h"
#include "src/base/printable.h"
#include "src/farm/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int list_init(struct farm_list *list, const char *file, enum ms_farm_format format,
	struct ms_error *err)
{
	*list = (struct farm_list){ .file = strdup(file), .format = format };
	return list->file ? 0 : err_nomem(err);
}

void entry_forget_signature(struct farm_entry *entry)
{
	buf_free(&entry->cms);
	buf_free(&entry->raw);
}

static void entry_free(struct farm_entry *entry)
{
	entry_forget_signature(entry);
	free(entry->name);
	free(entry->err);
}

void list_drop_last(struct farm_list *list)
{
	entry_free(&list->entries[--list->n]);
}

void list_free(struct farm_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		entry_free(&list->entries[i]);
	free(list->entries);
	free(list->by_name);
	free(list->file);
	*list = (struct farm_list){ 0 };
}

int list_fault(const struct farm_list *list, unsigned long place, struct ms_error *err,
	const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_make_printable(text); /* it quotes what the file holds */
	if (place)
		return err_set(err, MS_ERR_MODULE,
			list->format == MS_FARM_LINES ? "%s:%lu: %s" : "%s: entry %lu: %s",
			list->file, place, text);
	return err_set(err, MS_ERR_MODULE, "%s: %s", list->file, text);
}

static int grow(struct farm_list *list, struct ms_error *err)
{
	size_t size = list->size ? 2 * list->size : 64;
	struct farm_entry *entries = reallocarray(list->entries, size, sizeof(*entries));

	if (!entries)
		return err_nomem(err);
	list->entries = entries;
	list->size = size;
	return 0;
}

int list_add(struct farm_list *list, const char *name, unsigned long place,
	struct farm_entry **entry, struct ms_error *err)
{
	const char *fault = name_fault(name);

	if (fault) {
		list_fault(list, place, err, "the name '%.200s' is refused: %s", name, fault);
		err_hint(err, "Names are those of files beneath the directory that is signed.");
		return MS_ERR_MODULE;
	}
	if (list->n == list->size && grow(list, err) < 0)
		return MS_ERR_NOMEM;
	*entry = &list->entries[list->n];
	**entry = (struct farm_entry){ .name = strdup(name), .place = place };
	if (!(*entry)->name)
		return err_nomem(err);
	list->n++;
	return 0;
}

/* By name, then by place, so that of two the second one is told. */
static int compare(const void *a, const void *b)
{
	const struct farm_entry *x = *(struct farm_entry *const *)a;
	const struct farm_entry *y = *(struct farm_entry *const *)b;
	int r = strcmp(x->name, y->name);

	return r ? r : (x->place > y->place) - (x->place < y->place);
}

int list_index(struct farm_list *list, struct ms_error *err)
{
	if (!list->n)
		return list_fault(list, 0, err, "there is nothing in it");
	list->by_name = calloc(list->n, sizeof(*list->by_name));
	if (!list->by_name)
		return err_nomem(err);
	for (size_t i = 0; i < list->n; i++)
		list->by_name[i] = &list->entries[i];
	qsort(list->by_name, list->n, sizeof(*list->by_name), compare);
	for (size_t i = 1; i < list->n; i++) {
		const struct farm_entry *one = list->by_name[i - 1], *two = list->by_name[i];

		if (!strcmp(one->name, two->name))
			return list_fault(list, two->place, err, "'%s' is there already, at %lu",
				two->name, one->place);
	}
	return 0;
}

static int compare_name(const void *name, const void *b)
{
	return strcmp(name, (*(struct farm_entry *const *)b)->name);
}

struct farm_entry *list_find(const struct farm_list *list, const char *name)
{
	struct farm_entry **found =
		bsearch(name, list->by_name, list->n, sizeof(*list->by_name), compare_name);

	return found ? *found : NULL;
}
