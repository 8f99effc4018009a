/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives of the Open Build Service's signer, as pesign-obs-integration makes and takes them:
 * what goes out holds, for a kernel module, the module itself, and the signer hashes each member;
 * for an EFI program it holds the attributes that an EFI signature is made of. What comes back
 * holds FILE.sig for each FILE, a bare signature. A member that is just as long as a digest is
 * taken for one.
 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/crypto/digest.h"
#include "src/farm/formats.h"
#include "src/key/key.h"
#include "src/module/module.h"

#include <elf.h>
#include <endian.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK      65536
#define SUFFIX     ".sig"
#define SUFFIX_LEN (sizeof(SUFFIX) - 1)

/* What a member turns out to be. */
struct content {
	uint8_t start[MS_HASH_MAX_SIZE];
	size_t n_start;
	uint8_t end[MODULE_MARKER_LEN]; /* its last bytes */
	size_t n_end;
	uint8_t digest[MS_HASH_MAX_SIZE];
};

void want_skip(const struct farm_want *want, const char *name, const char *why)
{
	if (want->skipped)
		want->skipped(want->user, name, why);
}

/* `find . | cpio -o` may leave it there. */
static const char *without_dot(const char *name)
{
	return strncmp(name, "./", 2) ? name : name + 2;
}

static void keep_ends(struct content *c, const uint8_t *data, size_t n)
{
	size_t room = sizeof(c->start) - c->n_start, first = n < room ? n : room;

	memcpy(c->start + c->n_start, data, first);
	c->n_start += first;
	if (n < sizeof(c->end)) {
		size_t old = c->n_end + n > sizeof(c->end) ? sizeof(c->end) - n : c->n_end;

		memmove(c->end, c->end + c->n_end - old, old);
		memcpy(c->end + old, data, n);
		c->n_end = old + n;
	} else {
		memcpy(c->end, data + n - sizeof(c->end), sizeof(c->end));
		c->n_end = sizeof(c->end);
	}
}

static int read_content(struct newc_reader *reader, enum ms_hash hash, struct content *c,
	struct ms_error *err)
{
	uint8_t chunk[CHUNK];
	struct digest d = { 0 };
	ssize_t n = 1;
	int r = digest_begin(&d, hash, err);

	while (r == 0 && n > 0) {
		n = newc_read(reader, chunk, sizeof(chunk), err);
		if (n > 0) {
			keep_ends(c, chunk, (size_t)n);
			r = digest_add(&d, chunk, (size_t)n, err);
		}
	}
	if (n < 0)
		r = (int)n;
	if (r == 0)
		r = digest_end(&d, c->digest, err);
	digest_free(&d);
	return r;
}

