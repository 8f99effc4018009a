/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libp11 sees on the tokens of a PKCS#11 module: another reader to compare `modseal keys`
 * with. One object a line, fields divided by tabs:
 *
 *   TOKEN  private|public|certificate  LABEL  ID in hex  RSA or the curve  BITS  SUBJECT
 *
 * (the subject in the order of the certificate, empty for a key).
 *
 *   libp11 MODULE PIN
 */
#include <libp11.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

static void die(const char *what)
{
	fprintf(stderr, "libp11: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void print_key_type(const EVP_PKEY *key)
{
	char curve[64] = "RSA";

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA &&
		!EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL))
		die("a key that is neither RSA nor on a named curve");
	printf("%s\t%d\t", curve, EVP_PKEY_get_bits(key));
}

static void print_head(const PKCS11_TOKEN *token, const char *kind, const char *label,
	const unsigned char *id, size_t id_len)
{
	printf("%s\t%s\t%s\t", token->label, kind, label ? label : "");
	for (size_t i = 0; i < id_len; i++)
		printf("%02x", id[i]);
	putchar('\t');
}

static void print_keys(
	const PKCS11_TOKEN *token, const char *kind, PKCS11_KEY *keys, unsigned int n_keys)
{
	for (unsigned int i = 0; i < n_keys; i++) {
		EVP_PKEY *key = PKCS11_get_public_key(&keys[i]);

		print_head(token, kind, keys[i].label, keys[i].id, keys[i].id_len);
		if (!key)
			die("the public half of a key cannot be read");
		print_key_type(key);
		putchar('\n');
		EVP_PKEY_free(key);
	}
}

static void print_certificates(const PKCS11_TOKEN *token, PKCS11_CERT *certs, unsigned int n_certs)
{
	for (unsigned int i = 0; i < n_certs; i++) {
		BIO *out = BIO_new_fp(stdout, BIO_NOCLOSE);

		print_head(token, "certificate", certs[i].label, certs[i].id, certs[i].id_len);
		print_key_type(X509_get0_pubkey(certs[i].x509));
		fflush(stdout);
		X509_NAME_print_ex(out, X509_get_subject_name(certs[i].x509), 0,
			XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV);
		BIO_free(out);
		putchar('\n');
	}
}

static void print_token(PKCS11_SLOT *slot, const char *pin)
{
	PKCS11_TOKEN *token = slot->token;
	PKCS11_KEY *keys;
	PKCS11_CERT *certs;
	unsigned int n;

	if (PKCS11_login(slot, 0, pin))
		die("login failed");
	if (PKCS11_enumerate_keys(token, &keys, &n))
		die("private keys cannot be listed");
	print_keys(token, "private", keys, n);
	if (PKCS11_enumerate_public_keys(token, &keys, &n))
		die("public keys cannot be listed");
	print_keys(token, "public", keys, n);
	if (PKCS11_enumerate_certs(token, &certs, &n))
		die("certificates cannot be listed");
	print_certificates(token, certs, n);
}

int main(int argc, char **argv)
{
	PKCS11_CTX *ctx = PKCS11_CTX_new();
	PKCS11_SLOT *slots;
	unsigned int n_slots;

	if (argc != 3) {
		fprintf(stderr, "usage: libp11 MODULE PIN\n");
		return 2;
	}
	if (!ctx || PKCS11_CTX_load(ctx, argv[1]))
		die(argv[1]);
	if (PKCS11_enumerate_slots(ctx, &slots, &n_slots))
		die("slots cannot be listed");
	for (unsigned int i = 0; i < n_slots; i++)
		/* In a slot whose token has no user PIN yet libp11 0.4.12 would wait for ever. */
		if (slots[i].token && slots[i].token->initialized && slots[i].token->userPinSet)
			print_token(&slots[i], argv[2]);
	PKCS11_release_all_slots(ctx, slots, n_slots);
	PKCS11_CTX_unload(ctx);
	PKCS11_CTX_free(ctx);
	return 0;
}
