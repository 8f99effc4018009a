/* SPDX-License-Identifier: Apache-2.0 */
/* From a certificate to a trusted one through those that travel along. */
#include "src/verify/trust_chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/signing_fixture.h"

/* root (EC-384) -> middle (EC-256) -> leaf (RSA) */
struct family {
	X509 *root, *middle, *leaf, *stranger;
};

static void family_make(struct family *f, struct test_cert middle, struct test_cert leaf)
{
	f->root = make_cert(&(struct test_cert){ .name = "root", .key = test_key(EC_384) });
	middle.name = "middle";
	middle.key = test_key(EC_256);
	middle.issuer = f->root;
	middle.issuer_key = middle.issuer_key ? middle.issuer_key : test_key(EC_384);
	f->middle = make_cert(&middle);
	leaf.name = "leaf";
	leaf.key = test_key(RSA_A);
	leaf.issuer = f->middle;
	leaf.issuer_key = leaf.issuer_key ? leaf.issuer_key : test_key(EC_256);
	f->leaf = make_cert(&leaf);
	f->stranger = self_signed(RSA_B);
}

static int setup(void **state)
{
	struct family *f = calloc(1, sizeof(*f));

	family_make(f, (struct test_cert){ .serial = 2 }, (struct test_cert){ .serial = 3 });
	*state = f;
	return 0;
}

static void family_free(struct family *f)
{
	X509_free(f->root);
	X509_free(f->middle);
	X509_free(f->leaf);
	X509_free(f->stranger);
}

static int teardown(void **state)
{
	family_free(*state);
	free(*state);
	return 0;
}

/* The anchor of the leaf among one trusted certificate, with these travelling along. */
static X509 *anchor(X509 *leaf, X509 *trusted, STACK_OF(X509) * along)
{
	AUTO_STACK STACK_OF(X509) *trust = trusted ? stack_of(trusted, NULL) : sk_X509_new_null();
	X509 *found = chain_find_anchor(leaf, along, trust);

	sk_X509_free(along);
	return found;
}

static void itself(void **state)
{
	struct family *f = *state;

	assert_ptr_equal(anchor(f->leaf, f->leaf, stack_of(f->leaf, NULL)), f->leaf);
	assert_ptr_equal(
		anchor(f->stranger, f->stranger, stack_of(f->stranger, NULL)), f->stranger);
}

static void its_issuer(void **state)
{
	struct family *f = *state;

	assert_ptr_equal(anchor(f->leaf, f->middle, stack_of(f->leaf, NULL)), f->middle);
	assert_ptr_equal(anchor(f->leaf, f->middle, sk_X509_new_null()), f->middle);
}

static void through_one_between(void **state)
{
	struct family *f = *state;

	assert_ptr_equal(anchor(f->leaf, f->root, stack_of(f->leaf, f->middle, NULL)), f->root);
	assert_ptr_equal(
		anchor(f->leaf, f->root, stack_of(f->middle, f->stranger, f->leaf, NULL)), f->root);
	/* also when the root travels along itself */
	assert_ptr_equal(
		anchor(f->leaf, f->root, stack_of(f->root, f->middle, f->leaf, NULL)), f->root);
}

static void nothing_leads_there(void **state)
{
	struct family *f = *state;

	assert_null(anchor(f->leaf, f->root, stack_of(f->leaf, NULL))); /* the middle is missing */
	assert_null(anchor(f->leaf, f->stranger, stack_of(f->leaf, f->middle, f->root, NULL)));
	assert_null(anchor(f->leaf, NULL, stack_of(f->leaf, f->middle, f->root, NULL)));
	assert_null(anchor(f->stranger, f->root, stack_of(f->stranger, f->middle, NULL)));
	assert_null(anchor(f->middle, f->leaf, stack_of(f->leaf, f->middle, NULL))); /* not down */
}

/* Names that fit are not enough: the signature has to. */
static void a_forged_link(void **state)
{
	struct family forged = { 0 };

	family_make(&forged, (struct test_cert){ .serial = 2 },
		(struct test_cert){ .serial = 3, .issuer_key = test_key(RSA_B) });
	assert_null(anchor(forged.leaf, forged.middle, stack_of(forged.leaf, NULL)));
	assert_null(anchor(forged.leaf, forged.root, stack_of(forged.leaf, forged.middle, NULL)));
	family_free(&forged);
}

/* The kernel links by authority key identifier alone. */
static void without_authority_key_id(void **state)
{
	struct family f = { 0 };

	family_make(&f, (struct test_cert){ .serial = 2 },
		(struct test_cert){ .serial = 3, .no_aki = true });
	assert_null(anchor(f.leaf, f.middle, stack_of(f.leaf, NULL)));
	family_free(&f);
}

static void by_issuer_and_serial(void **state)
{
	struct family f = { 0 };

	family_make(&f, (struct test_cert){ .serial = 2 },
		(struct test_cert){ .serial = 3, .aki_serial = true });
	assert_ptr_equal(anchor(f.leaf, f.middle, stack_of(f.leaf, NULL)), f.middle);
	assert_ptr_equal(anchor(f.leaf, f.root, stack_of(f.leaf, f.middle, NULL)), f.root);
	assert_null(anchor(f.leaf, f.root, stack_of(f.leaf, NULL)));
	family_free(&f);
}

/* Two that certify each other must not go round for ever. */
static void a_ring(void **state)
{
	AUTO_X509 X509 *a = make_cert(&(struct test_cert){ .name = "a", .key = test_key(EC_256) });
	AUTO_X509 X509 *b = make_cert(&(struct test_cert){ .name = "b",
		.key = test_key(EC_384),
		.issuer = a,
		.issuer_key = test_key(EC_256) });
	AUTO_X509 X509 *a2 = make_cert(&(struct test_cert){ .name = "a",
		.key = test_key(EC_256),
		.issuer = b,
		.issuer_key = test_key(EC_384),
		.serial = 2 });

	assert_null(anchor(a2, ((struct family *)*state)->stranger, stack_of(a2, b, NULL)));
	assert_ptr_equal(anchor(a2, a, stack_of(a2, b, NULL)), a);
}

static void find_signer(void **state)
{
	struct family *f = *state;
	AUTO_STACK STACK_OF(X509) *certs = stack_of(f->root, f->leaf, f->middle, NULL);
	AUTO_BUF struct buf content = { 0 }, der = { 0 };
	struct cms *cms = NULL;

	make_module(&content);
	make_signature(&content, RSA_A, f->leaf, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL, &der);
	assert_int_equal(cms_parse(der.data, der.len, &cms, NULL), 0);
	assert_ptr_equal(chain_find_signer(cms->signers, certs), f->leaf);
	cms_free(cms);
	make_signature(&content, RSA_B, f->stranger, CMS_SID_KEY_ID, MS_HASH_SHA256, NULL, &der);
	assert_int_equal(cms_parse(der.data, der.len, &cms, NULL), 0);
	assert_null(chain_find_signer(cms->signers, certs));
	cms_free(cms);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(itself),
		test(its_issuer),
		test(through_one_between),
		test(nothing_leads_there),
		cmocka_unit_test(a_forged_link),
		cmocka_unit_test(without_authority_key_id),
		cmocka_unit_test(by_issuer_and_serial),
		test(a_ring),
		test(find_signer),
	};

	return cmocka_run_group_tests_name("verify/chain", tests, NULL, NULL);
}
