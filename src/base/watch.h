/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls into foreign code that may never come back (a PKCS#11 module whose token was pulled, a
 * device that waits for a finger). Such work runs on a thread of its own; whoever asked for it
 * waits for a bounded time.
 *
 * A thread that never returned cannot be ended. Its watch is then `stuck` for ever: what the
 * foreign call was given, and the module's mapping, belong to it from then on and must not be
 * freed, unlocked or unloaded. Should the call come back after all, the thread stays inside
 * watch_leave(): it touches nothing more, least of all its arg.
 *
 * Handing work to a thread costs two context switches (5 to 40 µs). A loop that makes many short
 * calls avoids them by running whole under watch_run(): inside it, a further watch_run(), of any
 * watch, runs at once on the same thread, under that watch's own time-out. When a call in it is
 * stuck both watches are, and the outer watch_run() returns MS_ERR_TIMEOUT.
 */
#ifndef MODSEAL_BASE_WATCH_H
#define MODSEAL_BASE_WATCH_H

#include <modseal/error.h>
#include <stdbool.h>

struct watch;

#define WATCH_SLOW_SECONDS 2 /* a call that takes longer is told to watch_slow_fn */

/* Told once for each call that takes longer than WATCH_SLOW_SECONDS, on a thread that waits in
 * watch_run(), one at a time for each watch; `call` and `on` are what watch_enter() was given.
 * Must not call watch_run(). */
typedef void watch_slow_fn(void *user, const char *call, const char *on);

/* `timeout` seconds a call, 0 = for ever; `slow` may be NULL. NULL when memory is out. */
struct watch *watch_new(unsigned timeout, watch_slow_fn *slow, void *user);
/* For calls under way as well as for those to come. */
void watch_set_timeout(struct watch *w, unsigned timeout);
/* Only when no watch_run() is under way. Does nothing if the watch is stuck. */
void watch_free(struct watch *w);

/* Runs fn(arg) on a thread of the watch's pool and waits. 0: it came back, *ret is what it
 * returned. MS_ERR_TIMEOUT: the call that watch_stuck_call() then names did not return in time.
 * MS_ERR_NOMEM/MS_ERR_INTERNAL: no thread, fn was not run. A watch that is stuck runs nothing more
 * and returns MS_ERR_TIMEOUT at once. May be called from many threads. */
int watch_run(struct watch *w, int (*fn)(void *arg), void *arg, int *ret);

/* Inside fn, around each foreign call: the time-out counts from watch_enter(), anew each time.
 * `call` is a string constant such as "C_Sign"; `on` names what it is made on (a token), NULL if
 * nothing does: it must stay as it is until watch_leave(), and for ever once stuck. What the call
 * reads and writes must lie on fn's own stack or in memory that is leaked once stuck, never in
 * that of watch_run()'s caller. Both are cheap (no system call). Only calls between these two are
 * timed: what fn does besides must end by itself. */
void watch_enter(const char *call, const char *on);
void watch_leave(void);

bool watch_stuck(const struct watch *w);
/* The first call that never came back, and what it was made on (may be NULL); NULL if none. */
const char *watch_stuck_call(const struct watch *w);
const char *watch_stuck_on(const struct watch *w);

#endif
