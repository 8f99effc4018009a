/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/module/look.h"

#include <modseal/module.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ID_TYPE_PGP    0
#define ID_TYPE_X509   1
#define ID_TYPE_PKCS7  2
#define ID_TYPE_MERKLE 3

#define DER_SEQUENCE 0x30

#define STACK_MAX       4096      /* signatures on top of each other that are taken apart */
#define INTERRUPTED_MAX (1 << 20) /* bytes behind the ELF's end that are looked at */

/* struct module_signature, as it stands in the file */
struct info {
	uint8_t algo, hash, id_type, signer_len, key_id_len, pad[3];
	uint8_t sig_len[4]; /* most significant byte first */
};
_Static_assert(sizeof(struct info) == MODULE_INFO_LEN, "struct module_signature");

enum kind { NO_MARKER, GOOD, BAD };

/* What stands at the end of a part of the file. */
struct end_look {
	enum kind kind;
	uint64_t start;   /* where it begins; the end of the part if that can't be told */
	uint64_t sig_len; /* GOOD */
	char *reason;     /* BAD: filled */
	size_t reason_size;
	int error;        /* BAD: EBADMSG or ENOPKG */
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

__attribute__((format(printf, 3, 4)))
static int bad(struct end_look *look, int error, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	look->kind = BAD;
	look->error = error;
	va_start(ap, fmt);
	vsnprintf(look->reason, look->reason_size, fmt, ap);
	va_end(ap);
	len = strlen(look->reason);
	snprintf(look->reason + len, look->reason_size - len, " (%s)", strerrorname_np(error));
	return 0;
}

static const char *id_type_name(uint8_t id_type)
{
	switch (id_type) {
	case ID_TYPE_PGP:
		return "OpenPGP";
	case ID_TYPE_X509:
		return "a bare X.509 signature, as kernels before 4.3 had";
	case ID_TYPE_MERKLE:
		return "possibly a Merkle proof, CONFIG_MODULE_HASHES";
	default:
		return "not a type that is known";
	}
}

/* mod_check_sig()'s rule that the other fields are zero. */
static int check_fields(const struct info *info, struct end_look *look)
{
	const struct {
		const char *name;
		uint8_t value;
	} fields[] = {
		{ "algo", info->algo },
		{ "hash", info->hash },
		{ "signer_len", info->signer_len },
		{ "key_id_len", info->key_id_len },
		{ "__pad[0]", info->pad[0] },
		{ "__pad[1]", info->pad[1] },
		{ "__pad[2]", info->pad[2] },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].value)
			return bad(look, EBADMSG, "its %s is %u where the kernel wants 0",
				fields[i].name, fields[i].value);
	return 0;
}

/* Where the tail begins if what its struct says is to be believed. */
static void place(const struct info *info, uint64_t before, uint64_t floor, struct end_look *look)
{
	uint64_t len = be32(info->sig_len);

	if (info->id_type == ID_TYPE_X509) /* these two stood before the signature */
		len += (uint64_t)info->signer_len + info->key_id_len;
	if (len <= before && before - len >= floor)
		look->start = before - len;
	else if (floor)
		look->start = floor;
}

/* The kernel's rules, in its order, then what its parser refuses at the first byte. `before`
 * bytes stand before the struct; the ELF headers describe the first `floor`. */
static int check(struct module *m, const struct info *info, uint64_t before, uint64_t floor,
	struct end_look *look, struct ms_error *err)
{
	static const struct info nothing;
	uint64_t sig_len = be32(info->sig_len);
	uint8_t first;
	int r;

	place(info, before, floor, look);
	if (sig_len == before)
		return bad(look, EBADMSG,
			"its sig_len is %llu, all that stands before it: nothing is left to be signed",
			(unsigned long long)sig_len);
	if (sig_len > before)
		return bad(look, EBADMSG, "its sig_len is %llu, but only %llu bytes stand before it",
			(unsigned long long)sig_len, (unsigned long long)before);
	if (!memcmp(info, &nothing, sizeof(nothing)))
		return bad(look, ENOPKG,
			"only NUL bytes stand before its marker: it was lost before it reached the disk");
	if (info->id_type != ID_TYPE_PKCS7)
		return bad(look, ENOPKG, "its id_type is %u (%s) where the kernel wants 2, PKCS#7",
			info->id_type, id_type_name(info->id_type));
	check_fields(info, look);
	if (look->kind == BAD)
		return 0;
	if (!sig_len)
		return bad(look, EBADMSG, "its sig_len is 0");
	if (before - sig_len < floor)
		return bad(look, EBADMSG,
			"its sig_len is %llu, which reaches %llu bytes into the module itself",
			(unsigned long long)sig_len,
			(unsigned long long)(floor - (before - sig_len)));
	r = module_read(m, before - sig_len, &first, 1, err);
	if (r)
		return r;
	if (first != DER_SEQUENCE)
		return bad(look, EBADMSG,
			"its signature starts with the byte 0x%02x, so it is no CMS message",
			first);
	look->kind = GOOD;
	look->sig_len = sig_len;
	return 0;
}