static bool is_module(const struct content *c)
{
	uint16_t type; /* at the same place in both classes */

	if (c->n_start < offsetof(Elf64_Ehdr, e_version) || memcmp(c->start, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&type, c->start + offsetof(Elf64_Ehdr, e_type), sizeof(type));
	return (c->start[EI_DATA] == ELFDATA2MSB ? be16toh(type) : le16toh(type)) == ET_REL;
}

static bool is_signed(const struct content *c)
{
	return c->n_end == MODULE_MARKER_LEN &&
		!memcmp(c->end, MODULE_MARKER, MODULE_MARKER_LEN);
}

/* Whether it is to be signed; `why` says so if not. */
static bool classify(const struct content *c, uint32_t size, const struct farm_want *want,
	struct farm_entry *entry, const char **why)
{
	if (size == ms_hash_size(entry->hash)) {
		memcpy(entry->digest, c->start, size);
		entry->blind = true;
		return true;
	}
	memcpy(entry->digest, c->digest, sizeof(entry->digest));
	if (is_module(c))
		return true;
	entry->blind = true;
	*why = c->start[0] == 0x31 ? "the attributes of an EFI program; modseal signs modules"
				   : "neither a kernel module nor a digest";
	return want->flags & MS_ANY_FILE;
}

static int read_member(struct farm_list *list, struct newc_reader *reader,
	const struct newc_head *head, const char *name, const struct farm_want *want,
	struct ms_error *err)
{
	struct content content = { 0 };
	struct farm_entry *entry;
	const char *why;
	int r = list_add(list, without_dot(name), reader->n, &entry, err);

	if (r < 0)
		return r;
	if (head->nlink > 1 && !head->size)
		return list_fault(list, reader->n, err,
			"%s is a hard link whose content stands elsewhere", name);
	entry->hash = want->hash ? want->hash : MS_HASH_SHA256;
	entry->head = *head;
	r = read_content(reader, entry->hash, &content, err);
	if (r < 0)
		return r;
	if (!classify(&content, head->size, want, entry, &why)) {
		want_skip(want, entry->name, why);
		list_drop_last(list);
	} else if (is_signed(&content)) {
		list_fault(list, reader->n, err, "%s is signed already", name);
		err_hint(err, "What wraps the answer takes that signature off, and the new one "
			      "would not fit: pack the module without it (modseal strip).");
		return MS_ERR_MODULE;
	}
	return 0;
}

static ssize_t read_input(void *in, void *data, size_t len)
{
	return input_read(in, data, len);
}

int cpio_read_requests(struct farm_list *list, struct input *in, const struct farm_want *want,
	struct ms_error *err)
{
	struct newc_reader reader = { .read = read_input, .source = in, .of = in->name };
	struct newc_head head;
	const char *name;
	int r;

	while ((r = newc_next(&reader, &head, &name, err)) > 0) {
		if (S_ISREG(head.mode))
			r = read_member(list, &reader, &head, name, want, err);
		else if (!S_ISDIR(head.mode))
			want_skip(want, name, "not a regular file");
		if (r < 0)
			break;
	}
	newc_close(&reader);
	return r;
}

static int read_signature(struct newc_reader *reader, uint32_t size, struct farm_entry *entry,
	struct ms_error *err)
{
	ssize_t n;

	if (buf_reserve(&entry->raw, size) < 0)
		return err_nomem(err);
	n = newc_read(reader, entry->raw.data, size, err);
	if (n < 0)
		return (int)n;
	entry->raw.len = size;
	return 0;
}

static int read_answer(struct farm_list *list, struct newc_reader *reader, uint32_t size,
	const char *name, enum ms_hash hash, struct ms_error *err)
{
	AUTO_FREE char *of = NULL;
	struct farm_entry *entry;
	size_t len = strlen(name);
	int r;

	if (len < SUFFIX_LEN || strcmp(name + len - SUFFIX_LEN, SUFFIX) != 0)
		return list_fault(list, reader->n, err, "%s is not named *" SUFFIX, name);
	if (!size || size > KEY_SIG_MAX)
		return list_fault(list, reader->n, err, "%s has %u bytes, which no signature has",
			name, size);
	of = strndup(name, len - SUFFIX_LEN);
	if (!of)
		return err_nomem(err);
	r = list_add(list, without_dot(of), reader->n, &entry, err);
	if (r < 0)
		return r;
	entry->hash = hash;
	return read_signature(reader, size, entry, err);
}

int cpio_read_answers(struct farm_list *list, struct input *in, enum ms_hash hash,
	struct ms_error *err)
{
	struct newc_reader reader = { .read = read_input, .source = in, .of = in->name };
	struct newc_head head;
	const char *name;
	int r;

	while ((r = newc_next(&reader, &head, &name, err)) > 0) {
		if (S_ISREG(head.mode))
			r = read_answer(list, &reader, head.size, name, hash, err);
		if (r < 0)
			break;
	}
	newc_close(&reader);
	return r;
}

int cpio_answer(struct buf *out, const struct farm_entry *entry)
{
	AUTO_FREE char *name = NULL;

	if (asprintf(&name, "%s" SUFFIX, entry->name) < 0) {
		name = NULL;
		return -1;
	}
	return newc_add(out, &entry->head, name, entry->raw.data, entry->raw.len);
}
