/* SPDX-License-Identifier: Apache-2.0 */
/* What module_open() finds out about a file, a look each. Private to this room. */
#ifndef MODSEAL_MODULE_LOOK_H
#define MODSEAL_MODULE_LOOK_H

#include "src/module/module.h"

#define MODULE_CHUNK (128 * 1024) /* bytes that are read, digested or copied at once */

/* Whether the first bytes are an ELF header with type ET_REL. */
bool elf_starts_rel(const uint8_t *start, size_t len);

/*
 * Fills elf_rel, elf_end, vermagic and name. A file that is not a whole ELF relocatable file
 * leaves them zero and says in `why` what it is ("it is an ELF shared object"). The headers may
 * be hostile: everything they say is checked against the file's size.
 */
int elf_look(struct module *m, char *why, size_t why_size, struct ms_error *err);

/* Fills tail, tail_reason, sigs and bare_len; after elf_look(). */
int tail_look(struct module *m, struct ms_error *err);

#endif
