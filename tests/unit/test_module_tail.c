/* SPDX-License-Identifier: Apache-2.0 */
/* The appended signature: which ones are taken, which rule refuses the others, what a cut-off
 * one looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "module_fixture.h"

#define TAIL_FIXED (MODULE_INFO_LEN + MODULE_MARKER_LEN)

/* Positions in struct module_signature */
enum { ALGO, HASH, ID_TYPE, SIGNER_LEN, KEY_ID_LEN, PAD0, PAD1, PAD2, SIG_LEN };

static struct module *look(void **state, const struct buf *b, unsigned flags)
{
	const char *path = in_dir(state, "m.ko");

	write_buf(path, b);
	return open_ok(path, flags);
}

static void assert_tail(void **state, const struct buf *b, enum module_tail tail,
	uint64_t bare_len, const char *reason)
{
	struct module *m = look(state, b, 0);

	if (m->tail != tail || m->bare_len != bare_len)
		fail_msg("tail %d, bare %llu of %llu: %s", m->tail,
			(unsigned long long)m->bare_len, (unsigned long long)m->size,
			m->tail_reason);
	assert_contains(m->tail_reason, reason);
	if (tail != MODULE_SIGNED)
		assert_int_equal(m->n_sigs, 0);
	module_close(m);
}

static uint8_t *info_of(struct buf *b)
{
	return b->data + b->len - TAIL_FIXED;
}

static void set_sig_len(struct buf *b, uint64_t len)
{
	for (int i = 0; i < 4; i++)
		info_of(b)[SIG_LEN + i] = (uint8_t)(len >> (24 - 8 * i));
}

static void test_build(void **state)
{
	AUTO_BUF struct buf tail = { 0 };
	struct ms_error err;

	assert_int_equal(module_tail_build("0123456789", 10, &tail, &err), 0);
	assert_int_equal(tail.len, 50);
	assert_memory_equal(tail.data,
		"0123456789\0\0\2\0\0\0\0\0\0\0\0\12~Module signature appended~\n", 50);
	assert_int_equal(module_tail_build("", 0, &tail, &err), MS_ERR_USAGE);
	assert_int_equal(module_tail_build("", (size_t)1 << 32, &tail, &err), MS_ERR_USAGE);
}

static void test_unsigned(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	make_module(&b);
	assert_tail(state, &b, MODULE_UNSIGNED, b.len, "");
}

static void test_signed(void **state)
{
	static const size_t lens[] = { 21, 129, 130, 131, 258, 259, 260, 700, 60000 };
	AUTO_BUF struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct module *m;
		size_t end;

		make_module(&b);
		end = b.len;
		add_tail(&b, lens[i]);
		m = look(state, &b, 0);
		assert_int_equal(m->tail, MODULE_SIGNED);
		assert_int_equal(m->n_sigs, 1);
		assert_int_equal(m->sigs[0].content_len, end);
		assert_int_equal(m->sigs[0].cms_len, lens[i]);
		assert_int_equal(m->sigs[0].end, b.len);
		assert_int_equal(m->bare_len, end);
		assert_int_equal(m->elf_end, end);
		assert_string_equal(m->tail_reason, "");
		module_close(m);
	}
}

static void test_stacked(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	struct module *m;
	size_t ends[4];

	make_module(&b);
	for (int i = 0; i < 3; i++) {
		ends[i] = b.len;
		add_tail(&b, 100 + 50 * (size_t)i);
	}
	ends[3] = b.len;
	m = look(state, &b, 0);
	assert_int_equal(m->tail, MODULE_SIGNED);
	assert_int_equal(m->n_sigs, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(m->sigs[i].content_len, ends[2 - i]);
		assert_int_equal(m->sigs[i].cms_len, 200 - 50 * i);
		assert_int_equal(m->sigs[i].end, ends[3 - i]);
	}
	assert_int_equal(m->bare_len, ends[0]);
	module_close(m);
}

static void test_deep_stack_ends(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	struct module *m;

	make_module(&b);
	for (int i = 0; i < 6000; i++)
		add_tail(&b, 21);
	m = look(state, &b, 0);
	assert_int_equal(m->tail, MODULE_SIGNED);
	assert_in_range(m->n_sigs, 100, 6000);
	module_close(m);
}

