/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls into foreign code that may never come back (a PKCS#11 module whose token was pulled, a
 * device that waits for a finger). Such work runs on a thread of its own; whoever asked for it
 * waits for a bounded time.
 *
 * A thread that never returned cannot be ended. Its watch is then `stuck` for ever: all that the
 * work was given (arg and what it points to, the module's mapping) belongs to it from then on
 * and must not be freed, unlocked or unloaded.
 */
#ifndef MODSEAL_BASE_WATCH_H
#define MODSEAL_BASE_WATCH_H

#include <modseal/error.h>
#include <stdbool.h>

struct watch;

/* Told once, while a call takes longer than a second or two: `call` is what watch_enter() said. */
typedef void watch_slow_fn(void *user, const char *call);

/* `timeout` seconds a call, 0 = for ever. NULL when memory is out. */
struct watch *watch_new(unsigned timeout, watch_slow_fn *slow, void *user);
/* Does nothing if the watch is stuck. */
void watch_free(struct watch *w);

/* Runs fn(arg) on a thread of the watch's pool and waits. 0: it came back, *ret is what it
 * returned. MS_ERR_TIMEOUT: the call that `stuck_call` then names did not return in time; arg is
 * lost to the thread. MS_ERR_NOMEM/MS_ERR_INTERNAL: no thread, fn was not run. A watch that is
 * stuck runs nothing more and returns MS_ERR_TIMEOUT at once. May be called from many threads. */
int watch_run(struct watch *w, int (*fn)(void *arg), void *arg, int *ret);

/* Inside fn, around each foreign call: the time-out counts from watch_enter(), anew each time.
 * `call` is a string constant such as "C_Sign". Both are cheap (no system call). */
void watch_enter(const char *call);
void watch_leave(void);

bool watch_stuck(const struct watch *w);
/* The call that never came back, NULL if none. */
const char *watch_stuck_call(const struct watch *w);

#endif
