/* SPDX-License-Identifier: Apache-2.0 */
#include "src/cli/progress.h"

#include "src/cli/output.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TERMINAL_INTERVAL 0.1 /* seconds between two lines */
#define JSON_INTERVAL     1.0

enum progress_kind progress_default(void)
{
	return isatty(STDERR_FILENO) ? PROGRESS_TERMINAL : PROGRESS_NONE;
}

static double seconds(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

void progress_begin(struct progress *p, enum progress_kind kind, unsigned long total)
{
	*p = (struct progress){ .kind = kind, .total = total };
	clock_gettime(CLOCK_MONOTONIC, &p->start);
	p->shown_at = p->start;
}

/* An estimate in words, no finer than it is worth. */
static void duration(double s, char *text, unsigned long size)
{
	unsigned long n = s < 0 ? 0 : (unsigned long)(s + 0.999);

	if (n >= 3600)
		snprintf(text, size, "%lu h %02lu min", n / 3600, n / 60 % 60);
	else if (n >= 60)
		snprintf(text, size, "%lu min %02lu s", n / 60, n % 60);
	else
		snprintf(text, size, "%lu s", n);
}

static unsigned columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static void show_line(struct progress *p, double rate, const char *current)
{
	char text[512], left[32] = "";
	int n = snprintf(text, sizeof(text), "%lu", p->done);
	unsigned width = columns();

	if (p->total)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "/%lu", p->total);
	n += snprintf(text + n, sizeof(text) - (size_t)n, rate < 10 ? " modules, %.1f/s" : " modules, %.0f/s",
		rate);
	if (p->total > p->done && rate > 0) {
		duration((double)(p->total - p->done) / rate, left, sizeof(left));
		n += snprintf(text + n, sizeof(text) - (size_t)n, ", %s left", left);
	}
	snprintf(text + n, sizeof(text) - (size_t)n, ", %s", current);
	fprintf(stderr, "\r%.*s\033[K", (int)(width > 1 ? width - 1 : 1), text);
	fflush(stderr);
	p->on_screen = true;
}

static void show_json(struct progress *p, double rate, const char *current)
{
	struct json_object *o = json_object_new_object(), *in = json_object_new_object();

	json_add_number(in, "done", p->done);
	json_object_object_add(in, "total", p->total ? json_object_new_uint64(p->total) : NULL);
	json_object_object_add(in, "rate", json_object_new_double(rate));
	json_object_object_add(in, "seconds_left",
		p->total >= p->done && rate > 0
			? json_object_new_double((double)(p->total - p->done) / rate)
			: NULL);
	json_add_text(in, "current", current);
	json_object_object_add(o, "progress", in);
	fprintf(stderr, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
}

static void show(struct progress *p, const struct timespec *now, const char *current)
{
	double elapsed = seconds(&p->start, now);
	double rate = elapsed > 0 ? (double)p->done / elapsed : 0;

	p->shown_at = *now;
	if (p->kind == PROGRESS_TERMINAL)
		show_line(p, rate, current);
	else
		show_json(p, rate, current);
}

void progress_step(struct progress *p, const char *current)
{
	double interval = p->kind == PROGRESS_JSON ? JSON_INTERVAL : TERMINAL_INTERVAL;
	struct timespec now;

	p->done++;
	if (p->kind == PROGRESS_NONE)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds(&p->shown_at, &now) >= interval)
		show(p, &now, current);
}

void progress_clear(struct progress *p)
{
	if (!p->on_screen)
		return;
	fprintf(stderr, "\r\033[K");
	fflush(stderr);
	p->on_screen = false;
}

void progress_end(struct progress *p)
{
	struct timespec now;

	progress_clear(p);
	if (p->kind != PROGRESS_JSON)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	show(p, &now, NULL);
}