static void test_rules(void **state)
{
	static const struct {
		int at, value;
		const char *reason;
	} rules[] = {
		{ ALGO, 1, "algo is 1 where the kernel wants 0 (EBADMSG)" },
		{ HASH, 4, "hash is 4 where the kernel wants 0 (EBADMSG)" },
		{ SIGNER_LEN, 7, "signer_len is 7 where the kernel wants 0 (EBADMSG)" },
		{ KEY_ID_LEN, 255, "key_id_len is 255 where the kernel wants 0 (EBADMSG)" },
		{ PAD0, 1, "__pad[0] is 1 where the kernel wants 0 (EBADMSG)" },
		{ PAD1, 1, "__pad[1] is 1 where the kernel wants 0 (EBADMSG)" },
		{ PAD2, 1, "__pad[2] is 1 where the kernel wants 0 (EBADMSG)" },
		{ ID_TYPE, 0, "id_type is 0 (OpenPGP) where the kernel wants 2, PKCS#7 (ENOPKG)" },
		{ ID_TYPE, 1, "id_type is 1 (a bare X.509 signature" },
		{ ID_TYPE, 3, "Merkle proof, CONFIG_MODULE_HASHES) where" },
		{ ID_TYPE, 200, "id_type is 200 (not a type that is known)" },
	};
	AUTO_BUF struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		size_t end;

		make_module(&b);
		end = b.len;
		add_tail(&b, 80);
		info_of(&b)[rules[i].at] = (uint8_t)rules[i].value;
		assert_tail(state, &b, MODULE_MALFORMED, end, rules[i].reason);
	}
}

static void test_x509_tail(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	size_t end;

	/* kernels before 4.3: signer's name, key id and signature, with their lengths */
	make_module(&b);
	end = b.len;
	add_tail(&b, 80);
	info_of(&b)[ID_TYPE] = 1;
	info_of(&b)[SIGNER_LEN] = 20;
	info_of(&b)[KEY_ID_LEN] = 20;
	set_sig_len(&b, 40);
	assert_tail(state, &b, MODULE_MALFORMED, end, "id_type is 1");
}

static void test_sig_len(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	size_t end, before;

	make_module(&b);
	end = b.len;
	add_tail(&b, 80);
	before = end + 80;

	set_sig_len(&b, 0);
	assert_tail(state, &b, MODULE_MALFORMED, end, "sig_len is 0 (EBADMSG)");
	set_sig_len(&b, 0xffffffff);
	assert_tail(state, &b, MODULE_MALFORMED, end, "sig_len is 4294967295, but only");
	set_sig_len(&b, before + 1);
	assert_tail(state, &b, MODULE_MALFORMED, end, "bytes stand before it (EBADMSG)");
	set_sig_len(&b, before);
	assert_tail(state, &b, MODULE_MALFORMED, end, "nothing is left to be signed (EBADMSG)");
	set_sig_len(&b, before - 1);
	assert_tail(state, &b, MODULE_MALFORMED, end, "bytes into the module itself (EBADMSG)");
	set_sig_len(&b, 81);
	assert_tail(state, &b, MODULE_MALFORMED, end, "reaches 1 bytes into the module itself");
	set_sig_len(&b, 79);
	assert_tail(state, &b, MODULE_MALFORMED, end, "starts with the byte 0x4e, so it is no CMS");
	set_sig_len(&b, 80);
	assert_tail(state, &b, MODULE_SIGNED, end, "");
}

static void test_lost_with_the_power(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	size_t end;

	make_module(&b);
	end = b.len;
	add_tail(&b, 300);
	memset(b.data + end, 0, 100);
	assert_tail(state, &b, MODULE_MALFORMED, end, "starts with the byte 0x00");
	memset(b.data + end, 0, 300 + MODULE_INFO_LEN);
	assert_tail(state, &b, MODULE_MALFORMED, end, "only NUL bytes stand before its marker");
}

static void test_cut_at_every_byte(void **state)
{
	static const size_t lens[] = { 60, 200, 300 };
	AUTO_BUF struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		size_t end, full;

		make_module(&b);
		end = b.len;
		add_tail(&b, lens[i]);
		full = b.len;
		for (b.len = full - 1; b.len > end; b.len--)
			assert_tail(state, &b, MODULE_INTERRUPTED, end,
				"of a signature without its end");
		assert_tail(state, &b, MODULE_UNSIGNED, end, "");
	}
}

static void test_nul_from_every_byte(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	size_t end;

	make_module(&b);
	end = b.len;
	add_tail(&b, 200);
	for (size_t at = b.len - 1; at > end; at--) {
		b.data[at] = 0;
		assert_tail(state, &b, MODULE_INTERRUPTED, end, "of a signature without its end");
	}
	b.data[end] = 0;
	assert_tail(state, &b, MODULE_INTERRUPTED, end, "240 NUL bytes stand behind");
}

static void test_stacked_cut_at_every_byte(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	size_t end, lower, full;

	make_module(&b);
	end = b.len;
	add_tail(&b, 50);
	add_tail(&b, 60);
	lower = b.len;
	add_tail(&b, 70);
	full = b.len;
	for (b.len = full - 1; b.len > lower; b.len--)
		assert_tail(state, &b, MODULE_INTERRUPTED, end, "stand behind 2 whole one(s)");
	assert_tail(state, &b, MODULE_SIGNED, end, "");
}

static void test_nul_behind_signature(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	size_t end;

	make_module(&b);
	end = b.len;
	add_tail(&b, 50);
	put(&b, true, 0, 5);
	assert_tail(state, &b, MODULE_INTERRUPTED, end, "5 bytes of an unfinished signature");
}

