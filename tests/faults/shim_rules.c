/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RULES_MAX 64
#define FOR_EVER  LONG_MAX

/* "3", "3+", "3-5", "2/2" (the second and every second one after it). */
struct range {
	unsigned long first, last, step;
};

struct rule {
	enum shim_fn fn;
	struct range calls;
	CK_RV rv;   /* fail */
	long delay; /* delay: microseconds, FOR_EVER */
};

struct rules {
	struct rule list[RULES_MAX];
	size_t n;
};

static const char *const fn_names[FN_COUNT] = {
#define PLAIN(kind, name, params, args) [FN_##name] = #name,
#define ACTED				PLAIN
#define UNDONE				PLAIN
#include "tests/faults/shim_functions.h"
#undef UNDONE
#undef ACTED
#undef PLAIN
};

static struct rules fails, delays, removes;
static atomic_ulong calls[FN_COUNT];
static atomic_bool removed;
static int log_fd = -1;
static _Thread_local const char *note;

void shim_bad(const char *variable, const char *text)
{
	fprintf(stderr, "modseal_shim: %s: %s\n", variable, text ? text : "?");
	abort();
}

static bool range_parse(const char *text, struct range *r)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	r->first = r->last = strtoul(text, &end, 10);
	r->step = 1;
	if (*end == '+') {
		r->last = ULONG_MAX;
		end++;
	} else if (*end == '-' && end[1] >= '0' && end[1] <= '9') {
		r->last = strtoul(end + 1, &end, 10);
	} else if (*end == '/' && end[1] >= '0' && end[1] <= '9') {
		r->last = ULONG_MAX;
		r->step = strtoul(end + 1, &end, 10);
	}
	return !*end && r->first > 0 && r->last >= r->first && r->step > 0;
}

static bool range_has(const struct range *r, unsigned long n)
{
	return n >= r->first && n <= r->last && (n - r->first) % r->step == 0;
}

bool shim_range_has(const char *text, unsigned long n)
{
	struct range range;

	if (!range_parse(text, &range))
		shim_bad("a range", text);
	return range_has(&range, n);
}

static bool delay_parse(const char *text, long *delay)
{
	char *end;

	if (strcmp(text, "forever") == 0) {
		*delay = FOR_EVER;
		return true;
	}
	*delay = strtol(text, &end, 10);
	if (end == text || *delay < 0)
		return false;
	if (strcmp(end, "us") == 0)
		return true;
	*delay *= 1000;
	if (strcmp(end, "ms") == 0)
		return true;
	*delay *= 1000;
	return strcmp(end, "s") == 0;
}

static bool fn_parse(const char *text, enum shim_fn *fn)
{
	for (int i = 0; i < FN_COUNT; i++) {
		if (strcmp(fn_names[i], text) == 0) {
			*fn = i;
			return true;
		}
	}
	return false;
}

/* FUNCTION[:RANGE[:VALUE]], or FUNCTION:VALUE where the range may be left out. */
static bool rule_parse(char *text, struct rules *rules, struct rule *rule)
{
	char *fn = strsep(&text, ":");
	char *range = strsep(&text, ":");
	char *value = text;

	if (rules == &delays && range && !value) {
		value = range;
		range = "1+";
	}
	if (!range || !fn_parse(fn, &rule->fn) || !range_parse(range, &rule->calls))
		return false;
	if (rules == &fails)
		return value && shim_rv_parse(value, &rule->rv);
	if (rules == &delays)
		return value && delay_parse(value, &rule->delay);
	return !value;
}

static void rules_load(const char *variable, struct rules *rules)
{
	const char *env = getenv(variable);
	char *text, *next, *one;
	char copy[256];

	if (!env)
		return;
	text = next = strdup(env);
	if (!text)
		shim_bad(variable, "out of memory");
	while ((one = strsep(&next, ","))) {
		if (!*one)
			continue;
		snprintf(copy, sizeof(copy), "%s", one);
		if (rules->n == RULES_MAX || !rule_parse(one, rules, &rules->list[rules->n]))
			shim_bad(variable, copy);
		rules->n++;
	}
	free(text);
}

void shim_rules_load(void)
{
	const char *path = getenv("MODSEAL_SHIM_LOG");

	rules_load("MODSEAL_SHIM_FAIL", &fails);
	rules_load("MODSEAL_SHIM_DELAY", &delays);
	rules_load("MODSEAL_SHIM_REMOVE", &removes);
	if (path) {
		log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (log_fd < 0)
			shim_bad("MODSEAL_SHIM_LOG", path);
	}
}

/* One write(2) a line, so that threads and processes may share the file. */
static void log_line(const char *name, const char *result, const char *more)
{
	char line[128];
	int len;

	if (log_fd < 0)
		return;
	len = snprintf(
		line, sizeof(line), "%s %s%s%s\n", name, result, more ? " " : "", more ? more : "");
	if (write(log_fd, line, (size_t)len) != len)
		shim_bad("MODSEAL_SHIM_LOG", "cannot be written");
}

static const struct rule *rule_for(const struct rules *rules, enum shim_fn fn, unsigned long n)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *r = &rules->list[i];

		if (r->fn == fn && range_has(&r->calls, n))
			return r;
	}
	return NULL;
}

static void delay(enum shim_fn fn, long us)
{
	struct timespec rest = { us / 1000000, us % 1000000 * 1000 };

	if (us == FOR_EVER) {
		log_line(fn_names[fn], "HANGS", NULL);
		for (;;)
			pause();
	}
	while (nanosleep(&rest, &rest) != 0)
		;
}

/* What a call gets once there is no token: slots still answer, and say that they are empty. */
static bool answer_removed(enum shim_kind kind, CK_RV *rv)
{
	switch (kind) {
	case SLOT:
		*rv = CKR_TOKEN_NOT_PRESENT;
		return true;
	case SESSION:
		*rv = CKR_SESSION_HANDLE_INVALID;
		return true;
	case GENERAL:
		break;
	}
	return false;
}

bool shim_begin(enum shim_fn fn, enum shim_kind kind, CK_RV *rv)
{
	unsigned long n = atomic_fetch_add(&calls[fn], 1) + 1;
	const struct rule *r;

	note = NULL;
	r = rule_for(&delays, fn, n);
	if (r)
		delay(fn, r->delay);
	r = rule_for(&fails, fn, n);
	if (r) {
		*rv = r->rv;
		return false;
	}
	if (!atomic_load(&removed) && rule_for(&removes, fn, n)) {
		atomic_store(&removed, true);
		if (kind != GENERAL) {
			*rv = CKR_DEVICE_REMOVED;
			return false;
		}
	}
	return !(atomic_load(&removed) && answer_removed(kind, rv));
}

CK_RV shim_end(enum shim_fn fn, CK_RV rv, bool forwarded)
{
	char buf[32];

	log_line(fn_names[fn], shim_rv_name(rv, buf), forwarded ? note : "injected");
	return rv;
}

void shim_note(const char *text)
{
	note = text;
}

bool shim_removed(void)
{
	return atomic_load(&removed);
}

/* Does not run when the process ends by _exit(), as it must while a call hangs. */
__attribute__((destructor)) static void unloaded(void)
{
	log_line("unloaded", "-", NULL);
}
