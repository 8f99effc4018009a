/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files in every form. They are written by a child process: in this one OpenSSL's default
 * library context gets the null provider, so whatever the engine did in it would fail. (PEM that
 * is encrypted the traditional way is decrypted there by OpenSSL itself: tests/cli has it.)
 */
#include "engines/engine.h"
#include "src/base/error.h"
#include "src/crypto/ossl.h"
#include "src/crypto/sign_digest.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PASS "open-sesame"

/* ---- writing (in the child) ---- */

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: " #x "\n", __FILE__, __LINE__);                    \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void put(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(name, "w");

	MUST(f && fwrite(data, 1, len, f) == len && fclose(f) == 0);
	MUST(chmod(name, 0600) == 0);
}

static void put_bio(const char *name, BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	MUST(len > 0);
	put(name, data, (size_t)len);
	BIO_free(bio);
}

static BIO *mem(void)
{
	BIO *bio = BIO_new(BIO_s_mem());

	MUST(bio);
	return bio;
}

static X509 *certify(EVP_PKEY *pkey, const char *name)
{
	X509 *x509 = X509_new_ex(ossl_ctx(), NULL);

	MUST(x509 && X509_set_version(x509, 2) && X509_set_pubkey(x509, pkey));
	MUST(ASN1_INTEGER_set(X509_get_serialNumber(x509), 7));
	MUST(X509_gmtime_adj(X509_getm_notBefore(x509), 0) &&
		X509_gmtime_adj(X509_getm_notAfter(x509), 86400));
	MUST(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
		(const unsigned char *)name, -1, -1, 0));
	MUST(X509_set_issuer_name(x509, X509_get_subject_name(x509)));
	MUST(X509_sign(x509, pkey, EVP_sha256()));
	return x509;
}

static void put_p12(const char *name, const char *pass, EVP_PKEY *pkey, X509 *cert,
	STACK_OF(X509) * more, int nid)
{
	BIO *bio = mem();
	PKCS12 *p12 = PKCS12_create_ex(
		pass, "key", pkey, cert, more, nid, nid, 0, 0, 0, ossl_ctx(), NULL);

	MUST(p12 && i2d_PKCS12_bio(bio, p12));
	PKCS12_free(p12);
	put_bio(name, bio);
}

static void put_pems(const char *name, EVP_PKEY *pkey, X509 *before, X509 *behind, EVP_PKEY *more)
{
	BIO *bio = mem();

	BIO_puts(bio, "text before, as openssl writes it\n");
	MUST(!before || PEM_write_bio_X509(bio, before));
	MUST(!pkey || PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL));
	MUST(!behind || PEM_write_bio_X509(bio, behind));
	MUST(!more || PEM_write_bio_PKCS8PrivateKey(bio, more, NULL, NULL, 0, NULL, NULL));
	put_bio(name, bio);
}

static void put_other_forms(EVP_PKEY *pkey, X509 *cert)
{
	EVP_CIPHER *aes = EVP_CIPHER_fetch(ossl_ctx(), "AES-256-CBC", NULL);
	BIO *bio = mem();

	MUST(aes && PEM_write_bio_PKCS8PrivateKey(bio, pkey, aes, PASS, strlen(PASS), NULL, NULL));
	put_bio("enc.pem", bio);
	MUST(i2d_PKCS8PrivateKey_bio(bio = mem(), pkey, aes, PASS, strlen(PASS), NULL, NULL));
	put_bio("enc.der", bio);
	MUST(i2d_PKCS8PrivateKey_bio(bio = mem(), pkey, NULL, NULL, 0, NULL, NULL));
	put_bio("p8.der", bio);
	MUST(PEM_write_bio_PrivateKey_traditional(bio = mem(), pkey, NULL, NULL, 0, NULL, NULL));
	put_bio("trad.pem", bio);
	MUST(i2d_PrivateKey_bio(bio = mem(), pkey));
	put_bio("trad.der", bio);
	MUST(PEM_write_bio_PUBKEY(bio = mem(), pkey));
	put_bio("pub.pem", bio);
	MUST(i2d_PUBKEY_bio(bio = mem(), pkey));
	put_bio("pub.der", bio);
	MUST(i2d_X509_bio(bio = mem(), cert));
	put_bio("cert.der", bio);
	EVP_CIPHER_free(aes);
}