/* What sign-file makes of a module with a cut-off tail: it is signed as content. */
static void test_signed_over_interrupted(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	struct module *m;
	size_t end;

	make_module(&b);
	end = b.len;
	add_tail(&b, 50);
	b.len -= 10;
	add_tail(&b, 60);
	m = look(state, &b, 0);
	assert_int_equal(m->tail, MODULE_SIGNED);
	assert_int_equal(m->n_sigs, 1);
	assert_int_equal(m->sigs[0].content_len, end + 80);
	assert_int_equal(m->bare_len, end);
	module_close(m);
}

static void test_signed_over_malformed(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	struct module *m;
	size_t end;

	make_module(&b);
	end = b.len;
	add_tail(&b, 50);
	info_of(&b)[PAD1] = 9;
	add_tail(&b, 60);
	m = look(state, &b, 0);
	assert_int_equal(m->tail, MODULE_SIGNED);
	assert_int_equal(m->n_sigs, 1);
	assert_string_equal(m->tail_reason, "");
	assert_int_equal(m->bare_len, end);
	module_close(m);
}

/* Bytes behind the ELF's end that are nothing known belong to the module. */
static void test_foreign_bytes_are_content(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	size_t end;

	make_module(&b);
	end = b.len;
	assert_int_equal(buf_add(&b, "0 debug data", 12), 0);
	assert_tail(state, &b, MODULE_UNSIGNED, b.len, "");

	b.len = end;
	add_tail(&b, 60);
	b.data[b.len - 1] = '!';
	assert_tail(state, &b, MODULE_UNSIGNED, b.len, "");

	b.len = end;
	put(&b, true, 0x3082, 2);
	put(&b, true, 200, 2);
	put(&b, true, 0x0203, 2); /* no OBJECT IDENTIFIER */
	assert_tail(state, &b, MODULE_UNSIGNED, b.len, "");

	b.len = end;
	assert_int_equal(buf_add(&b, "more", 4), 0);
	add_tail(&b, 60);
	assert_tail(state, &b, MODULE_SIGNED, end + 4, "");
}

static void test_any_file(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	struct module *m;

	assert_int_equal(buf_add(&b, "an image", 8), 0);
	add_tail(&b, 60);
	m = look(state, &b, MODULE_ANY_FILE);
	assert_false(m->elf_rel);
	assert_int_equal(m->tail, MODULE_SIGNED);
	assert_int_equal(m->bare_len, 8);
	module_close(m);

	set_sig_len(&b, 1000);
	m = look(state, &b, MODULE_ANY_FILE);
	assert_int_equal(m->tail, MODULE_MALFORMED);
	assert_int_equal(m->bare_len, b.len); /* where it begins can't be told */
	module_close(m);

	b.len -= 1;
	m = look(state, &b, MODULE_ANY_FILE);
	assert_int_equal(m->tail, MODULE_UNSIGNED);
	module_close(m);
}

static void test_nothing_to_sign(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	const char *path = in_dir(state, "m.ko");
	struct module *m;

	add_tail(&b, 60);
	write_buf(path, &b);
	assert_refused(path, MODULE_ANY_FILE, MS_ERR_MODULE, "nothing that it signs");

	/* a marker alone is no signature to the kernel; with a few bytes it is a broken one */
	b.len = 0;
	assert_int_equal(buf_add(&b, MODULE_MARKER, MODULE_MARKER_LEN), 0);
	m = look(state, &b, MODULE_ANY_FILE);
	assert_int_equal(m->tail, MODULE_UNSIGNED);
	module_close(m);
	for (size_t n = 1; n <= MODULE_INFO_LEN; n++) {
		b.len = 0;
		put(&b, true, 0x41, 1);
		for (size_t i = 1; i < n; i++)
			put(&b, true, 0, 1);
		assert_int_equal(buf_add(&b, MODULE_MARKER, MODULE_MARKER_LEN), 0);
		m = look(state, &b, MODULE_ANY_FILE);
		assert_int_equal(m->tail, MODULE_MALFORMED);
		assert_contains(m->tail_reason, "too few for a module signature (EBADMSG)");
		module_close(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_unsigned),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_stacked),
		cmocka_unit_test(test_deep_stack_ends),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_x509_tail),
		cmocka_unit_test(test_sig_len),
		cmocka_unit_test(test_lost_with_the_power),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_nul_from_every_byte),
		cmocka_unit_test(test_stacked_cut_at_every_byte),
		cmocka_unit_test(test_nul_behind_signature),
		cmocka_unit_test(test_signed_over_interrupted),
		cmocka_unit_test(test_signed_over_malformed),
		cmocka_unit_test(test_foreign_bytes_are_content),
		cmocka_unit_test(test_any_file),
		cmocka_unit_test(test_nothing_to_sign),
	};

	return cmocka_run_group_tests(tests, dir_setup, dir_teardown);
}
