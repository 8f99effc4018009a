/* SPDX-License-Identifier: Apache-2.0 */
#include "softhsm-fixtures/piv/card.h"

#include <string.h>

void bytes_add(struct bytes *b, const void *data, size_t len)
{
	if (len > sizeof(b->data) - b->len)
		die("too much data", "for one command");
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

void bytes_add_tlv(struct bytes *b, unsigned tag, const void *data, size_t len)
{
	uint8_t head[5];
	size_t n = 0;

	if (tag > 0xff)
		head[n++] = (uint8_t)(tag >> 8);
	head[n++] = (uint8_t)tag;
	if (len > 0xff) {
		head[n++] = 0x82;
		head[n++] = (uint8_t)(len >> 8);
	} else if (len > 0x7f) {
		head[n++] = 0x81;
	}
	head[n++] = (uint8_t)len;
	bytes_add(b, head, n);
	bytes_add(b, data, len);
}

void bytes_add_tlv1(struct bytes *b, unsigned tag, uint8_t value)
{
	bytes_add_tlv(b, tag, &value, 1);
}

const uint8_t *tlv_find(const uint8_t *data, size_t len, unsigned tag, size_t *value_len)
{
	size_t at = 0;

	while (at + 2 <= len) {
		unsigned this = data[at++];
		size_t n, more;

		if ((this & 0x1f) == 0x1f)
			this = this << 8 | data[at++];
		if (at >= len)
			return NULL;
		n = data[at++];
		if (n > 0x80) {
			more = n - 0x80;
			for (n = 0; more && at < len; more--)
				n = n << 8 | data[at++];
		}
		if (n > len - at)
			return NULL;
		if (this == tag) {
			*value_len = n;
			return data + at;
		}
		at += n;
	}
	return NULL;
}
