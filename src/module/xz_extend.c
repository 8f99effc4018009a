/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An .xz file (The .xz File Format, 1.2.0) is a stream of blocks with an index behind them. Blocks
 * know nothing of each other: some can be left away and one added.
 */
#include "src/base/error.h"
#include "src/module/compress.h"

#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>

/* What the kernel's reader knows (lib/xz): it has no other checks than these, and may have been
 * built without branch filters. */
static bool check_is_known(lzma_check check)
{
	return check == LZMA_CHECK_NONE || check == LZMA_CHECK_CRC32;
}

static bool filters_are_known(const lzma_filter *filters)
{
	const lzma_options_lzma *lzma2 = filters[0].options;

	return filters[0].id == LZMA_FILTER_LZMA2 && filters[1].id == LZMA_VLI_UNKNOWN &&
		lzma2->dict_size <= WINDOW_MAX;
}

static bool block_is_known(const struct buf *packed, const lzma_index_iter *at, lzma_check check)
{
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	lzma_block block = { .version = 1, .check = check, .filters = filters };
	const uint8_t *header = packed->data + at->block.compressed_file_offset;
	bool known;

	block.header_size = lzma_block_header_size_decode(*header);
	if (block.header_size > at->block.total_size ||
		lzma_block_header_decode(&block, NULL, header) != LZMA_OK)
		return false;
	known = filters_are_known(filters);
	for (lzma_filter *f = filters; f->id != LZMA_VLI_UNKNOWN; f++)
		free(f->options);
	return known;
}

/* The index of a file that is one stream and nothing else; NULL if it is not. */
static lzma_index *index_read(const struct buf *packed, lzma_stream_flags *flags)
{
	uint64_t memory = UNPACK_MEMORY;
	lzma_index *index = NULL;
	size_t at, end = packed->len - LZMA_STREAM_HEADER_SIZE;

	if (packed->len < 2 * LZMA_STREAM_HEADER_SIZE ||
		lzma_stream_header_decode(flags, packed->data) != LZMA_OK ||
		lzma_stream_footer_decode(flags, packed->data + end) != LZMA_OK ||
		flags->backward_size > end)
		return NULL;
	at = end - (size_t)flags->backward_size;
	if (lzma_index_buffer_decode(&index, &memory, NULL, packed->data, &at, end) != LZMA_OK)
		return NULL;
	if (at == end && lzma_index_file_size(index) == packed->len)
		return index;
	lzma_index_end(index, NULL);
	return NULL;
}

/* Takes over the blocks that make up the first `len` bytes; *end is where the last of them ends. */
static bool blocks_keep(const struct buf *packed, const lzma_index *old, lzma_check check,
	uint64_t len, lzma_index *kept, size_t *end)
{
	lzma_index_iter at;

	lzma_index_iter_init(&at, old);
	while (lzma_index_uncompressed_size(kept) < len &&
		!lzma_index_iter_next(&at, LZMA_INDEX_ITER_BLOCK)) {
		if (!block_is_known(packed, &at, check) ||
			lzma_index_append(kept, NULL, at.block.unpadded_size,
				at.block.uncompressed_size) != LZMA_OK)
			return false;
		*end = (size_t)(at.block.compressed_file_offset + at.block.total_size);
	}
	return lzma_index_uncompressed_size(kept) == len;
}

static int failed(lzma_ret lr, struct ms_error *err)
{
	if (lr == LZMA_MEM_ERROR)
		return err_nomem(err);
	return err_set(
		err, MS_ERR_INTERNAL, "liblzma does not extend a stream (error %d)", (int)lr);
}

/* Stored as it is: a signature does not compress. */
static int add_block(struct buf *packed, lzma_index *index, lzma_check check,
	const struct piece *tail, struct ms_error *err)
{
	lzma_block block = { .check = check };
	lzma_ret lr;

	if (buf_reserve(packed, lzma_block_buffer_bound(tail->len)) < 0)
		return err_nomem(err);
	lr = lzma_block_uncomp_encode(
		&block, tail->data, tail->len, packed->data, &packed->len, packed->size);
	if (lr == LZMA_OK)
		lr = lzma_index_append(index, NULL, lzma_block_unpadded_size(&block), tail->len);
	return lr == LZMA_OK ? 0 : failed(lr, err);
}

static int add_index(
	struct buf *packed, const lzma_index *index, lzma_stream_flags *flags, struct ms_error *err)
{
	uint8_t footer[LZMA_STREAM_HEADER_SIZE];
	lzma_ret lr;

	flags->backward_size = lzma_index_size(index);
	if (buf_reserve(packed, (size_t)flags->backward_size) < 0)
		return err_nomem(err);
	lr = lzma_index_buffer_encode(index, packed->data, &packed->len, packed->size);
	if (lr == LZMA_OK)
		lr = lzma_stream_footer_encode(flags, footer);
	if (lr != LZMA_OK)
		return failed(lr, err);
	return buf_add(packed, footer, sizeof(footer)) < 0 ? err_nomem(err) : 0;
}

int xz_extend(struct buf *packed, uint64_t content_len, const struct piece *kept,
	const struct piece *tail, struct ms_error *err)
{
	lzma_stream_flags flags;
	lzma_index *old = index_read(packed, &flags), *index = lzma_index_init(NULL);
	size_t end = LZMA_STREAM_HEADER_SIZE;
	int r = 1;

	if (!index) {
		r = err_nomem(err);
	} else if (old && check_is_known(flags.check) &&
		lzma_index_uncompressed_size(old) == content_len &&
		blocks_keep(packed, old, flags.check, kept->len, index, &end)) {
		packed->len = end;
		r = tail->len ? add_block(packed, index, flags.check, tail, err) : 0;
		if (!r)
			r = add_index(packed, index, &flags, err);
	}
	lzma_index_end(old, NULL);
	lzma_index_end(index, NULL);
	return r;
}
