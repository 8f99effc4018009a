/* SPDX-License-Identifier: Apache-2.0 */
/* The CMS of a module signature: built as OpenSSL and the kernel's sign-file build it, and taken
 * apart whatever it is. */
#include "src/crypto/cms_form.h"

#include "src/base/cleanup.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/crypto_fixture.h"

DEFINE_CLEANUP(struct cms, cms_free, cleanup_cms);
#define AUTO_CMS CLEANUP(cleanup_cms)

static const char content[] = "the module";
static const enum test_key kinds[] = { RSA_A, EC_256, EC_384 };
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void sign(enum test_key which, enum ms_hash hash, uint8_t *sig, size_t *sig_len)
{
	struct soft_key soft = { 0 };
	struct ms_key *key = soft_key(which, &soft);
	uint8_t digest[MS_HASH_MAX_SIZE];

	assert_int_equal(digest_of(hash, content, sizeof(content), digest, NULL), 0);
	assert_int_equal(soft_sign(key, KEY_INPUT_DIGEST, hash, digest, ms_hash_size(hash), sig,
				 sig_len, NULL),
		0);
	ms_key_free(key);
}

static void build(enum test_key which, X509 *cert, enum cms_sid sid, enum ms_hash hash,
	const STACK_OF(X509) * chain, struct buf *out)
{
	uint8_t sig[KEY_SIG_MAX];
	size_t sig_len;
	struct ms_error err = { 0 };

	sign(which, hash, sig, &sig_len);
	if (cms_build(cert, sid, hash, sig, sig_len, chain, out, &err))
		fail_msg("%s", err.message);
}

static struct cms *parse(const struct buf *der)
{
	struct ms_error err = { 0 };
	struct cms *cms = NULL;

	if (cms_parse(der->data, der->len, &cms, &err))
		fail_msg("%s", err.message);
	return cms;
}

/* What OpenSSL makes of the same. */
static void openssl_builds(
	enum test_key which, X509 *cert, const EVP_MD *md, unsigned flags, struct buf *out)
{
	BIO *bio = BIO_new_mem_buf(content, sizeof(content));
	CMS_ContentInfo *cms = CMS_sign_ex(NULL, NULL, NULL, NULL,
		CMS_DETACHED | CMS_BINARY | CMS_PARTIAL | CMS_STREAM, ossl_ctx(), NULL);
	unsigned char *der = NULL;
	int len;

	assert_non_null(cms);
	assert_non_null(CMS_add1_signer(
		cms, cert, test_key(which), md, CMS_NOCERTS | CMS_BINARY | CMS_NOSMIMECAP | flags));
	assert_true(CMS_final(cms, bio, NULL, CMS_NOCERTS | CMS_BINARY));
	len = i2d_CMS_ContentInfo(cms, &der);
	assert_true(len > 0);
	assert_int_equal(buf_add(out, der, (size_t)len), 0);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(bio);
}

static void what_is_built_is_read(void **state)
{
	static const enum cms_sid sids[] = { CMS_SID_ISSUER_SERIAL, CMS_SID_KEY_ID };

	for (size_t k = 0; k < N_KINDS; k++)
		for (size_t h = 0; h < N_NEW_HASHES; h++)
			for (size_t s = 0; s < 2; s++) {
				AUTO_X509 X509 *cert = self_signed(kinds[k]);
				AUTO_BUF struct buf der = { 0 };
				AUTO_CMS struct cms *cms = NULL;
				const struct cms_signer *signer;
				long version = sids[s] == CMS_SID_KEY_ID ? 3 : 1;

				build(kinds[k], cert, sids[s], new_hashes[h], NULL, &der);
				cms = parse(&der);
				assert_int_equal(cms->version, version);
				assert_true(cms->content_is_data && cms->detached);
				assert_int_equal(cms->n_signers, 1);
				assert_int_equal(sk_X509_num(cms->certs), 0);
				signer = &cms->signers[0];
				assert_int_equal(signer->version, version);
				assert_int_equal(!signer->issuer, sids[s] == CMS_SID_KEY_ID);
				assert_int_equal(!signer->key_id, sids[s] != CMS_SID_KEY_ID);
				assert_int_equal(signer->hash, new_hashes[h]);
				assert_false(signer->has_attributes);
				assert_true(cms_names_cert(signer, cert));
				assert_true(cms_sig_fits_key(signer->sig_nid, test_key(kinds[k])));
				assert_int_equal(strcmp(signer->sig_name, "rsaEncryption") == 0,
					kinds[k] == RSA_A);
			}
}