static void put_no_keys(EVP_PKEY *pkey)
{
	static const char garbage[] = "not a key\n",
			  openssh[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
				      "AAAA\n"
				      "-----END OPENSSH PRIVATE KEY-----\n",
			  broken[] =
				  "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
	BIO *bio = mem();
	char *data;
	long len;

	put("empty", "", 0);
	put("garbage", garbage, strlen(garbage));
	put("openssh", openssh, strlen(openssh));
	put("broken.pem", broken, strlen(broken));
	MUST(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL));
	len = BIO_get_mem_data(bio, &data);
	put("cut.pem", data, (size_t)len / 2);
	BIO_free(bio);
	MUST(i2d_PrivateKey_bio(bio = mem(), pkey));
	len = BIO_get_mem_data(bio, &data);
	put("cut.der", data, (size_t)len / 2);
	BIO_free(bio);
	MUST(mkdir("directory", 0700) == 0);
}

static void write_files(void)
{
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "RSA", (size_t)2048);
	EVP_PKEY *p384 = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "EC", "P-384");
	EVP_PKEY *k256 = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "EC", "secp256k1");
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "ED25519");
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *rsa_cert, *p384_cert;

	MUST(rsa && p384 && k256 && ed && chain);
	rsa_cert = certify(rsa, "rsa");
	p384_cert = certify(p384, "p384");
	MUST(sk_X509_push(chain, p384_cert));
	put_pems("rsa.pem", rsa, NULL, NULL, NULL);
	put_pems("p384.pem", p384, NULL, NULL, NULL);
	put_pems("k256.pem", k256, NULL, NULL, NULL);
	put_pems("ed25519.pem", ed, NULL, NULL, NULL);
	put_pems("combined.pem", rsa, p384_cert, rsa_cert, NULL);
	put_pems("others-cert.pem", rsa, p384_cert, NULL, NULL);
	put_pems("cert.pem", NULL, rsa_cert, NULL, NULL);
	put_pems("two.pem", rsa, NULL, NULL, p384);
	put_other_forms(rsa, rsa_cert);
	put_p12("key.p12", PASS, rsa, rsa_cert, chain, NID_aes_256_cbc);
	put_p12("empty-pass.p12", "", rsa, rsa_cert, NULL, NID_aes_256_cbc);
	put_p12("null-pass.p12", NULL, rsa, rsa_cert, NULL, NID_aes_256_cbc);
	put_p12("3des.p12", PASS, rsa, rsa_cert, NULL, NID_pbe_WithSHA1And3_Key_TripleDES_CBC);
	put_p12("no-cert.p12", PASS, rsa, NULL, NULL, NID_aes_256_cbc);
	put_p12("no-key.p12", PASS, NULL, rsa_cert, NULL, NID_aes_256_cbc);
	put_no_keys(rsa);
}

/* ---- reading ---- */

static char dir[] = "/tmp/modseal-test-XXXXXX";
static OSSL_PROVIDER *null_provider;

struct asker {
	const char *answer; /* NULL: declines */
	int asked;
	char target[256];
	char notices[4096];
};

static int ask(void *user, const struct ms_pin_request *request, char *pin, size_t size)
{
	struct asker *a = user;

	a->asked++;
	assert_int_equal(request->kind, MS_PIN_PASSPHRASE);
	snprintf(a->target, sizeof(a->target), "%s", request->target);
	if (!a->answer)
		return -1;
	snprintf(pin, size, "%s", a->answer);
	return 0;
}

static void notice(void *user, const char *text)
{
	struct asker *a = user;
	size_t len = strlen(a->notices);

	snprintf(a->notices + len, sizeof(a->notices) - len, "%s\n", text);
}

static int setup(void **state)
{
	struct ms_context *ctx = ms_context_new();
	struct asker *a = calloc(1, sizeof(*a));

	assert_true(ctx && a);
	ms_context_set_ask_pin(ctx, ask, a);
	ms_context_set_notice(ctx, notice, a);
	*state = ctx;
	return 0;
}

