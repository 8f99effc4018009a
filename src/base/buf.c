/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/buf.h"

#include <stdlib.h>
#include <string.h>

int buf_reserve(struct buf *b, size_t extra)
{
	size_t size = b->size ? b->size : 256;
	uint8_t *data;

	if (extra > SIZE_MAX / 2 - b->len)
		return -1;
	if (b->len + extra <= b->size)
		return 0;
	while (size < b->len + extra)
		size *= 2;
	data = realloc(b->data, size);
	if (!data)
		return -1;
	b->data = data;
	b->size = size;
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
	if (!len)
		return 0;
	if (buf_reserve(b, len) < 0)
		return -1;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
