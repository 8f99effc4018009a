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

/* When a token that was taken away is there again. */
struct back {
	long calls; /* so many calls later; -1: not by these */
	long time;  /* so many microseconds later; -1 */
	bool moved; /* in another slot */
};

struct rule {
	enum shim_fn fn;
	struct range calls;
	CK_RV rv;         /* fail */
	long delay;       /* delay: microseconds, FOR_EVER */
	char *until;      /* delay: until that file is there; NULL */
	struct back back; /* remove */
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

static struct rules fails, delays, removes, closes, logouts;
static atomic_ulong calls[FN_COUNT];

/* Held for reading by the calls that may be in the real module, so that nobody is in there when
 * sessions are closed behind the caller's back: SoftHSM would not live through that. */
static pthread_rwlock_t inside = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static pthread_mutex_t away_lock = PTHREAD_MUTEX_INITIALIZER; /* to change what follows */
static atomic_bool away, moved;
static struct back back;
static struct timespec away_since;
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

/* A time, or the path of a file. */
static bool wait_parse(const char *text, struct rule *rule)
{
	if (*text != '/')
		return delay_parse(text, &rule->delay);
	rule->until = strdup(text);
	return rule->until != NULL;
}

/* "CALLS" or "TIME", and ":moved" behind it. Without any the token stays away. */
static bool back_parse(char *text, struct back *b)
{
	char *when = strsep(&text, ":"), *end;

	*b = (struct back){ .calls = -1, .time = -1 };
	if (!when)
		return true;
	b->moved = text && strcmp(text, "moved") == 0;
	if (text && !b->moved)
		return false;
	if (delay_parse(when, &b->time))
		return b->time != FOR_EVER;
	b->time = -1;
	b->calls = strtol(when, &end, 10);
	return end != when && !*end && b->calls >= 0;
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
		return value && wait_parse(value, rule);
	if (rules == &removes)
		return back_parse(value, &rule->back);
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
	rules_load("MODSEAL_SHIM_CLOSE", &closes);
	rules_load("MODSEAL_SHIM_LOGOUT", &logouts);
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

static void sleep_us(long us)
{
	struct timespec rest = { us / 1000000, us % 1000000 * 1000 };

	while (nanosleep(&rest, &rest) != 0)
		;
}

static void delay(enum shim_fn fn, const struct rule *r)
{
	if (r->until) {
		log_line(fn_names[fn], "WAITS", NULL);
		while (access(r->until, F_OK) != 0)
			sleep_us(5000);
	} else if (r->delay == FOR_EVER) {
		log_line(fn_names[fn], "HANGS", NULL);
		for (;;)
			pause();
	} else {
		sleep_us(r->delay);
	}
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

static long since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000000 + (now.tv_nsec - start->tv_nsec) / 1000;
}

static void alone(void (*act)(void))
{
	pthread_rwlock_wrlock(&inside);
	act();
	pthread_rwlock_unlock(&inside);
}

/* Under away_lock. */
static bool is_back(void)
{
	if (back.time >= 0)
		return since(&away_since) >= back.time;
	return back.calls >= 0 && back.calls-- == 0;
}

/* A token that is pulled loses its sessions: they are gone when it is there again. Returns whether
 * it is away; *now: it went with this call. */
static bool take_away(const struct rule *r, bool *now)
{
	bool is_away;

	pthread_mutex_lock(&away_lock);
	if (away && is_back()) {
		away = false;
		if (back.moved)
			moved = !moved;
	}
	*now = r && !away;
	if (*now) {
		alone(shim_close_all);
		away = true;
		back = r->back;
		clock_gettime(CLOCK_MONOTONIC, &away_since);
	}
	is_away = away;
	pthread_mutex_unlock(&away_lock);
	return is_away;
}

/* Whether the call goes on to the real module. */
static bool pass(enum shim_fn fn, enum shim_kind kind, unsigned long n, CK_RV *rv)
{
	const struct rule *r = rule_for(&fails, fn, n);
	bool now;

	if (r) {
		*rv = r->rv;
		return false;
	}
	if (take_away(rule_for(&removes, fn, n), &now)) {
		if (now && kind != GENERAL) {
			*rv = CKR_DEVICE_REMOVED;
			return false;
		}
		return !answer_removed(kind, rv);
	}
	if (rule_for(&closes, fn, n))
		alone(shim_close_all);
	if (rule_for(&logouts, fn, n))
		alone(shim_logout_all);
	return true;
}

bool shim_begin(enum shim_fn fn, enum shim_kind kind, CK_RV *rv)
{
	unsigned long n = atomic_fetch_add(&calls[fn], 1) + 1;
	const struct rule *r = rule_for(&delays, fn, n);
	bool on;

	note = NULL;
	if (r)
		delay(fn, r);
	on = pass(fn, kind, n, rv);
	pthread_rwlock_rdlock(&inside);
	return on;
}

CK_RV shim_end(enum shim_fn fn, CK_RV rv, bool forwarded)
{
	char buf[32];

	pthread_rwlock_unlock(&inside);
	log_line(fn_names[fn], shim_rv_name(rv, buf), forwarded ? note : "injected");
	return rv;
}

void shim_note(const char *text)
{
	note = text;
}

bool shim_removed(void)
{
	return away;
}

bool shim_moved(void)
{
	return moved;
}

/* Does not run when the process ends by _exit(), as it must while a call hangs. */
__attribute__((destructor)) static void unloaded(void)
{
	log_line("unloaded", "-", NULL);
}
