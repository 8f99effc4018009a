/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NARROWEST    40 /* columns */
#define INDENT	     2
#define CHECK_COLUMN 9
#define TEXT_COLUMN  22

struct page {
	bool colour;
	int width; /* columns; 0: lines are as long as they are */
};

static struct page look_at_terminal(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	struct page p = { 0 };
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return p;
	p.colour = !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
	p.width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
	if (p.width < NARROWEST)
		p.width = NARROWEST;
	return p;
}

static void in_colour(const struct page *p, enum ms_severity severity, const char *text)
{
	static const char *const codes[] = {
		[MS_WRONG] = "1;31",
		[MS_WARNING] = "33",
		[MS_NOT_KNOWN] = "36",
		[MS_NOTE] = "2",
	};

	if (p->colour)
		printf("\033[%sm%s\033[0m", codes[severity], text);
	else
		fputs(text, stdout);
}

static void bold(const struct page *p, const char *text)
{
	if (p->colour)
		printf("\033[1m%s\033[0m", text);
	else
		fputs(text, stdout);
}

/* Text whose first line goes on at `column`, and whose others begin at `indent`. */
static void wrapped(const struct page *p, int column, int indent, const char *text)
{
	while (*text) {
		size_t blank = strspn(text, " "), word = strcspn(text + blank, " ");

		if (p->width && column > indent && column + (int)(blank + word) > p->width) {
			printf("\n%*s", indent, "");
			column = indent;
			text += blank;
			blank = 0;
		}
		fwrite(text, 1, blank + word, stdout);
		column += (int)(blank + word);
		text += blank + word;
	}
	putchar('\n');
}

static void glance(const struct page *p, const struct ms_finding *f)
{
	const char *name = ms_severity_name(f->severity);

	in_colour(p, f->severity, name);
	printf("%*s%-*s ", CHECK_COLUMN - (int)strlen(name), "", TEXT_COLUMN - CHECK_COLUMN - 1,
		f->check);
	wrapped(p, TEXT_COLUMN, TEXT_COLUMN, f->summary);
}

static void print_way(const struct page *p, const struct ms_way *w, size_t number)
{
	int column = printf("  %zu. ", number);

	wrapped(p, column, column, w->what);
	/* Not wrapped: they are to be pasted. */
	for (size_t i = 0; i < w->n_commands; i++) {
		printf("%*s", column + 2, "");
		bold(p, w->commands[i]);
		putchar('\n');
	}
	if (w->price) {
		printf("%*sThe price: ", column, "");
		wrapped(p, column + 11, column, w->price);
	}
}

static void print_details(const struct ms_finding *f)
{
	for (size_t i = 0; i < f->n_details; i++)
		printf("    %s: %s\n", f->details[i].name, f->details[i].value);
}

static void explain(const struct page *p, const struct ms_finding *f, bool all)
{
	const char *name = ms_severity_name(f->severity);
	bool bypassing = false;
	int column;

	putchar('\n');
	in_colour(p, f->severity, name);
	column = (int)strlen(name) + printf(" (%s): ", f->id);
	wrapped(p, column, INDENT, f->summary);
	if (f->why) {
		printf("%*s", INDENT, "");
		wrapped(p, INDENT, INDENT, f->why);
	}
	if (all)
		print_details(f);
	for (size_t i = 0; i < f->n_ways; i++) {
		if (f->ways[i].bypass && !bypassing)
			printf("  Without a signature:\n");
		bypassing = f->ways[i].bypass;
		print_way(p, &f->ways[i], i + 1);
	}
}

static void print_head(const struct page *p, const struct ms_diagnosis *d)
{
	size_t wrong = 0;

	for (size_t i = 0; i < d->n_findings; i++)
		wrong += d->findings[i].severity == MS_WRONG;
	if (d->module)
		printf("%s%s%s%s\n", d->module, d->path ? " (" : "", d->path ? d->path : "",
			d->path ? ")" : "");
	printf("%s, Linux %s\n", d->system ? d->system : "a system that does not tell its name",
		d->release ? d->release : "of unknown release");
	if (wrong == 0)
		printf("nothing is wrong, as far as can be seen");
	else if (wrong == 1)
		in_colour(p, MS_WRONG, "one thing is wrong");
	else {
		char text[64];

		snprintf(text, sizeof(text), "%zu things are wrong", wrong);
		in_colour(p, MS_WRONG, text);
	}
	printf("\n\n");
}

void doctor_page(const struct ms_diagnosis *d, bool all)
{
	struct page p = look_at_terminal();

	print_head(&p, d);
	for (size_t i = 0; i < d->n_findings; i++)
		glance(&p, &d->findings[i]);
	for (size_t i = 0; i < d->n_findings; i++) {
		const struct ms_finding *f = &d->findings[i];

		if (all || (f->severity != MS_NOTE && (f->why || f->n_ways)))
			explain(&p, f, all);
	}
}
