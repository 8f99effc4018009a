/* SPDX-License-Identifier: Apache-2.0 */
/* A byte buffer that grows. Zero-initialise it; release it with buf_free(). */
#ifndef MODSEAL_BASE_BUF_H
#define MODSEAL_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* NULL while nothing was added */
	size_t len;    /* bytes in use */
	size_t size;   /* bytes allocated */
};

/* Makes room for `extra` more bytes; -1 when memory is out (the buffer is then unchanged). */
int buf_reserve(struct buf *b, size_t extra);
/* Appends bytes; -1 when memory is out. */
int buf_add(struct buf *b, const void *data, size_t len);
void buf_free(struct buf *b);

#define AUTO_BUF __attribute__((cleanup(buf_free)))

#endif
