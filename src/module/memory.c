/* SPDX-License-Identifier: Apache-2.0 */
#include "src/module/memory.h"

#include "src/base/error.h"
#include "src/module/compress.h"

#include <stdlib.h>

/* Dozens of usual modules, for a token that is far away; with the compressors (12 MiB each for xz)
 * and all else it makes 48 MiB on two processors. */
#define LIMIT_LEAST ((size_t)6 << 20)
#define LIMIT_A_CPU ((size_t)3 << 20)

#define BUFFERS_MAX ((size_t)8 << 20) /* bytes */
#define IDLE_SIZE   ((size_t)4 << 20) /* bytes of one that is kept; what kernel builds compress needs 2 MiB */

/* A buffer that is used again costs no fresh pages. */
struct idle_buffer {
	struct idle_buffer *next;
	size_t size;
};

/* Making a compressor or decompressor anew for each module would cost more than a small one does. */
struct idle_coder {
	const struct codec *codec;
	const struct coder *kind;
	void *coder;
	struct idle_coder *next;
};

void memory_init(struct module_memory *mem, unsigned cpus)
{
	size_t limit = LIMIT_A_CPU * cpus;

	*mem = (struct module_memory){ 0 };
	mem->limit = limit > LIMIT_LEAST ? limit : LIMIT_LEAST;
	mem->coding_max = cpus; /* more would not be faster */
	pthread_mutex_init(&mem->lock, NULL);
	pthread_cond_init(&mem->freed, NULL);
}

/* All of them, but those of one codec (NULL: none). */
static void free_idle(struct module_memory *mem, const struct codec *but)
{
	struct idle_coder **p = &mem->idle, *idle;

	while ((idle = *p)) {
		if (idle->codec == but) {
			p = &idle->next;
			continue;
		}
		*p = idle->next;
		idle->kind->destroy(idle->coder);
		free(idle);
	}
}

void memory_destroy(struct module_memory *mem)
{
	free_idle(mem, NULL);
	while (mem->buffers) {
		struct idle_buffer *buffer = mem->buffers;

		mem->buffers = buffer->next;
		free(buffer);
	}
	pthread_cond_destroy(&mem->freed);
	pthread_mutex_destroy(&mem->lock);
}

/* A module that is larger than the limit gets what idle compressors have. */
static void use(struct module_memory *mem, size_t bytes)
{
	mem->used += bytes;
	if (mem->used > mem->limit)
		free_idle(mem, NULL);
}

/* In the order of arrival: a large one would wait for ever if small ones could pass it. */
void memory_take(struct module_memory *mem, size_t bytes)
{
	unsigned long mine;

	if (!mem)
		return;
	pthread_mutex_lock(&mem->lock);
	mine = mem->arrived++;
	while (mem->admitted != mine || (mem->used && mem->used + bytes > mem->limit))
		pthread_cond_wait(&mem->freed, &mem->lock);
	mem->admitted++;
	use(mem, bytes);
	pthread_cond_broadcast(&mem->freed);
	pthread_mutex_unlock(&mem->lock);
}

void memory_settle(struct module_memory *mem, size_t estimate, size_t bytes)
{
	if (!mem)
		return;
	pthread_mutex_lock(&mem->lock);
	mem->used -= estimate;
	use(mem, bytes);
	pthread_cond_broadcast(&mem->freed);
	pthread_mutex_unlock(&mem->lock);
}

void memory_give(struct module_memory *mem, size_t bytes)
{
	memory_settle(mem, bytes, 0);
}

/* The smallest that is large enough, else the largest: it has the least to grow. */
static struct idle_buffer *take_buffer(struct module_memory *mem, size_t wanted)
{
	struct idle_buffer **best = &mem->buffers, *taken;

	for (struct idle_buffer **p = best; *p; p = &(*p)->next) {
		size_t size = (*p)->size, best_size = (*best)->size;

		if (best_size < wanted ? size > best_size : size >= wanted && size < best_size)
			best = p;
	}
	taken = *best;
	if (taken)
		*best = taken->next;
	return taken;
}

void memory_buffer_take(struct module_memory *mem, size_t wanted, struct lent_buf *b)
{
	struct idle_buffer *idle;

	if (!mem) {
		buf_reserve(&b->buf, MEMORY_BUFFER);
		return;
	}
	pthread_mutex_lock(&mem->lock);
	idle = take_buffer(mem, wanted);
	if (idle) {
		b->counted = idle->size;
	} else if (mem->buffer_bytes + MEMORY_BUFFER <= BUFFERS_MAX && (idle = malloc(MEMORY_BUFFER))) {
		b->counted = MEMORY_BUFFER;
		mem->buffer_bytes += b->counted;
	}
	pthread_mutex_unlock(&mem->lock);
	b->buf = (struct buf){ .data = (uint8_t *)idle, .size = b->counted };
}

/* One that grew is kept as it is, while there is room for it. */
void memory_buffer_give(struct module_memory *mem, struct lent_buf *b)
{
	struct idle_buffer *idle = (struct idle_buffer *)b->buf.data;

	if (b->counted) {
		pthread_mutex_lock(&mem->lock);
		mem->buffer_bytes -= b->counted;
		if (mem->buffer_bytes + b->buf.size <= BUFFERS_MAX) {
			mem->buffer_bytes += b->buf.size;
			*idle = (struct idle_buffer){ mem->buffers, b->buf.size };
			mem->buffers = idle;
			b->buf.data = NULL;
		}
		pthread_mutex_unlock(&mem->lock);
	}
	buf_free(&b->buf);
	b->counted = 0;
}

static void *take_idle(struct module_memory *mem, const struct coder *kind)
{
	struct idle_coder **p = &mem->idle, *found;
	void *coder;

	while (*p && (*p)->kind != kind)
		p = &(*p)->next;
	found = *p;
	if (!found)
		return NULL;
	*p = found->next;
	coder = found->coder;
	free(found);
	return coder;
}

static bool keep_idle(struct module_memory *mem, const struct codec *codec,
	const struct coder *kind, void *coder)
{
	struct idle_coder *idle = NULL;

	if (mem->used <= mem->limit && (!kind->size || kind->size(coder) <= IDLE_SIZE))
		idle = malloc(sizeof(*idle));
	if (!idle)
		return false;
	*idle = (struct idle_coder){ codec, kind, coder, mem->idle };
	mem->idle = idle;
	return true;
}

void *memory_coder_take(struct module_memory *mem, const struct codec *codec,
	const struct coder *kind, struct ms_error *err)
{
	void *coder = NULL;

	if (mem) {
		pthread_mutex_lock(&mem->lock);
		while (mem->coding == mem->coding_max)
			pthread_cond_wait(&mem->freed, &mem->lock);
		mem->coding++;
		coder = take_idle(mem, kind);
		if (!coder) /* those of another codec have to make room */
			free_idle(mem, codec);
		pthread_mutex_unlock(&mem->lock);
	}
	if (!coder)
		coder = kind->create();
	if (!coder) {
		memory_coder_give(mem, codec, kind, NULL);
		err_nomem(err);
	}
	return coder;
}

void memory_coder_give(struct module_memory *mem, const struct codec *codec,
	const struct coder *kind, void *coder)
{
	bool kept = false;

	if (mem) {
		pthread_mutex_lock(&mem->lock);
		mem->coding--;
		kept = coder && keep_idle(mem, codec, kind, coder);
		pthread_cond_broadcast(&mem->freed);
		pthread_mutex_unlock(&mem->lock);
	}
	if (!kept && coder)
		kind->destroy(coder);
}