/* RSA signatures are the same each time, so the whole CMS has to be. */
static void the_bytes_are_openssls(void **state)
{
	AUTO_X509 X509 *cert = self_signed(RSA_A);

	for (size_t h = 0; h < N_NEW_HASHES; h++)
		for (int ski = 0; ski < 2; ski++) {
			AUTO_BUF struct buf ours = { 0 }, theirs = { 0 };

			build(RSA_A, cert, ski ? CMS_SID_KEY_ID : CMS_SID_ISSUER_SERIAL,
				new_hashes[h], NULL, &ours);
			openssl_builds(RSA_A, cert, digest_md(new_hashes[h]),
				CMS_NOATTR | (ski ? CMS_USE_KEYID : 0), &theirs);
			assert_int_equal(ours.len, theirs.len);
			assert_memory_equal(ours.data, theirs.data, ours.len);
		}
}

static void openssl_verifies(void **state)
{
	for (size_t k = 0; k < N_KINDS; k++) {
		AUTO_X509 X509 *cert = self_signed(kinds[k]);
		STACK_OF(X509) *certs = sk_X509_new_null();
		BIO *bio = BIO_new_mem_buf(content, sizeof(content));
		CMS_ContentInfo *cms = CMS_ContentInfo_new_ex(ossl_ctx(), NULL);
		AUTO_BUF struct buf der = { 0 };
		const unsigned char *p;

		build(kinds[k], cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA384, NULL, &der);
		p = der.data;
		assert_non_null(d2i_CMS_ContentInfo(&cms, &p, (long)der.len));
		sk_X509_push(certs, cert);
		assert_int_equal(CMS_verify(cms, certs, NULL, bio, NULL,
					 CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY | CMS_NOINTERN),
			1);
		CMS_ContentInfo_free(cms);
		sk_X509_free(certs);
		BIO_free(bio);
	}
}

static void a_chain_travels_along(void **state)
{
	AUTO_X509 X509 *a = self_signed(RSA_A);
	AUTO_X509 X509 *b = self_signed(EC_256);
	STACK_OF(X509) *chain = sk_X509_new_null();
	AUTO_BUF struct buf der = { 0 }, plain = { 0 };
	AUTO_CMS struct cms *cms = NULL;
	int found = 0;

	sk_X509_push(chain, a);
	sk_X509_push(chain, b);
	build(RSA_A, a, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, chain, &der);
	cms = parse(&der);
	assert_int_equal(sk_X509_num(cms->certs), 2);
	for (int i = 0; i < 2; i++) { /* DER sorts a SET */
		found += X509_cmp(sk_X509_value(cms->certs, i), a) == 0;
		found += X509_cmp(sk_X509_value(cms->certs, i), b) == 0;
	}
	assert_int_equal(found, 2);
	/* an empty one is none */
	(void)sk_X509_pop(chain);
	(void)sk_X509_pop(chain);
	der.len = 0;
	build(RSA_A, a, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, chain, &der);
	build(RSA_A, a, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL, &plain);
	assert_int_equal(der.len, plain.len);
	assert_memory_equal(der.data, plain.data, der.len);
	sk_X509_free(chain);
}

