/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel module as a file: is it one, how is it compressed, what is appended to it, and how it
 * is written back. Knows nothing of CMS, keys or certificates: a signature is bytes here.
 *
 *   [content][CMS][struct module_signature, 12 bytes]["~Module signature appended~\n"]
 *
 * (kernel: include/linux/module_signature.h, kernel/module_signature.c). The kernel checks the
 * last signature only, over all that stands before it; a signature below another is content.
 */
#ifndef MODSEAL_MODULE_MODULE_H
#define MODSEAL_MODULE_MODULE_H

#include "src/module/memory.h"

#include <modseal/hash.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define MODULE_MARKER     "~Module signature appended~\n"
#define MODULE_MARKER_LEN (sizeof(MODULE_MARKER) - 1) /* 28 */
#define MODULE_INFO_LEN   12                          /* struct module_signature */

enum module_compression { MODULE_PLAIN, MODULE_GZ, MODULE_XZ, MODULE_ZST };

/* What stands at the end of the (uncompressed) file. */
enum module_tail {
	MODULE_UNSIGNED,    /* no marker: to the kernel it has no signature */
	MODULE_SIGNED,      /* a well-formed tail; sigs[0] is it */
	MODULE_MALFORMED,   /* a marker, but the kernel refuses what is before it (EBADMSG, ENOPKG):
			       tail_reason says which rule */
	MODULE_INTERRUPTED, /* no marker, but behind the ELF's own end starts a DER SignedData, or
			       stand NUL bytes: a signature that a kill or a power loss cut off */
};

/* One appended signature; offsets are into the uncompressed file. */
struct module_sig {
	uint64_t content_len; /* what it signs: bytes [0, content_len) */
	uint64_t cms_len;     /* the CMS is at [content_len, content_len + cms_len) */
	uint64_t end;         /* first byte behind its marker */
};

struct module {
	char *path;    /* as it was given */
	char *target;  /* where it lies after symbolic links: this is what gets replaced */
	int fd;        /* of target, open for reading */
	struct stat st;            /* of fd, taken when it was opened */
	enum module_compression compression;
	struct lent_buf plain;     /* the content of a compressed file, or of a small plain one */
	struct lent_buf packed;    /* a small compressed file as it is, until it is written back */
	const uint8_t *data;       /* of plain; NULL: the content is read from fd */
	struct module_memory *memory; /* what bounds it, NULL if nothing does */
	size_t memory_taken;       /* bytes of it */
	uint64_t size;             /* bytes, uncompressed */
	bool elf_rel;              /* an ELF relocatable file (what insmod takes) */
	uint64_t elf_end;          /* end of what the ELF headers describe; 0 if not elf_rel */
	char *vermagic;            /* from .modinfo ("6.1.0-53-amd64 SMP preempt ..."), or NULL */
	char *name;                /* from .modinfo name=, or NULL */
	enum module_tail tail;
	char tail_reason[256];     /* for MODULE_MALFORMED and MODULE_INTERRUPTED, one clause */
	int tail_error;            /* for MODULE_MALFORMED: EBADMSG or ENOPKG, as the kernel says */
	struct module_sig *sigs;   /* outermost (the one that counts) first, then those below it */
	size_t n_sigs;
	uint64_t bare_len;         /* bytes without any signature or interrupted tail */
};

enum module_open_flags {
	MODULE_ANY_FILE = 1, /* not only ELF relocatable files (kexec images, IMA modsig) */
};

/*
 * Opens and looks. Errors: MS_ERR_IO (cannot be read; a directory), MS_ERR_MODULE (empty, not an
 * ELF relocatable file unless MODULE_ANY_FILE, damaged compression, nothing left to sign);
 * a malformed or missing signature is no error here: see tail. Compressed files are told by
 * their magic, not by their name. Memory for a compressed module: its uncompressed size.
 */
int module_open(const char *path, unsigned flags, struct module **m, struct ms_error *err);
struct module_memory;
/* The same within bounds: waits while compressed modules that are open take too much memory
 * (src/module/memory.h). `memory` must outlive the module. */
