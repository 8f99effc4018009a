/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs of this directory share: a loop that threads run together, and its time. */
#ifndef MODSEAL_BENCH_LOOP_H
#define MODSEAL_BENCH_LOOP_H

struct loop {
	const char *name; /* of the program, for messages */
	int threads;
	long count;
	/* All are called within the time that is measured. `own` is the thread's. */
	void *(*begin)(int thread);
	void (*one)(void *own, long i); /* i: 0 to count - 1, each once, by whichever thread is free */
	void (*end)(void *own);
	void (*finish)(void); /* once, behind all; may be NULL */
};

/* The number of threads that an argument says. Ends the program if that makes no sense. */
int loop_threads(const char *name, const char *argument);
/* The lines of standard input. */
char **loop_names(const char *name, long *n);
/* Runs it and prints "SECONDS CPU_SECONDS", of the process and of those that it has started. */
void loop_run(const struct loop *loop);
/* "NAME: WHAT: the error of errno", and out. */
_Noreturn void loop_die(const char *name, const char *what);

#endif