/* Looks at the end of the first `end` bytes as the kernel would if there were no more. */
static int end_look(struct module *m, uint64_t end, uint64_t floor, struct end_look *look,
	struct ms_error *err)
{
	uint8_t raw[sizeof(struct info) + MODULE_MARKER_LEN] = { 0 };
	size_t len = end < sizeof(raw) ? (size_t)end : sizeof(raw);
	uint8_t *last = raw + sizeof(raw) - len;
	struct info info;
	int r;

	look->kind = NO_MARKER;
	look->start = end;
	if (end <= MODULE_MARKER_LEN) /* a file that is nothing but a marker has none */
		return 0;
	r = module_read(m, end - len, last, len, err);
	if (r || memcmp(raw + sizeof(info), MODULE_MARKER, MODULE_MARKER_LEN))
		return r;
	if (end <= sizeof(raw))
		return bad(look, EBADMSG,
			"only %llu bytes stand before its marker, too few for a module signature",
			(unsigned long long)(end - MODULE_MARKER_LEN));
	memcpy(&info, raw, sizeof(info));
	return check(m, &info, end - sizeof(raw), floor, look, err);
}

static int sigs_add(struct module *m, uint64_t end, const struct end_look *look,
	struct ms_error *err)
{
	struct module_sig *sigs = reallocarray(m->sigs, m->n_sigs + 1, sizeof(*sigs));

	if (!sigs)
		return err_nomem(err);
	m->sigs = sigs;
	sigs[m->n_sigs++] = (struct module_sig){
		.content_len = look->start,
		.cms_len = look->sig_len,
		.end = end,
	};
	return 0;
}

static void struct_and_marker(uint32_t cms_len, uint8_t out[MODULE_INFO_LEN + MODULE_MARKER_LEN])
{
	struct info info = {
		.id_type = ID_TYPE_PKCS7,
		.sig_len = { (uint8_t)(cms_len >> 24), (uint8_t)(cms_len >> 16),
			     (uint8_t)(cms_len >> 8), (uint8_t)cms_len },
	};

	memcpy(out, &info, sizeof(info));
	memcpy(out + sizeof(info), MODULE_MARKER, MODULE_MARKER_LEN);
}

/* Whether p is what there is of a DER ContentInfo that holds SignedData. *total is its whole
 * length, 0 if p ends before that is said. */
static bool cms_start(const uint8_t *p, size_t n, uint64_t *total)
{
	/* OBJECT IDENTIFIER 1.2.840.113549.1.7.2 */
	static const uint8_t oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07,
		0x02 };
	size_t head = 2;
	uint64_t len;

	*total = 0;
	if (!n || p[0] != DER_SEQUENCE)
		return false;
	if (n == 1)
		return true;
	len = p[1];
	if (len & 0x80) {
		head += len & 0x7f;
		if (head < 3 || head > 6)
			return false;
		if (n < head)
			return true;
		len = 0;
		for (size_t i = 2; i < head; i++)
			len = len << 8 | p[i];
	}
	*total = head + len;
	n -= head;
	return len > sizeof(oid) && !memcmp(p + head, oid, n < sizeof(oid) ? n : sizeof(oid));
}

struct whole_tails {
	size_t count, len;
};

/* Whether p is nothing but tails, of which the last may lack its end. */
static bool cut_tails(const uint8_t *p, size_t n, struct whole_tails *whole)
{
	uint8_t want[MODULE_INFO_LEN + MODULE_MARKER_LEN];
	size_t done = 0;

	*whole = (struct whole_tails){ 0 };
	while (done < n) {
		uint64_t total;
		size_t left;

		if (!cms_start(p + done, n - done, &total))
			return false;
		if (!total || n - done <= total)
			return true;
		done += total;
		left = n - done;
		struct_and_marker((uint32_t)total, want);
		if (memcmp(p + done, want, left < sizeof(want) ? left : sizeof(want)))
			return false;
		if (left < sizeof(want))
			return true;
		done += sizeof(want);
		whole->count++;
		whole->len = done;
	}
	return true;
}

