/* SPDX-License-Identifier: Apache-2.0 */
/* .gz, .xz and .zst: one struct codec each. */
#ifndef MODSEAL_MODULE_COMPRESS_H
#define MODSEAL_MODULE_COMPRESS_H

#include "src/module/module.h"

#include <stddef.h>
#include <stdint.h>

/* Nothing larger is taken apart: no module comes near it, a decompression bomb does. */
#define UNPACK_MAX ((size_t)1 << 30)
/* Bytes that one has to look back, at most, in what is written: every reader has to have a window of
 * 8 MiB for zstd (RFC 8878), and xz -6 writes for it. */
#define WINDOW_MAX ((size_t)8 << 20)
/* What the xz decoder may take for itself; xz -9 needs 65 MiB. */
#define UNPACK_MEMORY ((size_t)256 << 20)

/* A compressed file while it is read, a chunk at a time. */
struct packed {
	int fd;
	const char *path;    /* for messages */
	const char *codec;   /* likewise; unpack_within() sets it */
	size_t max;          /* bytes of content that it is stopped at; packed_begin() sets UNPACK_MAX */
	uint64_t read;       /* bytes of the file that were read so far */
	const uint8_t *next; /* those of them not yet used */
	size_t avail;
	uint8_t chunk[65536];
};

struct piece {
	const void *data;
	size_t len;
};

/* Where compressed bytes go, as they come. */
struct packed_out {
	int (*put)(void *user, const void *data, size_t len, struct ms_error *err);
	void *user;
};

/* What compresses or decompresses, for any number of files one after the other. */
struct coder {
	void *(*create)(void); /* NULL: out of memory */
	void (*destroy)(void *coder);
	size_t (*size)(const void *coder); /* bytes that it has taken; NULL: always the same */
};

/* Bytes of a file's start that tell what it is. */
#define CODEC_START 18

struct codec {
	const char *name;
	uint8_t magic[6];
	size_t magic_len;
	/* Bytes of content as a file's start tells them, without warranty; 0: it does not. NULL: none does. */
	uint64_t (*content_len)(const uint8_t *start, size_t len);
	/* Appends the content of a whole file to `out`: all its members, frames or streams, as
	 * the format's own tool reads them. MS_ERR_MODULE for data that is damaged, cut off or
	 * followed by something else; `out` then holds what came before the damage. */
	int (*unpack)(void *unpacker, struct packed *in, struct buf *out, struct ms_error *err);
	struct coder unpacker, packer;
	/* Puts out the compressed form of the pieces, taken as one; in one member, frame or stream,
	 * which is all that the kernel's decompressor (kernel/module/decompress.c) reads. The same
	 * content gives the same bytes. */
	int (*pack)(void *packer, const struct piece *pieces, size_t n,
		const struct packed_out *out, struct ms_error *err);
	/* The same, of `kept` and `tail`, with little work and what the data were compressed with left
	 * as it is: `packed`, a whole file that was unpacked to `content_len` bytes, loses the blocks
	 * behind the first kept->len of them and gets one that holds the tail, uncompressed. 1: this
	 * cannot be done, `packed` is as it was: it is not one member, frame or stream that the kernel
	 * reads, or no block ends there. */
	int (*extend)(struct buf *packed, uint64_t content_len, const struct piece *kept,
		const struct piece *tail, struct ms_error *err);
};

#define PACK_STEP 65536 /* bytes that are put out at once, at most */

extern const struct codec gz_codec, xz_codec, zst_codec;

int gz_extend(struct buf *packed, uint64_t content_len, const struct piece *kept,
	const struct piece *tail, struct ms_error *err);
int xz_extend(struct buf *packed, uint64_t content_len, const struct piece *kept,
	const struct piece *tail, struct ms_error *err);
int zst_extend(struct buf *packed, uint64_t content_len, const struct piece *kept,
	const struct piece *tail, struct ms_error *err);

/* NULL for MODULE_PLAIN. */
const struct codec *codec_of(enum module_compression compression);
/* By the first bytes of a file. */
enum module_compression compression_of(const uint8_t *start, size_t len);
/* Opens up the file behind fd, from `offset` (0: all of it) to its end; see codec.unpack. */
int unpack_file(enum module_compression compression, int fd, uint64_t offset, const char *path,
	struct buf *out, struct ms_error *err);
/* The same in two steps; `at_hand`: what has been read already, from `offset` on (NULL: nothing), to be
 * kept until it is unpacked, */
void packed_begin(struct packed *in, int fd, uint64_t offset, const char *path,
	const struct buf *at_hand);
/* and with a decompressor out of `memory` (which may be NULL). 1: there is more in it than in->max. */
int unpack_within(struct module_memory *memory, enum module_compression compression,
	struct packed *in, struct buf *out, struct ms_error *err);

/* For the codecs. Makes avail > 0 unless the file is at its end. */
int packed_fill(struct packed *in, struct ms_error *err);
void packed_use(struct packed *in, size_t len);
/* Makes room for at least one more byte in out; MS_ERR_MODULE beyond UNPACK_MAX, 1 beyond in->max. */
int packed_room(const struct packed *in, struct buf *out, struct ms_error *err);
/* MS_ERR_MODULE: "PATH: the xz data is CAUSE" with the position. */
int packed_bad(const struct packed *in, struct ms_error *err, const char *cause);

#endif
