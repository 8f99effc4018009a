/* SPDX-License-Identifier: Apache-2.0 */
#include "src/sign/links.h"

#include "src/base/error.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct link_waiting {
	struct ms_batch_item item;
	const struct link_group *group;
	struct link_waiting *next;
};

void links_init(struct links *l)
{
	*l = (struct links){ 0 };
	pthread_mutex_init(&l->lock, NULL);
}

static void group_free(void *p)
{
	struct link_group *group = p;

	free(group->path);
	free(group->written);
	free(group);
}

void links_free(struct links *l)
{
	tdestroy(l->groups, group_free);
	pthread_mutex_destroy(&l->lock);
}

static int compare(const void *a, const void *b)
{
	const struct link_group *x = a, *y = b;

	if (x->st.st_dev != y->st.st_dev)
		return x->st.st_dev < y->st.st_dev ? -1 : 1;
	if (x->st.st_ino != y->st.st_ino)
		return x->st.st_ino < y->st.st_ino ? -1 : 1;
	return (int)x->elsewhere - (int)y->elsewhere;
}

/* Whether it is the file that the group is about. A number can be given to a new file once the last
 * name of the old one is gone. */
static bool is_of(const struct link_group *group, const struct stat *st)
{
	return group->st.st_size == st->st_size &&
		group->st.st_mtim.tv_sec == st->st_mtim.tv_sec &&
		group->st.st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

static struct link_group *find(struct links *l, const struct stat *st,
	const struct ms_batch_item *item)
{
	struct link_group key = { .st = *st, .elsewhere = item->dest != NULL }, **node;

	node = tfind(&key, &l->groups, compare);
	return node ? *node : NULL;
}

/* NULL: out of memory. */
static struct link_group *add(struct links *l, const struct stat *st,
	const struct ms_batch_item *item)
{
	struct link_group *group = calloc(1, sizeof(*group)), **node;

	if (!group)
		return NULL;
	group->st = *st;
	group->elsewhere = item->dest != NULL;
	group->path = strdup(item->path);
	node = group->path ? tsearch(group, &l->groups, compare) : NULL;
	if (node && *node == group)
		return group;
	group_free(group);
	return NULL;
}

static int wait(struct links *l, const struct link_group *group,
	const struct ms_batch_item *item)
{
	struct link_waiting *w = calloc(1, sizeof(*w)), **end = &l->waiting;

	if (!w)
		return MS_ERR_NOMEM;
	w->item = *item;
	w->group = group;
	while (*end)
		end = &(*end)->next;
	*end = w;
	return 1;
}

static int enter(struct links *l, const struct stat *st, const struct ms_batch_item *item,
	struct link_group **group)
{
	struct link_group *there = find(l, st, item);

	if (there)
		return is_of(there, st) ? wait(l, there, item) : 0;
	/* Only now: when the other names are replaced already, the last one is the file's only. */
	if (st->st_nlink == 1)
		return 0;
	*group = add(l, st, item);
	return *group ? 0 : MS_ERR_NOMEM;
}

int links_enter(struct links *l, const struct stat *st, const struct ms_batch_item *item,
	struct link_group **group, struct ms_error *err)
{
	int r;

	*group = NULL;
	pthread_mutex_lock(&l->lock);
	r = enter(l, st, item, group);
	pthread_mutex_unlock(&l->lock);
	return r < 0 ? err_nomem(err) : r;
}

void links_finish(struct links *l, struct link_group *group, char *written,
	const struct ms_sign_result *result, const struct ms_error *err)
{
	pthread_mutex_lock(&l->lock);
	group->written = written;
	if (err->code)
		group->err = *err;
	else
		group->result = *result;
	group->finished = true;
	pthread_mutex_unlock(&l->lock);
}

bool links_next(struct links *l, struct ms_batch_item *item, const struct link_group **group)
{
	struct link_waiting **w = &l->waiting, *found;

	pthread_mutex_lock(&l->lock);
	while (*w && !(*w)->group->finished)
		w = &(*w)->next;
	found = *w;
	if (found)
		*w = found->next;
	pthread_mutex_unlock(&l->lock);
	if (!found)
		return false;
	*item = found->item;
	*group = found->group;
	free(found);
	return true;
}
