/* SPDX-License-Identifier: Apache-2.0 */
/* What compressed modules may take together: who waits, and what is kept. */
#include "src/module/compress.h"
#include "src/module/memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

/* One that asks in a thread of its own, and how far it has come. */
struct asker {
	struct module_memory *mem;
	size_t bytes;
	pthread_t thread;
	atomic_bool has;
};

static void *ask(void *arg)
{
	struct asker *a = arg;

	memory_take(a->mem, a->bytes);
	atomic_store(&a->has, true);
	return NULL;
}

static void start(struct asker *a, struct module_memory *mem, size_t bytes)
{
	unsigned long before;

	a->mem = mem;
	a->bytes = bytes;
	atomic_init(&a->has, false);
	pthread_mutex_lock(&mem->lock);
	before = mem->arrived;
	pthread_mutex_unlock(&mem->lock);
	assert_int_equal(pthread_create(&a->thread, NULL, ask, a), 0);
	for (;;) { /* until it stands in the queue */
		bool arrived;

		pthread_mutex_lock(&mem->lock);
		arrived = mem->arrived > before;
		pthread_mutex_unlock(&mem->lock);
		if (arrived)
			return;
		usleep(100);
	}
}

static void assert_waits(struct asker *a)
{
	pthread_mutex_lock(&a->mem->lock);
	assert_true(a->mem->admitted < a->mem->arrived);
	pthread_mutex_unlock(&a->mem->lock);
	assert_false(atomic_load(&a->has));
}

static void assert_gets(struct asker *a)
{
	assert_int_equal(pthread_join(a->thread, NULL), 0);
	assert_true(atomic_load(&a->has));
}

static void test_small_ones_fit(void **state)
{
	struct module_memory mem;

	memory_init(&mem, 2);
	for (int i = 0; i < 64; i++)
		memory_take(&mem, MIB / 16); /* 4 MiB in all */
	for (int i = 0; i < 64; i++)
		memory_give(&mem, MIB / 16);
	assert_int_equal(mem.used, 0);
	memory_destroy(&mem);
}

static void test_what_does_not_fit_waits(void **state)
{
	struct module_memory mem;
	struct asker a;

	memory_init(&mem, 2);
	memory_take(&mem, 5 * MIB);
	start(&a, &mem, 3 * MIB);
	assert_waits(&a);
	memory_settle(&mem, 5 * MIB, 3 * MIB); /* the estimate was too high */
	assert_gets(&a);
	memory_destroy(&mem);
}

static void test_a_large_one_is_alone(void **state)
{
	struct module_memory mem;
	struct asker large, small;

	memory_init(&mem, 2);
	memory_take(&mem, 1);
	start(&large, &mem, 100 * MIB);
	assert_waits(&large);
	start(&small, &mem, 1); /* it would fit, but may not pass */
	assert_waits(&small);
	memory_give(&mem, 1);
	assert_gets(&large);
	assert_waits(&small);
	memory_give(&mem, 100 * MIB);
	assert_gets(&small);
	memory_destroy(&mem);
}

static void test_compressors_are_used_again(void **state)
{
	struct module_memory mem;
	void *xz, *gz;

	memory_init(&mem, 1);
	xz = memory_coder_take(&mem, &xz_codec, &xz_codec.packer, NULL);
	assert_non_null(xz);
	memory_coder_give(&mem, &xz_codec, &xz_codec.packer, xz);
	assert_ptr_equal(memory_coder_take(&mem, &xz_codec, &xz_codec.packer, NULL), xz);
	memory_coder_give(&mem, &xz_codec, &xz_codec.packer, xz);
	assert_non_null(mem.idle);
	/* another codec's: it is not one of these */
	gz = memory_coder_take(&mem, &gz_codec, &gz_codec.packer, NULL);
	assert_non_null(gz);
	assert_null(mem.idle);
	memory_coder_give(&mem, &gz_codec, &gz_codec.packer, gz);
	/* and a large module wants what they have */
	assert_non_null(mem.idle);
	memory_take(&mem, 100 * MIB);
	assert_null(mem.idle);
	gz = memory_coder_take(&mem, &gz_codec, &gz_codec.packer, NULL);
	memory_coder_give(&mem, &gz_codec, &gz_codec.packer, gz);
	assert_null(mem.idle);
	memory_give(&mem, 100 * MIB);
	memory_destroy(&mem);
}

static void *pack(void *arg)
{
	struct asker *a = arg;
	void *packer = memory_coder_take(a->mem, &zst_codec, &zst_codec.packer, NULL);

	atomic_store(&a->has, packer != NULL);
	memory_coder_give(a->mem, &zst_codec, &zst_codec.packer, packer);
	return NULL;
}

static void test_no_more_compressors_than_processors(void **state)
{
	struct module_memory mem;
	struct asker a = { .mem = &mem };
	void *first;

	memory_init(&mem, 1);
	first = memory_coder_take(&mem, &zst_codec, &zst_codec.packer, NULL);
	assert_int_equal(pthread_create(&a.thread, NULL, pack, &a), 0);
	usleep(2000); /* whatever it does in that time, it must not have one */
	assert_false(atomic_load(&a.has));
	memory_coder_give(&mem, &zst_codec, &zst_codec.packer, first);
	assert_gets(&a);
	memory_destroy(&mem);
}

