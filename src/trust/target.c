/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/target.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/trust/fact.h"

#include <pthread.h>
#include <string.h>

struct ms_targets {
	pthread_mutex_t lock;
	char *root; /* NULL: this machine */
	struct target *first;
};

MS_API int ms_targets_new(const char *root, struct ms_targets **targets, struct ms_error *err)
{
	struct ms_targets *t = calloc(1, sizeof(*t));
	struct root is;
	int r = root_open(root, &is, err);

	if (r == 0)
		root_close(&is);
	if (r == 0 && t && root) {
		t->root = strdup(root);
		if (!t->root)
			r = MS_ERR_NOMEM;
	}
	if (r < 0 || !t) {
		free(t);
		return r < 0 && r != MS_ERR_NOMEM ? r : err_nomem(err);
	}
	pthread_mutex_init(&t->lock, NULL);
	*targets = t;
	return 0;
}

static void free_target(struct target *target)
{
	ms_machine_free(target->m);
	free(target->release);
	free(target);
}

MS_API void ms_targets_free(struct ms_targets *t)
{
	if (!t)
		return;
	for (struct target *next; t->first; t->first = next) {
		next = t->first->next;
		free_target(t->first);
	}
	pthread_mutex_destroy(&t->lock);
	free(t->root);
	free(t);
}

/* What the kernel itself is signed with; an old one may say sha1. */
static enum ms_hash own_hash(const struct ms_machine *m)
{
	const char *name = ms_machine_option(m, "MODULE_SIG_HASH");
	enum ms_hash hash = name ? ms_hash_by_name(name) : MS_HASH_NONE;

	return hash && ms_hash_can_sign(hash) ? hash : MS_HASH_NONE;
}

static int add(struct ms_targets *t, const char *release, size_t len, struct target **target,
	struct ms_error *err)
{
	struct target *new = calloc(1, sizeof(*new));
	int r;

	if (new)
		new->release = strndup(release, len);
	if (!new || !new->release) {
		free(new);
		return err_nomem(err);
	}
	r = machine_of_release(t->root, new->release, &new->m, err);
	if (r < 0) {
		free_target(new);
		return r;
	}
	new->hash = own_hash(new->m);
	new->next = t->first;
	*target = t->first = new;
	return 0;
}

int targets_find(struct ms_targets *t, const char *vermagic, const struct target **target,
	struct ms_error *err)
{
	size_t len = vermagic ? strcspn(vermagic, " ") : 0;
	struct target *found;
	int r = 0;

	*target = NULL;
	if (!len)
		return 0;
	pthread_mutex_lock(&t->lock);
	for (found = t->first; found; found = found->next)
		if (!strncmp(found->release, vermagic, len) && !found->release[len])
			break;
	if (!found)
		r = add(t, vermagic, len, &found, err);
	pthread_mutex_unlock(&t->lock);
	if (r == 0 && found->m->config.answer == MS_YES)
		*target = found;
	return r;
}
