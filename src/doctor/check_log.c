/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel, and the tools that load modules, said. */
#include "src/base/cleanup.h"
#include "src/doctor/checks.h"
#include "src/doctor/lookup.h"
#include "src/doctor/messages.h"

#include <string.h>

/* One message, of one module, as often as it was said. */
struct said {
	const struct message *message;
	char name[MODULE_NAME_MAX]; /* "" if the line has none */
	unsigned times;
	char *line; /* the last one */
};

struct sayings {
	struct doctor *doctor;
	struct said *all;
	size_t n;
};

static struct said *slot_of(struct sayings *s, const struct message *message, const char *name)
{
	struct said *all;

	for (size_t i = 0; i < s->n; i++)
		if (s->all[i].message == message && !strcmp(s->all[i].name, name))
			return &s->all[i];
	all = reallocarray(s->all, s->n + 1, sizeof(*all));
	if (!all) {
		s->doctor->nomem = true;
		return NULL;
	}
	s->all = all;
	all[s->n] = (struct said){ .message = message };
	strcpy(all[s->n].name, name);
	return &all[s->n++];
}

static void take_line(struct sayings *s, char *line)
{
	char name[MODULE_NAME_MAX];
	const struct message *message = message_of(line, name);
	struct said *said = message ? slot_of(s, message, name) : NULL;

	if (!said)
		return;
	said->times++;
	said->line = line;
}

/* Of a machine the log tells what is wrong. Of a module that was asked for it tells history: the
 * kernel's decision about the file as it is now counts, where that is known. */
static enum ms_severity severity(const struct doctor *d, const struct said *s)
{
	if (s->message->outcome == OUTCOME_TOLD)
		return MS_NOTE;
	if (!d->name)
		return s->message->outcome == OUTCOME_REFUSED ? MS_WRONG : MS_WARNING;
	if (s->name[0] && strcmp(s->name, d->name) != 0)
		return MS_NOTE;
	if (d->loads == MS_YES)
		return MS_NOTE;
	return s->message->outcome == OUTCOME_REFUSED && s->name[0] ? MS_WRONG : MS_WARNING;
}

/* Of a module that the log names; NULL if it is not there. */
static const char *path_of(struct doctor *d, const char *name)
{
	const char *line = d->release ? modules_dep_line(d, &name) : NULL;

	return line ? path_in_tree(d, line) : NULL;
}

static void tell(struct doctor *d, const struct said *s)
{
	const struct message *m = s->message;
	enum ms_severity how = severity(d, s);
	struct finding *f;

	f = found(d, how, m->id, "%s%s%s%s", m->summary, s->name[0] ? " (" : "", s->name,
		s->name[0] ? ")" : "");
	because(f, "The log has%s: \"%s\".",
		s->times > 1 ? kept(d, " (%u times, the last one)", s->times) : "", s->line);
	because(f, "%s", m->why);
	if (how == MS_NOTE && m->outcome != OUTCOME_TOLD && d->loads == MS_YES)
		because(f, "That was earlier: as the module is now, this kernel loads it.");
	if (m->errnum)
		detail(f, "errno", "%s", m->errnum);
	if (s->name[0])
		detail(f, "module", "%s", s->name);
	detail(f, "line", "%s", s->line);
	detail(f, "times", "%u", s->times);
	remedy(f, m->remedy);
	if (f && s->name[0] && !d->name)
		f->path = path_of(d, s->name);
}

void check_log(struct doctor *d)
{
	struct sayings s = { .doctor = d };
	AUTO_FREE char *text = NULL;
	char *next;

	if (!d->log) {
		found(d, MS_NOT_KNOWN, "no-log", "the kernel's log could not be read: %s",
			d->machine->log.unknown ? d->machine->log.unknown : "there is none");
		return;
	}
	next = text = strdup(d->log);
	d->nomem |= !text;
	while (next) {
		char *line = strsep(&next, "\n");

		line[strcspn(line, "\r")] = '\0';
		take_line(&s, line);
	}
	for (size_t i = 0; i < s.n; i++)
		tell(d, &s.all[i]);
	free(s.all);
}