static void test_buffers_are_used_again(void **state)
{
	struct lent_buf buffers[64] = { 0 }, *last;
	struct module_memory mem;
	uint8_t *data;
	int n = 0;

	memory_init(&mem, 2);
	for (;; n++) {
		assert_in_range(n, 0, 63); /* there is an end to it, and it does not wait */
		memory_buffer_take(&mem, 1, &buffers[n]);
		if (!buffers[n].buf.data)
			break;
		assert_int_equal(buffers[n].buf.size, MEMORY_BUFFER);
		memset(buffers[n].buf.data, 'x', MEMORY_BUFFER);
	}
	assert_true(n >= 4);
	last = &buffers[n - 1];
	data = last->buf.data;
	memory_buffer_give(&mem, last);
	assert_null(last->buf.data);
	memory_buffer_take(&mem, 1, last);
	assert_ptr_equal(last->buf.data, data);

	/* One that grew leaves no room for another: it is not kept. */
	assert_int_equal(buf_reserve(&last->buf, 2 * MEMORY_BUFFER), 0);
	memory_buffer_give(&mem, last);
	memory_buffer_take(&mem, 1, last);
	assert_int_equal(last->buf.size, MEMORY_BUFFER);
	memory_buffer_take(&mem, 1, &buffers[n]);
	assert_null(buffers[n].buf.data);

	/* Where there is room it is. */
	while (n)
		memory_buffer_give(&mem, &buffers[--n]);
	memory_destroy(&mem);
	memory_init(&mem, 2);
	memory_buffer_take(&mem, 1, last);
	assert_int_equal(buf_reserve(&last->buf, 2 * MEMORY_BUFFER), 0);
	data = last->buf.data;
	memory_buffer_give(&mem, last);
	memory_buffer_take(&mem, 1, last);
	assert_ptr_equal(last->buf.data, data);
	assert_int_equal(last->buf.size, 2 * MEMORY_BUFFER);
	memory_buffer_give(&mem, last);
	memory_destroy(&mem);
}

static void grow(struct module_memory *mem, size_t size, struct lent_buf *b)
{
	memory_buffer_take(mem, size, b);
	assert_int_equal(buf_reserve(&b->buf, size), 0);
}

/* Else a small module would get the large buffer, and the next large one would grow another. */
static void test_the_buffer_that_suits(void **state)
{
	struct lent_buf small = { 0 }, middle = { 0 }, large = { 0 };
	struct module_memory mem;
	const uint8_t *of[3];

	memory_init(&mem, 2);
	grow(&mem, 1, &small);
	grow(&mem, 2 * MEMORY_BUFFER, &middle);
	grow(&mem, 4 * MEMORY_BUFFER, &large);
	of[0] = small.buf.data;
	of[1] = middle.buf.data;
	of[2] = large.buf.data;
	memory_buffer_give(&mem, &middle);
	memory_buffer_give(&mem, &small);
	memory_buffer_give(&mem, &large);

	memory_buffer_take(&mem, 2 * MEMORY_BUFFER, &middle);
	assert_ptr_equal(middle.buf.data, of[1]);
	memory_buffer_give(&mem, &middle);
	memory_buffer_take(&mem, MEMORY_BUFFER, &small);
	assert_ptr_equal(small.buf.data, of[0]);
	/* What is too large for all has the least to add to the largest. */
	memory_buffer_take(&mem, 100 * MEMORY_BUFFER, &large);
	assert_ptr_equal(large.buf.data, of[2]);
	memory_buffer_give(&mem, &large);
	memory_buffer_take(&mem, 1, &middle);
	assert_ptr_equal(middle.buf.data, of[1]);

	memory_buffer_give(&mem, &small);
	memory_buffer_give(&mem, &middle);
	memory_destroy(&mem);
}

static void test_without_bounds(void **state)
{
	struct lent_buf buffer = { 0 };
	void *packer;

	memory_buffer_take(NULL, 1, &buffer);
	assert_non_null(buffer.buf.data);
	memset(buffer.buf.data, 'x', MEMORY_BUFFER);
	memory_buffer_give(NULL, &buffer);
	assert_null(buffer.buf.data);

	memory_take(NULL, SIZE_MAX);
	memory_settle(NULL, 1, 2);
	memory_give(NULL, 3);
	packer = memory_coder_take(NULL, &gz_codec, &gz_codec.packer, NULL);
	assert_non_null(packer);
	memory_coder_give(NULL, &gz_codec, &gz_codec.packer, packer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_ones_fit),
		cmocka_unit_test(test_what_does_not_fit_waits),
		cmocka_unit_test(test_a_large_one_is_alone),
		cmocka_unit_test(test_compressors_are_used_again),
		cmocka_unit_test(test_no_more_compressors_than_processors),
		cmocka_unit_test(test_buffers_are_used_again),
		cmocka_unit_test(test_the_buffer_that_suits),
		cmocka_unit_test(test_without_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
