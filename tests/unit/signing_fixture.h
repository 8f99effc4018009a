/* SPDX-License-Identifier: Apache-2.0 */
/* Modules signed in memory, for the tests of src/verify and src/sign. Include after cmocka.h. */
#ifndef MODSEAL_TESTS_SIGNING_FIXTURE_H
#define MODSEAL_TESTS_SIGNING_FIXTURE_H

#include "src/base/cleanup.h"
#include "src/crypto/cms.h"

#include "tests/unit/crypto_fixture.h"
#include "tests/unit/module_fixture.h"

DEFINE_CLEANUP(struct module, module_close, cleanup_module);
#define AUTO_MODULE CLEANUP(cleanup_module)

/* A CMS over some bytes. */
static inline void make_signature(const struct buf *content, enum test_key which, X509 *cert,
	enum cms_sid sid, enum ms_hash hash, const STACK_OF(X509) * chain, struct buf *cms)
{
	struct soft_key soft = { 0 };
	struct ms_key *key = soft_key(which, &soft);
	uint8_t digest[MS_HASH_MAX_SIZE], sig[KEY_SIG_MAX];
	size_t sig_len;

	assert_int_equal(digest_of(hash, content->data, content->len, digest, NULL), 0);
	assert_int_equal(soft_sign(key, KEY_INPUT_DIGEST, hash, digest, ms_hash_size(hash), sig,
				 &sig_len, NULL),
		0);
	ms_key_free(key);
	buf_free(cms);
	assert_int_equal(cms_build(cert, sid, hash, sig, sig_len, chain, cms, NULL), 0);
}

static inline void append_tail(struct buf *file, const struct buf *cms)
{
	AUTO_BUF struct buf tail = { 0 };

	assert_int_equal(module_tail_build(cms->data, cms->len, &tail, NULL), 0);
	add_buf(file, &tail);
}

/* Signs what is in the buffer and appends the signature to it. */
static inline void append_signature(struct buf *file, enum test_key which, X509 *cert,
	enum cms_sid sid, enum ms_hash hash, const STACK_OF(X509) * chain)
{
	AUTO_BUF struct buf cms = { 0 };

	make_signature(file, which, cert, sid, hash, chain, &cms);
	append_tail(file, &cms);
}

/* A stack of borrowed certificates, NULL at the end; sk_X509_free() it. */
static inline STACK_OF(X509) * stack_of(X509 *first, ...)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	va_list ap;

	assert_non_null(stack);
	va_start(ap, first);
	for (X509 *x = first; x; x = va_arg(ap, X509 *))
		assert_true(sk_X509_push(stack, x));
	va_end(ap);
	return stack;
}

static inline void stack_cleanup(STACK_OF(X509) * *stack)
{
	sk_X509_free(*stack);
}
#define AUTO_STACK CLEANUP(stack_cleanup)

#endif
