/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a machine are taken to say: /proc/keys, a kernel's configuration, and what a
 * kernel calls a certificate. Spoilt ones do no harm. */
#include "src/base/cleanup.h"
#include "src/trust/kconfig.h"
#include "src/trust/kernel_name.h"
#include "src/trust/keyrings.h"
#include "src/verify/lz4.h"

#include <openssl/ec.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* -- /proc/keys ------------------------------------------------------------------------------ */

static const char proc_keys[] =
	"056194b6 I--Q---     2 perm 1f3f0000     0 65534 keyring   _uid.0: empty\n"
	"0a1b2c3d I------     1 perm 1f030000     0     0 asymmetri Debian Secure Boot CA: "
	"6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1: X509.rsa bb419ea1 []\n"
	"0a1b2c3e I------     1 perm 1f030000     0     0 asymmetri Owner: with a colon: 00ab: "
	"X509.ecdsa-nist-p384 00ab []\n"
	"1abf01cc I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 1\n"
	"1abf01cd I------     1 perm 0c010000     0     0 blacklist bin:00aabb\n"
	"1abf01ce I------     1   3d 3f010000     0     0 user      some: secret: 16\n";

static void reads_proc_keys(void **state)
{
	struct proc_keys keys = { 0 };
	const struct proc_key *k;

	assert_int_equal(proc_keys_parse(proc_keys, &keys), 0);
	assert_int_equal(keys.n, 6);
	assert_string_equal(keys.keys[0].key.description, "_uid.0");
	k = &keys.keys[1];
	assert_int_equal(k->serial, 0x0a1b2c3d);
	assert_string_equal(k->key.type, "asymmetric");
	assert_string_equal(k->key.description,
		"Debian Secure Boot CA: 6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1");
	assert_string_equal(k->key.subject, "Debian Secure Boot CA");
	assert_string_equal(k->key.key_id, "6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1");
	assert_string_equal(k->key.algorithm, "rsa");
	k = &keys.keys[2];
	assert_string_equal(k->key.subject, "Owner: with a colon");
	assert_string_equal(k->key.key_id, "00ab");
	assert_string_equal(k->key.algorithm, "ecdsa");
	assert_ptr_equal(proc_keys_find(&keys, "keyring", ".builtin_trusted_keys"), &keys.keys[3]);
	assert_null(proc_keys_find(&keys, "keyring", ".machine"));
	assert_string_equal(keys.keys[4].key.type, "blacklist");
	assert_string_equal(keys.keys[4].key.description, "bin:00aabb");
	proc_keys_free(&keys);
}

/* Cut off anywhere, and with any byte spoilt, it is read without harm. */
static void spoilt_proc_keys(void **state)
{
	char text[sizeof(proc_keys)];

	for (size_t i = 0; i < sizeof(proc_keys); i++) {
		struct proc_keys keys = { 0 };

		memcpy(text, proc_keys, sizeof(text));
		text[i] = i % 2 ? '\0' : '\n';
		text[i / 2] ^= 0x55;
		text[sizeof(text) - 1] = '\0';
		assert_int_equal(proc_keys_parse(text, &keys), 0);
		proc_keys_free(&keys);
	}
}

