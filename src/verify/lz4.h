/* SPDX-License-Identifier: Apache-2.0 */
/* LZ4's legacy frames, in which kernel images are packed (lib/decompress_unlz4.c of the kernel). */
#ifndef MODSEAL_VERIFY_LZ4_H
#define MODSEAL_VERIFY_LZ4_H

#include "src/base/buf.h"

#include <stdbool.h>

#define LZ4_LEGACY_MAGIC "\x02\x21\x4c\x18"

/* Appends the content of all blocks behind the magic, as far as they are sound; -1 when memory is
 * out, or when it comes to more than `max` bytes. */
int lz4_legacy_unpack(const uint8_t *data, size_t len, size_t max, struct buf *out);

#endif