static int teardown(void **state)
{
	struct ms_context *ctx = *state;

	free(ctx->pins.ask_user);
	ms_context_free(ctx);
	return 0;
}

static struct asker *asker(struct ms_context *ctx, const char *answer)
{
	struct asker *a = ctx->pins.ask_user;

	*a = (struct asker){ .answer = answer };
	return a;
}

static struct ms_key *open_good(struct ms_context *ctx, const char *name)
{
	struct ms_error err = { 0 };
	struct ms_key *key = NULL;

	if (engine_file.open_key(ctx, name, &key, &err) < 0)
		fail_msg("%s: %s", name, err.message);
	return key;
}

static void assert_refused(struct ms_context *ctx, const char *name, int code, const char *says)
{
	struct ms_error err = { 0 };
	struct ms_key *key = NULL;
	int r = engine_file.open_key(ctx, name, &key, &err);

	if (r != code || err.code != code || !strstr(err.message, name) ||
		!strstr(err.message, says))
		fail_msg("%s: %d instead of %d: %s", name, r, code, err.message);
}

static void assert_signs(struct ms_key *key)
{
	uint8_t digest[MS_HASH_MAX_SIZE], sig[KEY_SIG_MAX];
	struct ms_error err = { 0 };
	size_t len;

	memset(digest, 0x5a, sizeof(digest));
	for (enum ms_hash h = MS_HASH_SHA256; h <= MS_HASH_SHA3_512; h++) {
		assert_int_equal(key->ops->can(key, h, &err), KEY_INPUT_DIGEST);
		if (crypto_key_sign(
			    key, KEY_INPUT_DIGEST, h, digest, ms_hash_size(h), sig, &len, &err) < 0)
			fail_msg("%s: %s", key->uri, err.message);
	}
	for (enum ms_hash h = MS_HASH_NONE; h < MS_HASH_SHA256; h++)
		assert_int_equal(key->ops->can(key, h, &err), KEY_INPUT_NONE);
}

static void test_every_form(void **state)
{
	static const struct {
		const char *name, *type;
		bool cert, asks;
	} forms[] = {
		{ "rsa.pem", "RSA-2048", false, false },
		{ "p384.pem", "P-384", false, false },
		{ "trad.pem", "RSA-2048", false, false },
		{ "p8.der", "RSA-2048", false, false },
		{ "trad.der", "RSA-2048", false, false },
		{ "combined.pem", "RSA-2048", true, false },
		{ "others-cert.pem", "RSA-2048", false, false },
		{ "enc.pem", "RSA-2048", false, true },
		{ "enc.der", "RSA-2048", false, true },
		{ "key.p12", "RSA-2048", true, true },
		{ "3des.p12", "RSA-2048", true, true },
		{ "no-cert.p12", "RSA-2048", false, true },
		{ "empty-pass.p12", "RSA-2048", true, false },
		{ "null-pass.p12", "RSA-2048", true, false },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct asker *a = asker(*state, PASS);
		struct ms_key *key = open_good(*state, forms[i].name);

		print_message("%s\n", forms[i].name);
		assert_string_equal(key->type, forms[i].type);
		assert_string_equal(key->uri, forms[i].name);
		assert_int_equal(key->cert != NULL, forms[i].cert);
		assert_int_equal(a->asked, forms[i].asks ? 1 : 0);
		assert_false(key->hardware);
		assert_true(key->parallel >= 1);
		assert_signs(key);
		ms_key_free(key);
	}
}

static void test_cert_is_the_keys(void **state)
{
	struct ms_key *key = open_good(*state, "combined.pem");

	assert_int_equal(X509_check_private_key(key->cert, ((EVP_PKEY *)key->priv)), 1);
	ms_key_free(key);
}

static void test_public_half_only(void **state)
{
	struct ms_key *key = open_good(*state, "rsa.pem");
	BIGNUM *d = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key->pub, "d", &d), 0);
	ms_key_free(key);
}