static void what_cannot_be_built(void **state)
{
	AUTO_X509 X509 *no_ski = make_cert(&(struct test_cert){
		.name = "plain", .key = test_key(RSA_A), .no_ski = true, .no_aki = true });
	AUTO_X509 X509 *edwards = self_signed(ED25519);
	AUTO_X509 X509 *ec = self_signed(EC_256);
	AUTO_BUF struct buf der = { 0 };
	struct ms_error err = { 0 };
	uint8_t sig[8] = { 0 };

	assert_int_equal(cms_build(no_ski, CMS_SID_KEY_ID, MS_HASH_SHA256, sig, sizeof(sig), NULL,
				 &der, &err),
		MS_ERR_CERT);
	assert_non_null(strstr(err.message, "no subject key identifier"));
	assert_non_null(strstr(err.hint, "--key-id issuer"));
	assert_int_equal(cms_build(no_ski, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, sig, sizeof(sig),
				 NULL, &der, &err),
		0);
	der.len = 0;
	assert_int_equal(cms_build(edwards, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA512, sig, sizeof(sig),
				 NULL, &der, &err),
		MS_ERR_UNSUPPORTED);
	assert_int_equal(cms_build(ec, CMS_SID_ISSUER_SERIAL, MS_HASH_NONE, sig, sizeof(sig), NULL,
				 &der, &err),
		MS_ERR_UNSUPPORTED);
	assert_int_equal(der.len, 0);
}

/* 0 or MS_ERR_SIGNATURE, and never more than that (ASan and UBSan look on). */
static int try_parse(const uint8_t *der, size_t len)
{
	struct ms_error err = { 0 };
	struct cms *cms = NULL;
	/* a copy of just this size, so that reading beyond it is seen */
	uint8_t *copy = malloc(len ? len : 1);
	int r;

	memcpy(copy, der, len);
	r = cms_parse(copy, len, &cms, &err);
	assert_true(r == 0 || r == MS_ERR_SIGNATURE);
	assert_int_equal(r == 0, cms != NULL);
	assert_int_equal(err.code, r);
	for (size_t i = 0; r == 0 && i < cms->n_signers; i++)
		(void)cms_sig_fits_key(cms->signers[i].sig_nid, test_key(RSA_A));
	cms_free(cms);
	free(copy);
	return r;
}

static void cut_anywhere(void **state)
{
	AUTO_X509 X509 *cert = self_signed(EC_256);
	AUTO_BUF struct buf der = { 0 };
	STACK_OF(X509) *chain = sk_X509_new_null();

	sk_X509_push(chain, cert);
	build(EC_256, cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, chain, &der);
	for (size_t len = 0; len < der.len; len++)
		assert_int_equal(try_parse(der.data, len), MS_ERR_SIGNATURE);
	assert_int_equal(try_parse(der.data, der.len), 0);
	sk_X509_free(chain);
}

static void something_behind(void **state)
{
	AUTO_X509 X509 *cert = self_signed(EC_256);
	AUTO_BUF struct buf der = { 0 };
	struct ms_error err = { 0 };
	struct cms *cms = NULL;

	build(EC_256, cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL, &der);
	assert_int_equal(buf_add(&der, "xyz", 3), 0);
	assert_int_equal(cms_parse(der.data, der.len, &cms, &err), MS_ERR_SIGNATURE);
	assert_null(cms);
	assert_non_null(strstr(err.message, "3 bytes behind"));
}