int module_open_within(struct module_memory *memory, const char *path, unsigned flags,
	struct module **m, struct ms_error *err);
void module_close(struct module *m);

/* Tells the version (a CRC) that the module was built with of each symbol that it uses: its
 * section __versions (kernel: CONFIG_MODVERSIONS, kernel/module/version.c). Nothing if it has none. */
typedef void module_version_fn(void *user, const char *symbol, uint32_t crc);
int module_symbol_versions(struct module *m, module_version_fn *fn, void *user,
	struct ms_error *err);

/* Copies bytes of the uncompressed file; MS_ERR_MODULE if they are not there any more. */
int module_read(struct module *m, uint64_t offset, void *data, size_t len, struct ms_error *err);
/* The digest of the first `len` bytes, in one pass over the file with bounded memory. `out` gets
 * ms_hash_size(hash) bytes. */
int module_digest(struct module *m, uint64_t len, enum ms_hash hash, uint8_t *out,
	struct ms_error *err);

/* The digest of an open file from its start to its end, as it is: compressed or not, with all that is
 * appended. `name` is for messages. */
int module_fd_digest(int fd, const char *name, enum ms_hash hash, uint8_t *out,
	struct ms_error *err);

/* Builds the whole tail (CMS, struct, marker) for a CMS. */
int module_tail_build(const void *cms, size_t cms_len, struct buf *tail, struct ms_error *err);

/*
 * Writes the first keep_len bytes and the tail (tail_len may be 0) to `dest` (NULL: in place, over
 * m->target; else a path, which may exist), compressed as the module was, with parameters that the
 * kernel's own decompressor reads: a temporary file beside the destination, then rename, so that
 * at any moment the destination is what it was or all new.
 * Keeps mode, owner (as far as allowed), times as documented in modseal-sign(1) and extended
 * attributes but security.ima and security.evm, which cover the old content. In place,
 * refuses with MS_ERR_MODULE when the file changed since module_open().
 * After success m still describes the old file.
 */
int module_write(struct module *m, uint64_t keep_len, const void *tail, size_t tail_len,
	const char *dest, struct ms_error *err);

/*
 * module_write() in two steps, so that the cost of bringing data to the disk can be shared:
 * module_stage() writes the temporary file, staged_commit() gives it its name.
 */
struct staged;

/* All of module_write() but the name. The module may be closed before the rest is done. */
int module_stage(struct module *m, uint64_t keep_len, const void *tail, size_t tail_len,
	const char *dest, struct staged **staged, struct ms_error *err);
/* Brings the file's data to the disk. */
int staged_sync(struct staged *staged, struct ms_error *err);
/* An open file on the file system that it lies on, for syncfs(2); belongs to it. */
int staged_fd(const struct staged *staged);
/* Gives it its name. Refuses as module_write() does when the module changed meanwhile. */
int staged_commit(struct staged *staged, struct ms_error *err);
/* Removes the temporary file if it was not committed. */
void staged_free(struct staged *staged);

/*
 * Makes `path` a name of `file`, by way of a temporary name, so that it is the one or the other at
 * any moment. `was` (if not NULL) is the file that path has to be until then, else
 * MS_ERR_MODULE. MS_ERR_UNSUPPORTED: the file system allows no such name.
 */
int module_relink(const char *file, const char *path, const struct stat *was,
	struct ms_error *err);

/* Whether module_append() may be used: uncompressed, unsigned, one name, nothing to cut off. */
bool module_can_append(const struct module *m);
/*
 * Adds the tail to the file itself: under an exclusive lock (flock(2); a file that is locked by
 * another process is MS_ERR_MODULE), after another look at size and time. On an error the file is
 * truncated to what it was, but left as it is where another process wrote to it meanwhile. *fd (if not
 * NULL) gets a descriptor of it for syncfs(2), to be closed by the caller. 1: the file must not be
 * written to, or the kernel loads it just now; it can be replaced all the same.
 */
int module_append(struct module *m, const void *tail, size_t tail_len, int *fd,
	struct ms_error *err);

#endif