static void test_notices(void **state)
{
	struct asker *a = asker(*state, NULL);

	ms_key_free(open_good(*state, "rsa.pem"));
	assert_string_equal(a->notices,
		"key file rsa.pem is not in hardware: anyone who can read the "
		"file can copy the key\n");
	a = asker(*state, NULL);
	assert_int_equal(chmod("rsa.pem", 0640), 0);
	ms_key_free(open_good(*state, "rsa.pem"));
	assert_non_null(strstr(a->notices, "can be read by others than its owner (mode 0640)"));
	assert_int_equal(chmod("rsa.pem", 0600), 0);
}

static void test_passphrase_wrong_or_missing(void **state)
{
	static const char *const names[] = { "enc.pem", "enc.der", "key.p12", "3des.p12" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct asker *a = asker(*state, "wrong");

		assert_refused(*state, names[i], MS_ERR_PIN, "is wrong");
		assert_int_equal(a->asked, 1);
		assert_non_null(strstr(a->target, names[i]));
		a = asker(*state, NULL);
		assert_refused(*state, names[i], MS_ERR_PIN, "is needed");
		assert_int_equal(a->asked, 1);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *says;
	} bad[] = {
		{ "no-such-file", MS_ERR_KEY, "No such file" },
		{ "directory", MS_ERR_KEY, "is a directory" },
		{ "empty", MS_ERR_KEY, "is empty" },
		{ "garbage", MS_ERR_KEY, "no private key" },
		{ "cut.pem", MS_ERR_KEY, "cut short" },
		{ "cut.der", MS_ERR_KEY, "no private key" },
		{ "broken.pem", MS_ERR_KEY, "cannot be read" },
		{ "pub.pem", MS_ERR_KEY, "only a PUBLIC KEY" },
		{ "pub.der", MS_ERR_KEY, "only a public key" },
		{ "cert.pem", MS_ERR_KEY, "only a CERTIFICATE" },
		{ "cert.der", MS_ERR_KEY, "only a certificate" },
		{ "two.pem", MS_ERR_KEY, "more than one" },
		{ "no-key.p12", MS_ERR_KEY, "no private key" },
		{ "openssh", MS_ERR_KEY, "OPENSSH PRIVATE KEY" },
		{ "ed25519.pem", MS_ERR_KEY, "ED25519" },
		{ "k256.pem", MS_ERR_KEY, "secp256k1" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		asker(*state, PASS);
		assert_refused(*state, bad[i].name, bad[i].code, bad[i].says);
	}
}

static void assert_subject(X509 *x509, const char *cn)
{
	char name[64] = "";

	X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, name, sizeof(name));
	assert_string_equal(name, cn);
}

static void test_certificates(void **state)
{
	static const char *const names[] = { "cert.pem", "cert.der", "no-such-file", "rsa.pem" };
	struct ms_error err = { 0 };
	X509 *x509 = NULL;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(engine_file.open_cert(*state, names[i], &x509, &err), 0);
		assert_subject(x509, "rsa");
		X509_free(x509);
	}
	for (int i = 2; i < 4; i++) {
		assert_int_equal(engine_file.open_cert(*state, names[i], &x509, &err), MS_ERR_CERT);
		assert_non_null(strstr(err.message, names[i]));
	}
	/* key and certificates in one: the first certificate */
	assert_int_equal(engine_file.open_cert(*state, "combined.pem", &x509, &err), 0);
	assert_subject(x509, "p384");
	X509_free(x509);
}

static int group_setup(void **state)
{
	int status;
	pid_t child;

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	child = fork();
	if (child == 0) {
		write_files();
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		return -1;
	ossl_ctx();
	null_provider = OSSL_PROVIDER_load(NULL, "null");
	return null_provider ? 0 : -1;
}

static int group_teardown(void **state)
{
	char command[64];

	OSSL_PROVIDER_unload(null_provider);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return chdir("/") || system(command);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_form),
		TEST(test_cert_is_the_keys),
		TEST(test_public_half_only),
		TEST(test_notices),
		TEST(test_passphrase_wrong_or_missing),
		TEST(test_refused),
		TEST(test_certificates),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
