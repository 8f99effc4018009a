/* SPDX-License-Identifier: Apache-2.0 */
/* TPM key files: those of other programs read, ours written and read again, broken ones refused. */
#include "engines/tpm2/asn.h"
#include "engines/tpm2/hash.h"
#include "engines/tpm2/keyfile.h"
#include "engines/tpm2/ways.h"
#include "src/base/cleanup.h"
#include "tests/unit/tpm2_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct tpm_keyfile *parse(const char *text)
{
	struct tpm_keyfile *file = NULL;
	struct ms_error err = { 0 };

	if (tpm_keyfile_parse("vector", text, strlen(text), &file, &err) < 0)
		fail_msg("%s", err.message);
	return file;
}

static void other_programs_flags(void **state)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *openssl = parse(vector_openssl);
	AUTO_TPM_KEYFILE struct tpm_keyfile *tools = parse(vector_tools);
	AUTO_TPM_KEYFILE struct tpm_keyfile *engine = parse(vector_auth_pcr);
	AUTO_TPM_KEYFILE struct tpm_keyfile *engine_rsa = parse(vector_decrypt);

	assert_int_equal(openssl->empty_auth, TPM_AUTH_NEEDED);
	assert_true(openssl->auth_doubtful);
	assert_int_equal(tools->empty_auth, TPM_AUTH_EMPTY);
	assert_true(tools->auth_doubtful);
	assert_int_equal(engine->empty_auth, TPM_AUTH_UNSAID);
	assert_false(engine->auth_doubtful);
	assert_int_equal(engine_rsa->empty_auth, TPM_AUTH_EMPTY);
	assert_false(engine_rsa->auth_doubtful);
	assert_int_equal(engine_rsa->pub.publicArea.type, TPM2_ALG_RSA);
	assert_int_equal(engine_rsa->parent, 0x40000001);
}

static void engine_policy(void **state)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = parse(vector_auth_pcr);
	static struct tpm_ways ways;
	struct ms_error err = { 0 };

	assert_int_equal(file->policy.n, 2);
	assert_int_equal(file->policy.steps[0].cc, TPM2_CC_PolicyAuthValue);
	assert_int_equal(file->policy.steps[0].body.len, 0);
	assert_int_equal(file->policy.steps[1].cc, TPM2_CC_PolicyPCR);
	/* They come to the digest that is in the key. */
	assert_int_equal(tpm_ways_find(file, &ways, &err), 0);
	assert_int_equal(ways.n, 1);
	assert_true(ways.list[0].auth);
	assert_false(ways.list[0].recovery);
	assert_int_equal(ways.list[0].wanted.n, 2);
	assert_int_equal(ways.list[0].wanted.list[0].index, 7);
	assert_false(tpm_pcrs_known(&ways.list[0].wanted));
}

static void engine_approval(void **state)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = parse(vector_approved);
	static struct tpm_ways ways;
	struct tpm_authorize own, approval;
	struct ms_error err = { 0 };

	assert_int_equal(file->n_approvals, 1);
	assert_string_equal(file->approvals[0].name, "first");
	assert_int_equal(tpm_ways_find(file, &ways, &err), 0);
	assert_int_equal(ways.n, 1);
	assert_int_equal(ways.list[0].n, 2);
	assert_ptr_equal(ways.list[0].approval, &file->approvals[0]);
	assert_int_equal(tpm_step_authorize(&file->policy.steps[0], &own, &err), 0);
	assert_int_equal(own.signature.sigAlg, TPM2_ALG_NULL);
	assert_int_equal(own.ref.size, 32);
	assert_int_equal(
		tpm_step_authorize(&file->approvals[0].policy.steps[1], &approval, &err), 0);
	assert_int_equal(approval.signature.sigAlg, TPM2_ALG_ECDSA);
	assert_memory_equal(&own.ref, &approval.ref, sizeof(own.ref));
}

