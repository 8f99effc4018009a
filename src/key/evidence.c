/* SPDX-License-Identifier: Apache-2.0 */
#include "src/key/evidence.h"

#include "src/base/error.h"
#include "src/key/key.h"

#include <stdio.h>
#include <string.h>

void evidence_add(struct ms_evidence *e, const char *name, const char *meaning,
	enum ms_answer answer, enum ms_answer wanted)
{
	if (e->n_items < MS_EVIDENCE_MAX)
		e->items[e->n_items++] = (struct ms_evidence_item){ name, meaning, answer, wanted };
}

static const char *answer_words(enum ms_answer answer)
{
	return answer == MS_YES ? "is true" : answer == MS_NO ? "is false" : "is not told";
}

static void add_missing(struct ms_evidence *e, const struct ms_evidence_item *item)
{
	size_t len = strlen(e->missing);

	snprintf(e->missing + len, sizeof(e->missing) - len, "%s%s %s", len ? ", " : "", item->name,
		answer_words(item->answer));
}

static void judge(const struct ms_key *key, struct ms_evidence *e)
{
	for (size_t i = 0; i < e->n_items; i++)
		if (e->items[i].wanted && e->items[i].answer != e->items[i].wanted)
			add_missing(e, &e->items[i]);
	if (!e->n_items)
		snprintf(e->missing, sizeof(e->missing), "%s",
			key->hardware ? "its place says nothing of it" : "it is in a file");
	e->bound = !e->missing[0];
}

MS_API int ms_key_evidence(
	const struct ms_key *key, struct ms_evidence *evidence, struct ms_error *err)
{
	int r;

	*evidence = (struct ms_evidence){ 0 };
	r = key->ops->evidence ? key->ops->evidence(key, evidence, err) : 0;
	if (r == 0)
		judge(key, evidence);
	return r;
}

MS_API int ms_key_require_hardware(const struct ms_key *key, struct ms_error *err)
{
	struct ms_evidence e;
	int r = ms_key_evidence(key, &e, err);

	if (r < 0 || e.bound)
		return r;
	err_set(err, MS_ERR_KEY, "%s is not known to be bound to hardware: %s", key->uri,
		e.missing);
	err_hint(err,
		"Use a key that was made on a token (modseal keygen); modseal keys --check tells "
		"what is known of one.");
	return MS_ERR_KEY;
}
