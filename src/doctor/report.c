/* SPDX-License-Identifier: Apache-2.0 */
/* How a check tells what it found. */
#include "src/base/cleanup.h"
#include "src/base/quote.h"
#include "src/doctor/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static char *format(struct doctor *d, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static char *format(struct doctor *d, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		d->nomem = true;
		return NULL;
	}
	return text;
}

/* Makes an array one longer; the new element is zero. NULL: no memory. */
static void *one_more(struct doctor *d, void *array, size_t *n, size_t size)
{
	char *longer = reallocarray(array, *n + 1, size);

	if (!longer) {
		d->nomem = true;
		return NULL;
	}
	memset(longer + *n * size, 0, size);
	++*n;
	return longer;
}

#define GROW(d, array, n)                                                                          \
	({                                                                                         \
		void *longer_ = one_more(d, array, &(n), sizeof(*(array)));                        \
		if (longer_)                                                                       \
			(array) = longer_;                                                         \
		longer_ ? &(array)[(n)-1] : NULL;                                                  \
	})

struct finding *found(
	struct doctor *d, enum ms_severity severity, const char *id, const char *fmt, ...)
{
	struct finding *f = calloc(1, sizeof(*f)), **slot;
	va_list ap;

	slot = f ? GROW(d, d->findings, d->n_findings) : NULL;
	if (!slot) {
		d->nomem = true;
		free(f);
		return NULL;
	}
	*slot = f;
	f->doctor = d;
	f->is.check = d->check;
	f->is.severity = severity;
	f->is.id = strdup(id);
	d->nomem |= !f->is.id;
	va_start(ap, fmt);
	f->is.summary = format(d, fmt, ap);
	va_end(ap);
	return f;
}

void because(struct finding *f, const char *fmt, ...)
{
	AUTO_FREE char *more = NULL;
	char *both;
	va_list ap;

	if (!f)
		return;
	va_start(ap, fmt);
	more = format(f->doctor, fmt, ap);
	va_end(ap);
	if (!more)
		return;
	if (asprintf(&both, "%s%s%s", f->is.why ? f->is.why : "", f->is.why ? " " : "", more) < 0) {
		f->doctor->nomem = true;
		return;
	}
	free(f->is.why);
	f->is.why = both;
}

void remedy(struct finding *f, enum remedy remedy)
{
	if (f)
		f->remedy = remedy;
}

void detail(struct finding *f, const char *name, const char *fmt, ...)
{
	struct ms_detail *new;
	va_list ap;

	new = f ? GROW(f->doctor, f->is.details, f->is.n_details) : NULL;
	if (!new)
		return;
	new->name = strdup(name);
	f->doctor->nomem |= !new->name;
	va_start(ap, fmt);
	new->value = format(f->doctor, fmt, ap);
	va_end(ap);
}

void way_out(struct finding *f, const char *fmt, ...)
{
	struct ms_way *new = f ? GROW(f->doctor, f->is.ways, f->is.n_ways) : NULL;
	va_list ap;

	if (!new)
		return;
	va_start(ap, fmt);
	new->what = format(f->doctor, fmt, ap);
	va_end(ap);
}

void bypass(struct finding *f, const char *price, const char *fmt, ...)
{
	struct ms_way *new = f ? GROW(f->doctor, f->is.ways, f->is.n_ways) : NULL;
	va_list ap;

	if (!new)
		return;
	new->bypass = true;
	new->price = strdup(price);
	f->doctor->nomem |= !new->price;
	va_start(ap, fmt);
	new->what = format(f->doctor, fmt, ap);
	va_end(ap);
}

void command(struct finding *f, const char *fmt, ...)
{
	struct ms_way *way = f && f->is.n_ways ? &f->is.ways[f->is.n_ways - 1] : NULL;
	char **new = way ? GROW(f->doctor, way->commands, way->n_commands) : NULL;
	va_list ap;

	if (!new)
		return;
	va_start(ap, fmt);
	*new = format(f->doctor, fmt, ap);
	va_end(ap);
}

void command_with(struct finding *f, const char *template, const char *word)
{
	const char *at = strstr(template, "%s");

	if (at)
		command(f, "%.*s%s%s", (int)(at - template), template, word, at + 2);
	else
		command(f, "%s", template);
}

void command_reboot(struct finding *f, bool firmware, const char *comment)
{
	bool openrc = f && root_exists(&f->doctor->root, "sbin/openrc-run");
	const char *reboot = openrc ? "reboot" : "systemctl reboot",
		   *option = firmware && !openrc ? " --firmware-setup" : "",
		   *key = firmware && openrc ? "press the key of the firmware's setup" : "";

	if (!comment)
		comment = "";
	command(f, "%s%s%s%s%s%s", reboot, option, *key || *comment ? "   # " : "", key,
		*key && *comment ? ", " : "", comment);
}

static const char *keep(struct doctor *d, char *text)
{
	char **slot = text ? GROW(d, d->words, d->n_words) : NULL;

	if (!slot) {
		d->nomem = true;
		free(text);
		return "";
	}
	*slot = text;
	return text;
}

const char *kept(struct doctor *d, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = format(d, fmt, ap);
	va_end(ap);
	return keep(d, text);
}

const char *quoted(struct doctor *d, const char *word)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out) {
		quote_word(out, word);
		fclose(out);
	}
	return keep(d, text);
}

const char *on_machine(const struct doctor *d, const char *path)
{
	const char *root = d->machine->root;
	size_t len = strlen(root);

	while (len && root[len - 1] == '/')
		len--;
	return !strncmp(path, root, len) && path[len] == '/' ? path + len : path;
}

const char *option(const struct doctor *d, const char *name)
{
	const char *value = ms_machine_option(d->machine, name);

	return value ? value : "?";
}

bool option_is_on(const struct doctor *d, const char *name)
{
	return ms_machine_option_on(d->machine, name) == MS_YES;
}

const char *text_of(const struct ms_fact *fact)
{
	return fact->text ? fact->text : "";
}

bool cmdline_has(struct doctor *d, const char *word, const char **value)
{
	const char *at = text_of(&d->machine->cmdline);
	size_t len = strlen(word);
	bool is = false;

	while (*(at += strspn(at, " "))) {
		size_t n = strcspn(at, " ");

		/* Behind "--" stands what is init's. */
		if (n == 2 && !strncmp(at, "--", 2))
			break;
		if (n >= len && !strncmp(at, word, len) && (n == len || at[len] == '=')) {
			is = true;
			if (value)
				*value = n == len
					? ""
					: kept(d, "%.*s", (int)(n - len - 1), at + len + 1);
		}
		at += n;
	}
	return is;
}

const char *file_text(struct doctor *d, const char *path)
{
	char *text = NULL;
	int r = root_text(&d->root, path, &text);

	if (r == -ENOMEM)
		d->nomem = true;
	return r < 0 ? NULL : keep(d, text);
}
