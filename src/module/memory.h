/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What modules may take together that are in hand at the same time, so that memory grows neither
 * with their number nor with the number of threads: the contents of compressed ones and what
 * decompresses and compresses them, and buffers for small files and their content.
 */
#ifndef MODSEAL_MODULE_MEMORY_H
#define MODSEAL_MODULE_MEMORY_H

#include "src/base/buf.h"

#include <modseal/error.h>
#include <pthread.h>
#include <stddef.h>

struct codec;
struct coder;
struct idle_coder;
struct idle_buffer;

struct module_memory {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	size_t limit, used;              /* bytes of compressed modules, and of their content */
	unsigned long arrived, admitted; /* who asks first is served first */
	unsigned coding_max, coding;     /* compressors and decompressors at work */
	struct idle_coder *idle;         /* and those that wait for the next module */
	struct idle_buffer *buffers;     /* likewise */
	size_t buffer_bytes;             /* also of those in use */
};

/* Bytes of a buffer; larger plain modules are read in pieces. Of 4,000 real modules 97 % fit. */
#define MEMORY_BUFFER ((size_t)512 << 10)

/* What is right for so many processors. */
void memory_init(struct module_memory *mem, unsigned cpus);
void memory_destroy(struct module_memory *mem);

/* Waits until there is room for so many bytes; one that needs more than the limit waits until it is
 * alone. All functions take NULL for no bounds. */
void memory_take(struct module_memory *mem, size_t bytes);
/* An estimate that was taken turns out to be another size; waits for nothing. */
void memory_settle(struct module_memory *mem, size_t estimate, size_t bytes);
void memory_give(struct module_memory *mem, size_t bytes);

/* A buffer that may come from here. Zero-initialise it. */
struct lent_buf {
	struct buf buf; /* may grow */
	size_t counted; /* bytes that belong to `mem`; 0: it does not come from there */
};

/* Gives an empty one at least MEMORY_BUFFER bytes, or leaves it empty: there are none to be had. Does
 * not wait. `wanted` bytes are likely to come into it: of several it is the one that they suit. */
void memory_buffer_take(struct module_memory *mem, size_t wanted, struct lent_buf *b);
/* Wherever it comes from; it is empty then. */
void memory_buffer_give(struct module_memory *mem, struct lent_buf *b);

/* One of the codec's two kinds of coder, which may have been used before; waits for one. NULL: out of
 * memory. */
void *memory_coder_take(struct module_memory *mem, const struct codec *codec,
	const struct coder *kind, struct ms_error *err);
void memory_coder_give(struct module_memory *mem, const struct codec *codec,
	const struct coder *kind, void *coder);

#endif
