/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What compressed modules may take together that are in hand at the same time, so that memory grows
 * neither with their number nor with the number of threads: their contents, and the compressors.
 * Plain modules need none of it.
 */
#ifndef MODSEAL_MODULE_MEMORY_H
#define MODSEAL_MODULE_MEMORY_H

#include <modseal/error.h>
#include <pthread.h>
#include <stddef.h>

struct codec;
struct idle_packer;

struct module_memory {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	size_t limit, used;              /* bytes of uncompressed content */
	unsigned long arrived, admitted; /* who asks first is served first */
	unsigned packing_max, packing;   /* compressors at work */
	struct idle_packer *idle;        /* and those that wait for the next module */
};

/* What is right for so many processors. */
void memory_init(struct module_memory *mem, unsigned cpus);
void memory_destroy(struct module_memory *mem);

/* Waits until there is room for so many bytes; one that needs more than the limit waits until it is
 * alone. All functions take NULL for no bounds. */
void memory_take(struct module_memory *mem, size_t bytes);
/* An estimate that was taken turns out to be another size; waits for nothing. */
void memory_settle(struct module_memory *mem, size_t estimate, size_t bytes);
void memory_give(struct module_memory *mem, size_t bytes);

/* A compressor, which may have been used before; waits for one. NULL: out of memory. */
void *memory_begin_packing(struct module_memory *mem, const struct codec *codec,
	struct ms_error *err);
void memory_end_packing(struct module_memory *mem, const struct codec *codec, void *packer);

#endif