/* What we write is, but for the form of flags, what was read. */
static void round_trip(const char *vector)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = parse(vector), *again = NULL;
	AUTO_BUF struct buf text = { 0 };
	struct ms_error err = { 0 };

	assert_int_equal(tpm_keyfile_format(file, &text, &err), 0);
	assert_int_equal(tpm_keyfile_parse("again", text.data, text.len, &again, &err), 0);
	assert_memory_equal(&again->pub, &file->pub, sizeof(file->pub));
	assert_memory_equal(&again->priv, &file->priv, sizeof(file->priv));
	assert_int_equal(again->parent, file->parent);
	assert_int_equal(again->policy.n, file->policy.n);
	for (size_t i = 0; i < file->policy.n; i++) {
		const struct buf *a = &file->policy.steps[i].body,
				 *b = &again->policy.steps[i].body;

		assert_int_equal(again->policy.steps[i].cc, file->policy.steps[i].cc);
		assert_int_equal(a->len, b->len);
		if (a->len)
			assert_memory_equal(a->data, b->data, a->len);
	}
	assert_int_equal(again->n_approvals, file->n_approvals);
	if (file->n_approvals)
		assert_string_equal(again->approvals[0].name, file->approvals[0].name);
	/* Whether there is an auth value is always said. */
	assert_int_not_equal(again->empty_auth, TPM_AUTH_UNSAID);
	assert_int_equal(again->empty_auth == TPM_AUTH_EMPTY, file->empty_auth == TPM_AUTH_EMPTY);
	if (file->empty_auth == TPM_AUTH_EMPTY)
		assert_int_equal(again->auth_doubtful, file->auth_doubtful);
}

static void round_trips(void **state)
{
	round_trip(vector_auth_pcr);
	round_trip(vector_approved);
	round_trip(vector_decrypt);
	round_trip(vector_openssl);
	round_trip(vector_tools);
}

static void notes_and_text_around(void **state)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = parse(vector_decrypt), *again = NULL;
	AUTO_BUF struct buf text = { 0 };
	AUTO_FREE char *pcrs = NULL;
	struct ms_error err = { 0 };

	assert_int_equal(tpm_pcrs_parse("sha1:4=0102030405060708090a0b0c0d0e0f1011121314",
				 &file->pcrs, &err),
		0);
	assert_int_equal(tpm_name_of(&file->pub.publicArea, &file->parent_name, &err), 0);
	file->handle = 0x81010001;
	file->salt_key = 0x81000011;
	file->salt_name = file->parent_name;
	file->empty_auth = TPM_AUTH_NEEDED;
	assert_int_equal(buf_add(&file->after, "behind\n", 7), 0);
	assert_int_equal(tpm_keyfile_note(file, &err), 0);
	assert_int_equal(tpm_keyfile_format(file, &text, &err), 0);
	assert_int_equal(tpm_keyfile_parse("again", text.data, text.len, &again, &err), 0);
	assert_int_equal(again->handle, 0x81010001);
	assert_int_equal(again->parent_name.size, file->parent_name.size);
	assert_memory_equal(
		again->parent_name.name, file->parent_name.name, file->parent_name.size);
	assert_int_equal(again->salt_key, 0x81000011);
	assert_int_equal(again->salt_name.size, file->salt_name.size);
	assert_memory_equal(again->salt_name.name, file->salt_name.name, file->salt_name.size);
	pcrs = tpm_pcrs_text(&again->pcrs, true);
	assert_string_equal(pcrs, "sha1:4=0102030405060708090a0b0c0d0e0f1011121314");
	assert_int_equal(again->after.len, 7);
	/* We know what we wrote. */
	assert_false(again->auth_doubtful);
}

static void broken_notes_are_no_notes(void **state)
{
	AUTO_BUF struct buf text = { 0 };
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = NULL;
	static const char notes[] = "# modseal-parent-name: 000bzz\n# modseal-pcrs: sha256:99\n"
				    "# modseal-salt-key: 0x81000011\n# modseal-salt-key: 0x81000011 zz\n"
				    "# modseal-handle: 0x81zz\n# modseal-handle: \n#\n\n";

	assert_int_equal(buf_add(&text, notes, strlen(notes)), 0);
	assert_int_equal(buf_add(&text, vector_decrypt, sizeof(vector_decrypt)), 0);
	file = parse((const char *)text.data);
	assert_int_equal(file->parent_name.size, 0);
	assert_int_equal(file->pcrs.n, 0);
	assert_int_equal(file->handle, 0);
	assert_int_equal(file->salt_key, 0);
}