/* -- configuration --------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void reads_configuration(void **state)
{
	char dir[] = "/tmp/modseal-unit-XXXXXX", path[64];
	struct ms_error err = { 0 };
	struct kconfig config = { 0 };
	struct root root;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/boot", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/boot/config-6.1", dir);
	write_file(path, "# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=m\n\nCONFIG_S=\"a \\\"b\\\" \\\\\"\n"
			 "CONFIG_N=0x1b6\nCONFIG_EMPTY=\"\"\nNOT=y\nCONFIG_OPEN=\"x");
	assert_int_equal(root_open(dir, &root, &err), 0);
	assert_int_equal(kconfig_find(&root, "6.1", true, &config), 0);
	assert_string_equal(config.path, "/boot/config-6.1");
	assert_string_equal(kconfig_get(&config, "A"), "n");
	assert_string_equal(kconfig_get(&config, "B"), "y");
	assert_string_equal(kconfig_get(&config, "C"), "m");
	assert_string_equal(kconfig_get(&config, "S"), "a \"b\" \\");
	assert_string_equal(kconfig_get(&config, "N"), "0x1b6");
	assert_string_equal(kconfig_get(&config, "EMPTY"), "");
	assert_string_equal(kconfig_get(&config, "OPEN"), "x");
	assert_string_equal(kconfig_get(&config, "NOT"), "n");
	kconfig_free(&config);
	assert_int_equal(kconfig_find(&root, "6.2", false, &config), 0);
	assert_null(config.path);
	assert_null(kconfig_get(&config, "B"));
	/* A release comes from a module, whoever made that. */
	assert_int_equal(kconfig_find(&root, "../boot/config-6.1", false, &config), 0);
	assert_null(config.path);
	root_close(&root);
	assert_int_equal(unlink(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* -- names ----------------------------------------------------------------------------------- */

static char *name_of(const char *o, const char *cn, const char *email, bool skid)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_NAME_new();
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	char *text;

	if (o)
		X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
			(const unsigned char *)o, -1, -1, 0);
	if (cn)
		X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
			(const unsigned char *)cn, -1, -1, 0);
	if (email)
		X509_NAME_add_entry_by_NID(name, NID_pkcs9_emailAddress, MBSTRING_ASC,
			(const unsigned char *)email, -1, -1, 0);
	assert_int_equal(X509_set_subject_name(cert, name), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 0xa1b2);
	ASN1_OCTET_STRING_set(id, (const unsigned char *)"\x01\xfe", 2);
	if (skid)
		assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_key_identifier, id, 0, 0), 1);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	text = kernel_name(cert);
	EVP_PKEY_free(key);
	ASN1_OCTET_STRING_free(id);
	X509_NAME_free(name);
	X509_free(cert);
	return text;
}

static void expect_name(const char *o, const char *cn, const char *email, bool skid,
	const char *expected)
{
	char *text = name_of(o, cn, email, skid);

	assert_string_equal(text, expected);
	free(text);
}

/* The outcomes on the right are of keys that kernels list, or follow the rules of
 * x509_fabricate_name(). */
static void names_certificates(void **state)
{
	expect_name(NULL, "Debian Secure Boot CA", NULL, true, "Debian Secure Boot CA: 01fe");
	expect_name("Vendor", "Owner", NULL, true, "Vendor: Owner: 01fe");
	expect_name("Canonical Ltd.", "Canonical Ltd. Master Certificate Authority", NULL, true,
		"Canonical Ltd. Master Certificate Authority: 01fe");
	expect_name("Microsoft Corporation", "Microsoft Windows Production PCA 2011", NULL, true,
		"Microsoft Windows Production PCA 2011: 01fe");
	expect_name("Microso", "Microsoft", NULL, true, "Microsoft: 01fe");
	expect_name("Abcdef", "Abcde", NULL, true, "Abcdef: Abcde: 01fe");
	expect_name("Only", NULL, NULL, true, "Only: 01fe");
	expect_name(NULL, NULL, "me@example.org", true, "me@example.org: 01fe");
	expect_name(NULL, NULL, NULL, true, ": 01fe");
	expect_name(NULL, "Without", NULL, false, "Without: 00a1b2");
}

/* -- LZ4 ------------------------------------------------------------------------------------- */

/* One block: "abcd", then it again 4 + 15 + 255 + 1 bytes long from 4 before; "xyz" at the end. */
static const uint8_t block[17] = { 13, 0, 0, 0, 0x4f, 'a', 'b', 'c', 'd', 4, 0, 255, 1, 0x30, 'x', 'y',
	'z' };

static void unpacks_lz4(void **state)
{
	uint8_t spoilt[sizeof(block)];
	struct buf out = { 0 };

	assert_int_equal(lz4_legacy_unpack(block, sizeof(block), 1000, &out), 0);
	assert_int_equal(out.len, 4 + 275 + 3);
	for (size_t i = 0; i < 4 + 275; i++)
		assert_int_equal(out.data[i], "abcd"[i % 4]);
	assert_memory_equal(out.data + 279, "xyz", 3);
	assert_int_equal(lz4_legacy_unpack(block, sizeof(block), 300, &out), -1); /* both are more */
	buf_free(&out);
	for (size_t i = 0; i < sizeof(block); i++) {
		for (int bit = 0; bit < 8; bit++) {
			memcpy(spoilt, block, sizeof(spoilt));
			spoilt[i] ^= (uint8_t)(1 << bit);
			lz4_legacy_unpack(spoilt, sizeof(spoilt), 100000, &out);
			lz4_legacy_unpack(spoilt, i, 100000, &out);
			buf_free(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_proc_keys),
		cmocka_unit_test(spoilt_proc_keys),
		cmocka_unit_test(reads_configuration),
		cmocka_unit_test(names_certificates),
		cmocka_unit_test(unpacks_lz4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
