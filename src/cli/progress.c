/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread shows it, since modules come in lots: hundreds of them get their names at once
 * (src/sign/pending.h), and a token may be waited for in between.
 */
#include "src/cli/progress.h"

#include "src/base/printable.h"
#include "src/cli/output.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define TERMINAL_INTERVAL 100 /* milliseconds from one line to the next */
#define JSON_INTERVAL     1000

/* The rate is that of late, so that modules which are kept in no time promise nothing for those that
 * are signed behind them: over as many seconds and modules at least. */
#define RECENT_SECONDS 1.5
#define RECENT_DONE    8
/* Seconds without any module that count as more than a pause between two lots. */
#define PAUSE 5.0

struct mark {
	struct timespec at;
	unsigned long done;
};

static struct {
	pthread_mutex_t lock; /* around all that is below but the thread */
	pthread_cond_t end;
	pthread_t thread;
	bool has_thread, ending;
	enum progress_kind kind;
	unsigned long total;
	struct mark start, from, next; /* the rate is taken from `from` on, which `next` will follow */
	struct mark last;   /* when the last one was done, and how many are */
	char current[256];  /* its name; empty: none yet */
	char line[512];     /* on the terminal; empty: none */
	unsigned asides;
} p = { .lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP };

enum progress_kind progress_default(void)
{
	return isatty(STDERR_FILENO) ? PROGRESS_TERMINAL : PROGRESS_NONE;
}

bool progress_shares_stdout(void)
{
	return p.kind == PROGRESS_TERMINAL && isatty(STDOUT_FILENO);
}

static double seconds(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

/* Modules a second; 0: not known. */
static double rate_since(const struct mark *from)
{
	struct timespec now;
	double elapsed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	elapsed = seconds(&from->at, seconds(&p.last.at, &now) > PAUSE ? &now : &p.last.at);
	return elapsed > 0 ? (double)(p.last.done - from->done) / elapsed : 0;
}

static void forget_old(void)
{
	if (seconds(&p.next.at, &p.last.at) < RECENT_SECONDS ||
		p.last.done - p.next.done < RECENT_DONE)
		return;
	p.from = p.next;
	p.next = p.last;
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

static int columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
}

static void draw(void)
{
	fprintf(stderr, "\r%.*s\033[K", columns(), p.line);
	fflush(stderr);
}

static void wipe(void)
{
	fprintf(stderr, "\r\033[K");
	fflush(stderr);
}

static void show_line(double rate)
{
	char total[32] = "", speed[48] = "", left[48] = "", time[32];

	if (p.total)
		snprintf(total, sizeof(total), "/%lu", p.total);
	if (rate > 0)
		snprintf(speed, sizeof(speed), rate < 10 ? ", %.1f/s" : ", %.0f/s", rate);
	if (p.total > p.last.done && rate > 0) {
		duration((double)(p.total - p.last.done) / rate, time, sizeof(time));
		snprintf(left, sizeof(left), ", %s left", time);
	}
	snprintf(p.line, sizeof(p.line), "%lu%s modules%s%s%s%s", p.last.done, total, speed, left,
		p.current[0] ? ", " : "", p.current);
	text_make_printable(p.line);
	draw();
}

static void show_json(double rate, const char *current)
{
	struct json_object *o = json_object_new_object(), *in = json_object_new_object();

	json_add_number(in, "done", p.last.done);
	json_object_object_add(in, "total", p.total ? json_object_new_uint64(p.total) : NULL);
	json_object_object_add(in, "rate", rate > 0 ? json_object_new_double(rate) : NULL);
	json_object_object_add(in, "seconds_left",
		p.total >= p.last.done && rate > 0
			? json_object_new_double((double)(p.total - p.last.done) / rate)
			: NULL);
	json_add_text(in, "current", current);
	json_object_object_add(o, "progress", in);
	fprintf(stderr, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
}

static void show(void)
{
	double rate = rate_since(&p.from);

	if (p.kind == PROGRESS_TERMINAL)
		show_line(rate);
	else
		show_json(rate, p.current[0] ? p.current : NULL);
}

static void add_milliseconds(struct timespec *t, long milliseconds)
{
	t->tv_nsec += milliseconds % 1000 * 1000000;
	t->tv_sec += milliseconds / 1000 + t->tv_nsec / 1000000000;
	t->tv_nsec %= 1000000000;
}

static void *show_all(void *arg)
{
	struct timespec next;

	pthread_mutex_lock(&p.lock);
	while (!p.ending) {
		clock_gettime(CLOCK_MONOTONIC, &next); /* what a stopped process missed is not made up for */
		add_milliseconds(&next, p.kind == PROGRESS_JSON ? JSON_INTERVAL : TERMINAL_INTERVAL);
		while (!p.ending && pthread_cond_timedwait(&p.end, &p.lock, &next) == 0)
			;
		if (!p.ending)
			show();
	}
	pthread_mutex_unlock(&p.lock);
	return arg;
}

void progress_begin(enum progress_kind kind, unsigned long total)
{
	pthread_condattr_t attr;

	p.kind = kind;
	p.total = total;
	clock_gettime(CLOCK_MONOTONIC, &p.start.at);
	p.from = p.next = p.last = p.start;
	if (kind == PROGRESS_NONE)
		return;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p.end, &attr);
	pthread_condattr_destroy(&attr);
	p.has_thread = pthread_create(&p.thread, NULL, show_all, NULL) == 0;
}

void progress_step(const char *current)
{
	if (p.kind == PROGRESS_NONE)
		return;
	pthread_mutex_lock(&p.lock);
	p.last.done++;
	clock_gettime(CLOCK_MONOTONIC, &p.last.at);
	forget_old();
	snprintf(p.current, sizeof(p.current), "%s", current);
	pthread_mutex_unlock(&p.lock);
}

void progress_aside(void)
{
	pthread_mutex_lock(&p.lock);
	if (!p.asides++ && p.line[0])
		wipe();
}

void progress_back(void)
{
	if (!--p.asides && p.line[0])
		draw();
	pthread_mutex_unlock(&p.lock);
}

static void end_thread(void)
{
	if (!p.has_thread)
		return;
	pthread_mutex_lock(&p.lock);
	p.ending = true;
	pthread_cond_signal(&p.end);
	pthread_mutex_unlock(&p.lock);
	pthread_join(p.thread, NULL);
}

void progress_end(void)
{
	end_thread();
	pthread_mutex_lock(&p.lock);
	if (p.line[0])
		wipe();
	p.line[0] = '\0';
	if (p.kind == PROGRESS_JSON)
		show_json(rate_since(&p.start), NULL); /* of all of it */
	pthread_mutex_unlock(&p.lock);
}