/* Describes an interrupted tail in `why`; leaves it empty if that isn't one. The end may have
 * become NUL bytes: the file had grown, but its data had not reached the disk. */
static void interrupted_say(const uint8_t *p, size_t n, uint64_t at, char *why, size_t size)
{
	struct whole_tails whole;
	size_t written = n;

	while (written && !p[written - 1])
		written--;
	if (!written)
		snprintf(why, size, "%zu NUL bytes stand behind the module's own end at byte %llu",
			n, (unsigned long long)at);
	else if (!cut_tails(p, written, &whole))
		return;
	else if (whole.count)
		snprintf(why, size,
			"%zu bytes of an unfinished signature or of NULs stand behind %zu whole "
			"one(s)",
			n - whole.len, whole.count);
	else
		snprintf(why, size,
			"%zu bytes of a signature without its end stand behind the module's own "
			"end at byte %llu",
			n, (unsigned long long)at);
}

static int interrupted_look(struct module *m, uint64_t end, char *why, size_t size,
	struct ms_error *err)
{
	AUTO_FREE uint8_t *p = NULL;
	uint64_t n = end - m->elf_end;
	int r;

	why[0] = '\0';
	if (!n || n > INTERRUPTED_MAX)
		return 0;
	p = malloc(n);
	if (!p)
		return err_nomem(err);
	r = module_read(m, m->elf_end, p, n, err);
	if (!r)
		interrupted_say(p, n, m->elf_end, why, size);
	return r;
}

/* Takes apart what stands at the end, signature by signature; bare_len becomes where they end. */
static int peel(struct module *m, struct ms_error *err)
{
	uint64_t floor = m->elf_rel ? m->elf_end : 0;
	char unused[sizeof(m->tail_reason)];

	m->tail = MODULE_UNSIGNED;
	m->bare_len = m->size;
	for (unsigned depth = 0; depth < STACK_MAX && m->bare_len > floor; depth++) {
		uint64_t end = m->bare_len;
		struct end_look look = {
			.reason = depth ? unused : m->tail_reason,
			.reason_size = sizeof(m->tail_reason),
		};
		int r = end_look(m, end, floor, &look, err);

		if (r || look.kind == NO_MARKER)
			return r;
		if (!depth) {
			m->tail = look.kind == GOOD ? MODULE_SIGNED : MODULE_MALFORMED;
			m->tail_error = look.error;
		}
		if (look.kind == GOOD && m->tail == MODULE_SIGNED && m->n_sigs == depth)
			r = sigs_add(m, end, &look, err);
		if (r || look.start == end)
			return r;
		m->bare_len = look.start;
	}
	return 0;
}

int tail_look(struct module *m, struct ms_error *err)
{
	char why[sizeof(m->tail_reason)];
	int r = peel(m, err);

	if (r || !m->elf_rel)
		return r;
	r = interrupted_look(m, m->bare_len, why, sizeof(why), err);
	if (r || !why[0])
		return r;
	m->bare_len = m->elf_end;
	if (m->tail == MODULE_UNSIGNED) {
		m->tail = MODULE_INTERRUPTED;
		memcpy(m->tail_reason, why, sizeof(why));
	}
	return 0;
}

MS_API const char *ms_module_state_name(enum ms_module_state state)
{
	static const char *const names[] = {
		[MS_MODULE_UNSIGNED] = "unsigned",
		[MS_MODULE_SIGNED] = "signed",
		[MS_MODULE_MALFORMED] = "malformed signature",
		[MS_MODULE_INTERRUPTED] = "interrupted signature",
	};

	return names[state];
}

int module_tail_build(const void *cms, size_t cms_len, struct buf *tail, struct ms_error *err)
{
	uint8_t end[MODULE_INFO_LEN + MODULE_MARKER_LEN];

	if (!cms_len || cms_len > UINT32_MAX)
		return err_set(err, MS_ERR_USAGE, "a signature of %zu bytes cannot be appended",
			cms_len);
	struct_and_marker((uint32_t)cms_len, end);
	if (buf_reserve(tail, cms_len + sizeof(end)) < 0)
		return err_nomem(err);
	if (buf_add(tail, cms, cms_len) < 0 || buf_add(tail, end, sizeof(end)) < 0)
		return err_nomem(err);
	return 0;
}
