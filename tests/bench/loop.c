/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_THREADS 64

static const struct loop *loop;
static atomic_long next;

void loop_die(const char *name, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", name, what, strerror(errno));
	exit(1);
}

int loop_threads(const char *name, const char *argument)
{
	int n = atoi(argument);

	if (n >= 1 && n <= MAX_THREADS)
		return n;
	fprintf(stderr, "%s: from 1 to %d threads, not %s\n", name, MAX_THREADS, argument);
	exit(2);
}

char **loop_names(const char *name, long *n)
{
	char *line = NULL, **names = NULL;
	size_t size = 0;
	ssize_t len;

	*n = 0;
	while ((len = getline(&line, &size, stdin)) > 0) {
		line[len - 1] = '\0';
		names = reallocarray(names, (size_t)*n + 1, sizeof(*names));
		if (!names || !(names[(*n)++] = strdup(line)))
			loop_die(name, "names of files");
	}
	free(line);
	return names;
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of the processes that the calling thread has started and that still run, like a connection's server. */
static double children_seconds(void)
{
	FILE *list = fopen("/proc/thread-self/children", "r");
	double sum = 0;
	clockid_t clock;
	int pid;

	while (list && fscanf(list, "%d", &pid) == 1)
		if (clock_getcpuclockid(pid, &clock) == 0)
			sum += seconds(clock);
	if (list)
		fclose(list);
	return sum;
}

static double cpu_seconds(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID) + children_seconds();
}

static void *thread_main(void *arg)
{
	void *own = loop->begin((int)(long)arg);
	long i;

	while ((i = atomic_fetch_add(&next, 1)) < loop->count)
		loop->one(own, i);
	loop->end(own);
	return NULL;
}

void loop_run(const struct loop *l)
{
	pthread_t threads[MAX_THREADS];
	double start, cpu;

	loop = l;
	start = seconds(CLOCK_MONOTONIC);
	cpu = cpu_seconds();
	for (int i = 0; i < l->threads; i++)
		if (pthread_create(&threads[i], NULL, thread_main, (void *)(long)i))
			loop_die(l->name, "pthread_create");
	for (int i = 0; i < l->threads; i++)
		pthread_join(threads[i], NULL);
	if (l->finish)
		l->finish();
	printf("%.6f %.6f\n", seconds(CLOCK_MONOTONIC) - start, cpu_seconds() - cpu);
}
