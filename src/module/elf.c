/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/module/look.h"

#include <elf.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_SECTIONS 64
#define TABLE_MAX      (4 << 20) /* bytes of section names or of .modinfo that are looked at */
#define VALUE_MAX      1024      /* bytes of a .modinfo value that is taken */
#define VERSION_SIZE   64        /* bytes of a struct modversion_info: a long and a name */

struct elf {
	struct module *m;
	bool wide; /* 64 bit */
	bool big;  /* most significant byte first */
	uint64_t shoff, shnum, strndx;
	uint64_t end;   /* of all that was described so far */
	bool truncated; /* something described lies (partly) behind the end of the file */
};

struct section {
	uint64_t name, type, offset, size, link;
};

static uint64_t number(const struct elf *e, const uint8_t *p, size_t size)
{
	uint64_t v = 0;

	for (size_t i = 0; i < size; i++)
		v = v << 8 | p[e->big ? i : size - 1 - i];
	return v;
}

#define HEADER_SIZE(e, type) ((e)->wide ? sizeof(Elf64_##type) : sizeof(Elf32_##type))
#define FIELD(e, p, type, field)                                                          \
	((e)->wide ? number(e, (p) + offsetof(Elf64_##type, field),                       \
			     sizeof(((Elf64_##type *)NULL)->field))                       \
		   : number(e, (p) + offsetof(Elf32_##type, field),                       \
			     sizeof(((Elf32_##type *)NULL)->field)))

static bool inside(const struct elf *e, uint64_t offset, uint64_t len)
{
	return offset <= e->m->size && len <= e->m->size - offset;
}

/* Takes note that the headers describe these bytes. */
static void describe(struct elf *e, uint64_t offset, uint64_t len)
{
	if (!len)
		return;
	if (!inside(e, offset, len))
		e->truncated = true;
	else if (offset + len > e->end)
		e->end = offset + len;
}

static void section_parse(const struct elf *e, const uint8_t *p, struct section *s)
{
	s->name = FIELD(e, p, Shdr, sh_name);
	s->type = FIELD(e, p, Shdr, sh_type);
	s->offset = FIELD(e, p, Shdr, sh_offset);
	s->size = FIELD(e, p, Shdr, sh_size);
	s->link = FIELD(e, p, Shdr, sh_link);
}

static int section_read(const struct elf *e, uint64_t index, struct section *s,
	struct ms_error *err)
{
	uint8_t raw[sizeof(Elf64_Shdr)];
	size_t size = HEADER_SIZE(e, Shdr);
	int r = module_read(e->m, e->shoff + index * size, raw, size, err);

	if (!r)
		section_parse(e, raw, s);
	return r;
}

/* Calls fn for each section, until it says 1 (found) or an error. */
static int sections_walk(struct elf *e, int (*fn)(struct elf *, const struct section *, void *),
	void *arg, struct ms_error *err)
{
	uint8_t raw[CHUNK_SECTIONS * sizeof(Elf64_Shdr)];
	size_t size = HEADER_SIZE(e, Shdr);
	uint64_t done = 0;

	while (done < e->shnum) {
		uint64_t n = e->shnum - done;
		int r;

		if (n > CHUNK_SECTIONS)
			n = CHUNK_SECTIONS;
		r = module_read(e->m, e->shoff + done * size, raw, n * size, err);
		for (uint64_t i = 0; i < n && !r; i++) {
			struct section s;

			section_parse(e, raw + i * size, &s);
			r = fn(e, &s, arg);
		}
		if (r)
			return r;
		done += n;
	}
	return 0;
}

static int section_describe(struct elf *e, const struct section *s, void *arg)
{
	if (s->type != SHT_NULL && s->type != SHT_NOBITS)
		describe(e, s->offset, s->size);
	return 0;
}

/* ELF's extended numbering: what does not fit the file header stands in section 0. */
static int extended_numbers(struct elf *e, struct ms_error *err)
{
	struct section zero;
	int r;

	if (e->shnum && e->strndx != SHN_XINDEX)
		return 0;
	if (!e->shoff || !inside(e, e->shoff, HEADER_SIZE(e, Shdr)))
		return 0;
	r = section_read(e, 0, &zero, err);
	if (r)
		return r;
	if (!e->shnum)
		e->shnum = zero.size;
	if (e->strndx == SHN_XINDEX)
		e->strndx = zero.link;
	return 0;
}

static int say(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return 0;
}

static const char *type_name(uint64_t type)
{
	switch (type) {
	case ET_EXEC:
		return "it is an ELF executable";
	case ET_DYN:
		return "it is an ELF shared object or executable";
	case ET_CORE:
		return "it is a core dump";
	default:
		return "it is an ELF file, but not a relocatable one";
	}
}

bool elf_starts_rel(const uint8_t *start, size_t len)
{
	struct elf e = { 0 };

	if (len < offsetof(Elf64_Ehdr, e_machine) || memcmp(start, ELFMAG, SELFMAG))
		return false;
	e.big = start[EI_DATA] == ELFDATA2MSB;
	return number(&e, start + offsetof(Elf64_Ehdr, e_type), 2) == ET_REL;
}

/* The file header. Sets e->end when it is that of a relocatable file, else says why not. */
static int header_look(struct elf *e, char *why, size_t why_size, struct ms_error *err)
{
	uint8_t h[sizeof(Elf64_Ehdr)] = { 0 };
	size_t len = e->m->size < sizeof(h) ? (size_t)e->m->size : sizeof(h);
	int r = module_read(e->m, 0, h, len, err);

	if (r)
		return r;
	if (len < EI_NIDENT || memcmp(h, ELFMAG, SELFMAG))
		return say(why, why_size, "it is not an ELF file");
	if ((h[EI_CLASS] != ELFCLASS32 && h[EI_CLASS] != ELFCLASS64) ||
		(h[EI_DATA] != ELFDATA2LSB && h[EI_DATA] != ELFDATA2MSB))
		return say(why, why_size, "its ELF header is damaged");
	e->wide = h[EI_CLASS] == ELFCLASS64;
	e->big = h[EI_DATA] == ELFDATA2MSB;
	if (len < HEADER_SIZE(e, Ehdr))
		return say(why, why_size, "it ends within its ELF header");
	if (FIELD(e, h, Ehdr, e_type) != ET_REL)
		return say(why, why_size, type_name(FIELD(e, h, Ehdr, e_type)));
	e->shoff = FIELD(e, h, Ehdr, e_shoff);
	e->shnum = FIELD(e, h, Ehdr, e_shnum);
	e->strndx = FIELD(e, h, Ehdr, e_shstrndx);
	r = extended_numbers(e, err);
	if (r)
		return r;
	if (!e->shnum)
		return say(why, why_size, "it is an ELF relocatable file without sections");
	if (FIELD(e, h, Ehdr, e_shentsize) != HEADER_SIZE(e, Shdr))
		return say(why, why_size, "its ELF header is damaged (e_shentsize)");
	describe(e, 0, HEADER_SIZE(e, Ehdr));
	/* the product of two 16 bit numbers */
	describe(e, FIELD(e, h, Ehdr, e_phoff),
		FIELD(e, h, Ehdr, e_phnum) * FIELD(e, h, Ehdr, e_phentsize));
	if (e->shnum > e->m->size / HEADER_SIZE(e, Shdr))
		e->truncated = true;
	else
		describe(e, e->shoff, e->shnum * HEADER_SIZE(e, Shdr));
	return 0;
}

/* Looking for a section by its name. */
struct section_search {
	const char *wanted;
	const uint8_t *names;
	uint64_t names_len;
	struct section found;
};

static int is_wanted(struct elf *e, const struct section *s, void *arg)
{
	struct section_search *search = arg;
	size_t size = strlen(search->wanted) + 1;

	if (s->name > search->names_len || search->names_len - s->name < size ||
		memcmp(search->names + s->name, search->wanted, size) || s->type == SHT_NOBITS)
		return 0;
	search->found = *s;
	return 1;
}

/* Reads a section into memory; leaves *data NULL if it is empty or absurdly large. */
static int section_load(const struct elf *e, const struct section *s, uint8_t **data,
	struct ms_error *err)
{
	*data = NULL;
	if (!s->size || s->size > TABLE_MAX || !inside(e, s->offset, s->size))
		return 0;
	*data = malloc(s->size);
	if (!*data)
		return err_nomem(err);
	return module_read(e->m, s->offset, *data, s->size, err);
}

/* The value of the first "key=value" in NUL-separated text, if it is printable ASCII: these
 * values are shown and compared, and there is no reason for others. */
static int value_take(const uint8_t *text, size_t len, const char *key, char **value,
	struct ms_error *err)
{
	size_t key_len = strlen(key);

	while (len) {
		size_t n = strnlen((const char *)text, len);

		if (n > key_len && text[key_len] == '=' && !memcmp(text, key, key_len)) {
			n -= key_len + 1;
			text += key_len + 1;
			for (size_t i = 0; i < n; i++)
				if (text[i] < ' ' || text[i] > '~')
					return 0;
			if (n > VALUE_MAX)
				return 0;
			*value = strndup((const char *)text, n);
			return *value ? 0 : err_nomem(err);
		}
		if (n < len)
			n++;
		text += n;
		len -= n;
	}
	return 0;
}

/* The content of the section of that name; leaves *data NULL if there is none. */
static int section_find(struct elf *e, const char *name, uint8_t **data, uint64_t *len,
	struct ms_error *err)
{
	AUTO_FREE uint8_t *names = NULL;
	struct section_search search = { .wanted = name };
	struct section strings;
	int r;

	*data = NULL;
	if (e->strndx >= e->shnum)
		return 0;
	r = section_read(e, e->strndx, &strings, err);
	if (!r)
		r = section_load(e, &strings, &names, err);
	if (r || !names)
		return r;
	search.names = names;
	search.names_len = strings.size;
	r = sections_walk(e, is_wanted, &search, err);
	if (r != 1)
		return r;
	*len = search.found.size;
	return section_load(e, &search.found, data, err);
}

static int modinfo_look(struct elf *e, struct ms_error *err)
{
	AUTO_FREE uint8_t *text = NULL;
	uint64_t len = 0;
	int r = section_find(e, ".modinfo", &text, &len, err);

	if (r || !text)
		return r;
	r = value_take(text, len, "vermagic", &e->m->vermagic, err);
	if (!r)
		r = value_take(text, len, "name", &e->m->name, err);
	return r;
}

int module_symbol_versions(struct module *m, module_version_fn *fn, void *user,
	struct ms_error *err)
{
	AUTO_FREE uint8_t *data = NULL;
	struct elf e = { .m = m };
	uint64_t len = 0;
	char why[256];
	int r = header_look(&e, why, sizeof(why), err);

	if (!r && e.end)
		r = section_find(&e, "__versions", &data, &len, err);
	if (r || !data)
		return r;
	for (uint64_t at = 0; at + VERSION_SIZE <= len; at += VERSION_SIZE) {
		size_t word = e.wide ? 8 : 4;
		const char *name = (const char *)data + at + word;

		if (strnlen(name, VERSION_SIZE - word) < VERSION_SIZE - word)
			fn(user, name, (uint32_t)number(&e, data + at, word));
	}
	return 0;
}

int elf_look(struct module *m, char *why, size_t why_size, struct ms_error *err)
{
	struct elf e = { .m = m };
	int r = header_look(&e, why, why_size, err);

	if (r || !e.end)
		return r;
	if (!e.truncated)
		r = sections_walk(&e, section_describe, NULL, err);
	if (r)
		return r;
	if (e.truncated) {
		snprintf(why, why_size,
			"its ELF headers describe more than the %llu bytes it has: it was cut off "
			"or is damaged",
			(unsigned long long)m->size);
		return 0;
	}
	r = modinfo_look(&e, err);
	if (r)
		return r;
	m->elf_rel = true;
	m->elf_end = e.end;
	return 0;
}
