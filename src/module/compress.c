/* SPDX-License-Identifier: Apache-2.0 */
#include "src/module/compress.h"

#include "src/base/error.h"
#include "src/base/file.h"
#include "src/module/memory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const struct codec *codec_of(enum module_compression compression)
{
	switch (compression) {
	case MODULE_GZ:
		return &gz_codec;
	case MODULE_XZ:
		return &xz_codec;
	case MODULE_ZST:
		return &zst_codec;
	case MODULE_PLAIN:
		break;
	}
	return NULL;
}

enum module_compression compression_of(const uint8_t *start, size_t len)
{
	static const enum module_compression all[] = { MODULE_GZ, MODULE_XZ, MODULE_ZST };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const struct codec *c = codec_of(all[i]);

		if (len >= c->magic_len && !memcmp(start, c->magic, c->magic_len))
			return all[i];
	}
	return MODULE_PLAIN;
}

int packed_fill(struct packed *in, struct ms_error *err)
{
	ssize_t n;

	if (in->avail)
		return 0;
	do {
		n = pread(in->fd, in->chunk, sizeof(in->chunk), (off_t)in->read);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "%s cannot be read", in->path);
	in->next = in->chunk;
	in->avail = (size_t)n;
	in->read += (uint64_t)n;
	return 0;
}

void packed_use(struct packed *in, size_t len)
{
	in->next += len;
	in->avail -= len;
}

int packed_room(const struct packed *in, struct buf *out, struct ms_error *err)
{
	if (out->len >= UNPACK_MAX) {
		err_set(err, MS_ERR_MODULE, "%s holds more than %zu MiB when decompressed",
			in->path, UNPACK_MAX >> 20);
		err_hint(err, "If this is to be signed nevertheless, decompress it first.");
		return MS_ERR_MODULE;
	}
	if (out->len < out->size)
		return 0;
	if (out->len >= in->max)
		return 1;
	return buf_reserve(out, sizeof(in->chunk)) < 0 ? err_nomem(err) : 0;
}

int packed_bad(const struct packed *in, struct ms_error *err, const char *cause)
{
	return err_set(err, MS_ERR_MODULE, "%s: the %s data is %s (at byte %llu)", in->path,
		in->codec, cause, (unsigned long long)(in->read - in->avail));
}

/* sign-file, run on a compressed module, leaves its signature behind the compressed data. */
static bool ends_in_marker(int fd)
{
	char end[MODULE_MARKER_LEN];
	off_t size = lseek(fd, 0, SEEK_END);

	return size > (off_t)sizeof(end) &&
		!file_pread(fd, end, sizeof(end), size - (off_t)sizeof(end)) &&
		!memcmp(end, MODULE_MARKER, sizeof(end));
}

void packed_begin(struct packed *in, int fd, uint64_t offset, const char *path,
	const struct buf *at_hand)
{
	in->fd = fd;
	in->path = path;
	in->max = UNPACK_MAX;
	in->next = at_hand ? at_hand->data : NULL;
	in->avail = at_hand ? at_hand->len : 0;
	in->read = offset + in->avail;
}

int unpack_within(struct module_memory *memory, enum module_compression compression,
	struct packed *in, struct buf *out, struct ms_error *err)
{
	const struct codec *codec = codec_of(compression);
	void *unpacker = memory_coder_take(memory, codec, &codec->unpacker, err);
	int r;

	if (!unpacker)
		return MS_ERR_NOMEM;
	in->codec = codec->name;
	r = codec->unpack(unpacker, in, out, err);
	memory_coder_give(memory, codec, &codec->unpacker, unpacker);
	if (r == MS_ERR_MODULE && ends_in_marker(in->fd))
		err_hint(err,
			"A signature was appended to the compressed file, where no kernel looks for "
			"one. Decompress it without that signature, sign, compress again.");
	return r;
}

int unpack_file(enum module_compression compression, int fd, uint64_t offset, const char *path,
	struct buf *out, struct ms_error *err)
{
	struct packed in;

	packed_begin(&in, fd, offset, path, NULL);
	return unpack_within(NULL, compression, &in, out, err);
}
