/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text: base64 (RFC 4648, 4; on one line, with padding) and hex. */
#ifndef MODSEAL_FARM_BASE64_H
#define MODSEAL_FARM_BASE64_H

#include "src/base/buf.h"

#include <stdint.h>

/* free() it; NULL when memory is out. */
char *base64_encode(const uint8_t *data, size_t len);
/* Appends the bytes to `out`: 0; -1 if the text is not base64; -2 when memory is out. */
int base64_decode(const char *text, struct buf *out);
/* Exactly `len` bytes, in digits of either case: 0, or -1 if the text is something else. */
int hex_decode(const char *text, uint8_t *data, size_t len);

#endif
