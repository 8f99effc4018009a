/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/fact.h"

#include "src/base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void fact_free(struct ms_fact *fact)
{
	free(fact->text);
	free(fact->source);
	free(fact->unknown);
	*fact = (struct ms_fact){ 0 };
}

void fact_set(struct ms_machine *m, struct ms_fact *fact, enum ms_answer answer, const char *source,
	const char *text)
{
	struct ms_fact new = { .answer = answer, .source = strdup(source) };

	if (text)
		new.text = strdup(text); /* may be the old fact's */
	if (!new.source || (text && !new.text))
		m->priv->nomem = true;
	fact_free(fact);
	*fact = new;
}

void fact_unknown(struct ms_machine *m, struct ms_fact *fact, const char *fmt, ...)
{
	struct ms_fact new = { .answer = MS_UNKNOWN };
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&new.unknown, fmt, ap) < 0) {
		new.unknown = NULL;
		m->priv->nomem = true;
	}
	va_end(ap);
	fact_free(fact);
	*fact = new;
}

bool fact_file(struct ms_machine *m, struct ms_fact *fact, const char *path)
{
	AUTO_FREE char *text = NULL;
	int r = root_text(&m->priv->root, path, &text);

	if (r == 0)
		fact_set(m, fact, MS_YES, path, text);
	else if (r == -ENOENT)
		fact_unknown(m, fact, "there is no %s", path);
	else
		fact_unknown(m, fact, "%s: %s", path, strerror(-r));
	return r == 0;
}