static void any_bit_flipped(void **state)
{
	AUTO_X509 X509 *cert = self_signed(EC_256);
	AUTO_BUF struct buf der = { 0 };
	STACK_OF(X509) *chain = sk_X509_new_null();
	unsigned parsed = 0, refused = 0;

	sk_X509_push(chain, cert);
	build(EC_256, cert, CMS_SID_KEY_ID, MS_HASH_SHA256, chain, &der);
	for (size_t i = 0; i < der.len * 8; i++) {
		der.data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (try_parse(der.data, der.len) == 0)
			parsed++;
		else
			refused++;
		der.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_true(parsed && refused);
	sk_X509_free(chain);
}

static void what_is_no_signed_data(void **state)
{
	static const uint8_t null[] = { 0x05, 0x00 }, sequence[] = { 0x30, 0x00 },
			     long_form[] = { 0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x06 };

	assert_int_equal(try_parse((const uint8_t *)"", 0), MS_ERR_SIGNATURE);
	assert_int_equal(try_parse(null, sizeof(null)), MS_ERR_SIGNATURE);
	assert_int_equal(try_parse(sequence, sizeof(sequence)), MS_ERR_SIGNATURE);
	assert_int_equal(try_parse(long_form, sizeof(long_form)), MS_ERR_SIGNATURE);
	assert_int_equal(try_parse((const uint8_t *)"some text", 9), MS_ERR_SIGNATURE);
}

static void signed_attributes_are_seen(void **state)
{
	AUTO_X509 X509 *cert = self_signed(RSA_A);
	AUTO_BUF struct buf der = { 0 };
	AUTO_CMS struct cms *cms = NULL;

	openssl_builds(RSA_A, cert, EVP_sha256(), 0, &der);
	cms = parse(&der);
	assert_true(cms->signers[0].has_attributes);
	assert_int_equal(cms->signers[0].hash, MS_HASH_SHA256);
}

static void digests_that_are_not_ours_have_names(void **state)
{
	AUTO_X509 X509 *cert = self_signed(RSA_A);
	AUTO_BUF struct buf der = { 0 };
	AUTO_CMS struct cms *cms = NULL;
	uint8_t *oid = NULL;

	openssl_builds(RSA_A, cert, EVP_md5(), CMS_NOATTR, &der);
	cms = parse(&der);
	assert_int_equal(cms->signers[0].hash, MS_HASH_NONE);
	assert_non_null(strcasestr(cms->signers[0].hash_name, "md5"));
	/* and what OpenSSL does not know is told as numbers: 1.2.840.113549.2.5 becomes ...2.125 */
	for (size_t i = 0; i + 8 < der.len; i++)
		if (!memcmp(der.data + i, "\x2a\x86\x48\x86\xf7\x0d\x02\x05", 8))
			oid = der.data + i; /* the last is the signer's */
	assert_non_null(oid);
	oid[7] = 125;
	cms_free(cms);
	cms = parse(&der);
	assert_int_equal(cms->signers[0].hash, MS_HASH_NONE);
	assert_string_equal(cms->signers[0].hash_name, "1.2.840.113549.2.125");
}

static void algorithms_and_keys(void **state)
{
	static const int rsa[] = { NID_rsaEncryption, NID_sha256WithRSAEncryption,
		NID_sha512WithRSAEncryption };
	static const int ec[] = { NID_ecdsa_with_SHA1, NID_ecdsa_with_SHA256, NID_ecdsa_with_SHA384,
		NID_ecdsa_with_SHA512, NID_ecdsa_with_SHA3_256, NID_ecdsa_with_SHA3_512 };

	for (size_t i = 0; i < sizeof(rsa) / sizeof(rsa[0]); i++) {
		assert_true(cms_sig_fits_key(rsa[i], test_key(RSA_A)));
		assert_false(cms_sig_fits_key(rsa[i], test_key(EC_256)));
		assert_false(cms_sig_fits_key(rsa[i], test_key(ED25519)));
	}
	for (size_t i = 0; i < sizeof(ec) / sizeof(ec[0]); i++) {
		assert_true(cms_sig_fits_key(ec[i], test_key(EC_384)));
		assert_false(cms_sig_fits_key(ec[i], test_key(RSA_A)));
	}
	assert_false(cms_sig_fits_key(NID_undef, test_key(RSA_A)));
	assert_false(cms_sig_fits_key(NID_undef, test_key(EC_256)));
	assert_false(cms_sig_fits_key(NID_dsa_with_SHA256, test_key(RSA_A)));
}

static void which_certificate_is_named(void **state)
{
	AUTO_X509 X509 *cert = self_signed(RSA_A);
	AUTO_X509 X509 *serial = make_cert(
		&(struct test_cert){ .name = "key 0", .key = test_key(RSA_A), .serial = 2 });
	AUTO_X509 X509 *name =
		make_cert(&(struct test_cert){ .name = "key 1", .key = test_key(RSA_A) });
	AUTO_X509 X509 *other = self_signed(EC_256);
	AUTO_X509 X509 *no_ski = make_cert(&(struct test_cert){
		.name = "key 0", .key = test_key(RSA_A), .no_ski = true, .no_aki = true });
	AUTO_BUF struct buf issuer = { 0 }, key_id = { 0 };
	AUTO_CMS struct cms *by_issuer = NULL;
	AUTO_CMS struct cms *by_key_id = NULL;

	build(RSA_A, cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL, &issuer);
	by_issuer = parse(&issuer);
	assert_true(cms_names_cert(by_issuer->signers, cert));
	assert_true(cms_names_cert(by_issuer->signers, no_ski)); /* same name and number */
	assert_false(cms_names_cert(by_issuer->signers, serial));
	assert_false(cms_names_cert(by_issuer->signers, name));
	assert_false(cms_names_cert(by_issuer->signers, other));

	build(RSA_A, cert, CMS_SID_KEY_ID, MS_HASH_SHA256, NULL, &key_id);
	by_key_id = parse(&key_id);
	assert_true(cms_names_cert(by_key_id->signers, cert));
	assert_true(cms_names_cert(by_key_id->signers, serial)); /* same key */
	assert_true(cms_names_cert(by_key_id->signers, name));
	assert_false(cms_names_cert(by_key_id->signers, other));
	assert_false(cms_names_cert(by_key_id->signers, no_ski));
	by_key_id->signers[0].key_id_len--; /* no prefix will do */
	assert_false(cms_names_cert(by_key_id->signers, cert));
}

/* The kernel compares names byte for byte, OpenSSL does not. */
static void names_are_compared_as_bytes(void **state)
{
	AUTO_X509 X509 *cert =
		make_cert(&(struct test_cert){ .name = "Key A", .key = test_key(RSA_A) });
	AUTO_X509 X509 *lower =
		make_cert(&(struct test_cert){ .name = "key a", .key = test_key(RSA_A) });
	AUTO_BUF struct buf der = { 0 };
	AUTO_CMS struct cms *cms = NULL;

	assert_int_equal(
		X509_NAME_cmp(X509_get_subject_name(cert), X509_get_subject_name(lower)), 0);
	build(RSA_A, cert, CMS_SID_ISSUER_SERIAL, MS_HASH_SHA256, NULL, &der);
	cms = parse(&der);
	assert_true(cms_names_cert(cms->signers, cert));
	assert_false(cms_names_cert(cms->signers, lower));
}

/* More lengths than a form remembers, some of which change the lengths around the signature. */
static void a_form_gives_what_is_built(void **state)
{
	static const size_t lens[] = { 0, 1, 70, 71, 72, 104, 127, 128, 255, 256, 257, 512, 70 };
	AUTO_X509 X509 *cert = self_signed(EC_256);
	STACK_OF(X509) *chain = sk_X509_new_null();
	uint8_t sig[512];
	struct cms_form form;

	assert_true(sk_X509_push(chain, cert));
	cms_form_init(&form, cert, CMS_SID_KEY_ID, MS_HASH_SHA256, chain);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (int again = 0; again < 3; again++) {
			AUTO_BUF struct buf filled = { 0 };
			AUTO_BUF struct buf built = { 0 };

			memset(sig, 'a' + again, sizeof(sig));
			assert_int_equal(buf_add(&filled, "x", 1) | buf_add(&built, "x", 1), 0);
			assert_int_equal(cms_form_fill(&form, sig, lens[i], &filled, NULL), 0);
			assert_int_equal(cms_build(cert, CMS_SID_KEY_ID, MS_HASH_SHA256, sig,
						 lens[i], chain, &built, NULL),
				0);
			assert_int_equal(filled.len, built.len);
			assert_memory_equal(filled.data, built.data, built.len);
		}
	cms_form_free(&form);
	sk_X509_free(chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_gives_what_is_built),
		cmocka_unit_test(what_is_built_is_read),
		cmocka_unit_test(the_bytes_are_openssls),
		cmocka_unit_test(openssl_verifies),
		cmocka_unit_test(a_chain_travels_along),
		cmocka_unit_test(what_cannot_be_built),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(something_behind),
		cmocka_unit_test(any_bit_flipped),
		cmocka_unit_test(what_is_no_signed_data),
		cmocka_unit_test(signed_attributes_are_seen),
		cmocka_unit_test(digests_that_are_not_ours_have_names),
		cmocka_unit_test(algorithms_and_keys),
		cmocka_unit_test(which_certificate_is_named),
		cmocka_unit_test(names_are_compared_as_bytes),
	};

	return cmocka_run_group_tests_name("crypto/cms", tests, NULL, NULL);
}
