/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads of a batch. Each runs under a watch of its own (src/base/watch.h), so that calls into
 * a token are made on it and need not be handed to another thread. One that is lost, in a call that
 * never comes back, is replaced.
 */
#ifndef MODSEAL_SIGN_WORKERS_H
#define MODSEAL_SIGN_WORKERS_H

#include <modseal/error.h>
#include <stddef.h>

/*
 * How many threads keep so many signatures under way, and no more than have something to do. Where
 * all compute, on this machine's processors, each one more makes them wait for each other. A key that
 * is given more signatures than there are processors does not compute on them: while all of its
 * workers wait for it, others make the next digests ready. Two at least, so that a key is not idle
 * while a file is written.
 */
unsigned workers_wanted(unsigned jobs);

struct workers {
	unsigned n;
	void *hands; /* what each has in hand: n elements of hand_size bytes */
	size_t hand_size;
	/* A thread's work. Returns 0. */
	int (*work)(void *hand);
	/* Its thread was lost inside work(), and touches nothing any more: tidies the hand up for
	 * another work(). */
	void (*lost)(void *hand);
};

/* Until all have come to their end. MS_ERR_NOMEM if not one thread can be started. */
int workers_run(const struct workers *w, struct ms_error *err);

#endif