static void refused(const void *data, size_t len)
{
	struct tpm_keyfile *file = NULL;
	struct ms_error err = { 0 };

	assert_int_equal(tpm_keyfile_parse("broken", data, len, &file, &err), MS_ERR_KEY);
	assert_null(file);
	assert_non_null(strstr(err.message, "TPM key file broken: "));
}

/* The DER of a vector. */
static void der_of(const char *vector, struct buf *der)
{
	AUTO_TPM_KEYFILE struct tpm_keyfile *file = parse(vector);
	AUTO_BUF struct buf pem = { 0 };
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	int got = 0, last = 0;
	const char *body;

	assert_int_equal(tpm_keyfile_format(file, &pem, NULL), 0);
	assert_int_equal(buf_add(&pem, "", 1), 0);
	body = strchr((const char *)pem.data, '\n') + 1;
	assert_int_equal(buf_reserve(der, pem.len), 0);
	EVP_DecodeInit(ctx);
	assert_true(EVP_DecodeUpdate(ctx, der->data, &got, (const uint8_t *)body,
			    (int)(strstr(body, "-----END") - body)) >= 0);
	assert_true(EVP_DecodeFinal(ctx, der->data + got, &last) >= 0);
	der->len = (size_t)(got + last);
	EVP_ENCODE_CTX_free(ctx);
}

static void der_is_read_and_each_cut_refused(void **state)
{
	AUTO_BUF struct buf der = { 0 };
	struct tpm_keyfile *file = NULL;

	der_of(vector_approved, &der);
	assert_int_equal(tpm_keyfile_parse("der", der.data, der.len, &file, NULL), 0);
	tpm_keyfile_free(file);
	for (size_t len = 0; len < der.len; len++)
		refused(der.data, len);
	assert_int_equal(buf_add(&der, "", 1), 0);
	refused(der.data, der.len);
}

/* Whatever byte is changed: read or refused, and no policy that it makes leads to the key. */
static void each_byte_changed(void **state)
{
	AUTO_BUF struct buf der = { 0 };
	static struct tpm_ways ways;

	der_of(vector_approved, &der);
	for (size_t i = 0; i < der.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct tpm_keyfile *file = NULL;

			der.data[i] ^= (uint8_t)(1 << bit);
			if (tpm_keyfile_parse("x", der.data, der.len, &file, NULL) == 0)
				(void)tpm_ways_find(file, &ways, NULL);
			tpm_keyfile_free(file);
			der.data[i] ^= (uint8_t)(1 << bit);
		}
}

static void text_that_is_none(void **state)
{
	AUTO_BUF struct buf two = { 0 };

	refused("", 0);
	refused("-----BEGIN TSS2 PRIVATE KEY-----\n", 33);
	refused("-----BEGIN TSS2 PRIVATE KEY-----\n-----END TSS2 PRIVATE KEY-----\n", 64);
	refused("-----BEGIN TSS2 PRIVATE KEY-----\nAAAA\n-----END TSS2 PRIVATE KEY-----\n", 69);
	assert_int_equal(buf_add(&two, vector_decrypt, strlen(vector_decrypt)), 0);
	assert_int_equal(buf_add(&two, vector_decrypt, strlen(vector_decrypt)), 0);
	refused(two.data, two.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_programs_flags),
		cmocka_unit_test(engine_policy),
		cmocka_unit_test(engine_approval),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(notes_and_text_around),
		cmocka_unit_test(broken_notes_are_no_notes),
		cmocka_unit_test(der_is_read_and_each_cut_refused),
		cmocka_unit_test(each_byte_changed),
		cmocka_unit_test(text_that_is_none),
	};

	setenv("TSS2_LOG", "all+none", 1); /* it has much to say of what is malformed */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
