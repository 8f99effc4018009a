/* SPDX-License-Identifier: Apache-2.0 */
/* PCRs as text, policies and what they come to. The digests were taken from a TPM (trial sessions
 * of tpm2-tools 5.4), not from this code. */
#include "engines/tpm2/hash.h"
#include "engines/tpm2/pcrs.h"
#include "engines/tpm2/policy.h"
#include "engines/tpm2/pubkey.h"
#include "src/base/cleanup.h"
#include "src/crypto/ossl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* -- PCRs ---------------------------------------------------------------------------------- */

static void assert_text(const char *in, const char *out)
{
	AUTO_FREE char *text = NULL;
	struct tpm_pcrs pcrs;
	struct ms_error err = { 0 };

	if (tpm_pcrs_parse(in, &pcrs, &err) < 0)
		fail_msg("%s", err.message);
	text = tpm_pcrs_text(&pcrs, true);
	assert_string_equal(text, out);
}

static void pcrs_are_put_in_the_tpms_order(void **state)
{
	assert_text("sha256:7", "sha256:7");
	assert_text("sha256:11,7,0", "sha256:0,7,11");
	assert_text("SHA256:7", "sha256:7");
	assert_text("sha256:7+sha1:1", "sha256:7+sha1:1");
	assert_text("sha256:7+sha1:1+sha256:2", "sha256:2,7+sha1:1");
	assert_text("sha1:7=00FF000000000000000000000000000000000000,8",
		"sha1:7=00ff000000000000000000000000000000000000,8");
}

static void pcrs_that_are_none(void **state)
{
	static const char *const bad[] = { "", "7", "sha256", "sha256:", "sha256:,", "sha256:7,",
		"sha256:24", "sha256:-1", "sha256:+1", "sha256: 7", "md5:7",
		"sha256:7=", "sha256:7=zz", "sha256:7=00",
		"sha1:7=000000000000000000000000000000000000000000", "sha256:7,7", "sha256:7+",
		"sha256:7+7", "sha256:7 ", "sha256:99999999999999999999" };
	struct tpm_pcrs pcrs;
	struct ms_error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = (struct ms_error){ 0 };
		assert_int_equal(tpm_pcrs_parse(bad[i], &pcrs, &err), MS_ERR_USAGE);
		assert_non_null(strstr(err.message, bad[i]));
	}
}

static void selection_there_and_back(void **state)
{
	TPML_PCR_SELECTION selection;
	struct tpm_pcrs pcrs, again;

	assert_int_equal(tpm_pcrs_parse("sha256:0,7,23+sha1:8", &pcrs, NULL), 0);
	tpm_pcrs_selection(&pcrs, &selection);
	assert_int_equal(selection.count, 2);
	assert_int_equal(selection.pcrSelections[0].hash, TPM2_ALG_SHA256);
	assert_memory_equal(selection.pcrSelections[0].pcrSelect, "\x81\x00\x80", 3);
	assert_memory_equal(selection.pcrSelections[1].pcrSelect, "\x00\x01\x00", 3);
	assert_int_equal(tpm_pcrs_of_selection(&selection, &again, NULL), 0);
	assert_int_equal(again.n, 4);
	assert_int_equal(again.list[3].index, 8);
	assert_int_equal(again.list[3].bank, TPM2_ALG_SHA1);
}

/* -- policies ------------------------------------------------------------------------------ */

/* With all PCRs zero. */
#define PCR_7_16	  "2aa20d10266e2597a0c0c14ae1d5db0ea93b4c20d76c66d032e4910413cb5fa8"
#define AUTH_PCR_7_16	  "15d0c8a8edbdb2e4946ef0505a7e67fcb3a6ac12eb96dec24624502744e57f7c"
#define PCR_16_OR_AUTH	  "ff676ce3ff735d0712c2e8a6a91e396da047a13da4acb92d02d4569054283619"
#define COMMAND_CODE_SIGN "cc6918b226273b08f5bd406d7f10cf160f0a7d13dfd83b7770ccbcd1aa80d811"
#define COMMAND_CODE_SIGN_LOCALITY_3                                                               \
	"11e9a03e8d66b1da68f5f73e95aa8095398af46113e69d1e8fdff1ce12cf36bf"

static void assert_digest(const TPM2B_DIGEST *digest, const char *hex)
{
	char text[2 * sizeof(digest->buffer) + 1] = "";

	for (size_t i = 0; i < digest->size; i++)
		snprintf(text + 2 * i, 3, "%02x", digest->buffer[i]);
	assert_string_equal(text, hex);
}

static void policy_of(const struct tpm_policy *policy, const char *hex)
{
	TPM2B_DIGEST digest;

	assert_int_equal(tpm_policy_digest(policy, TPM2_ALG_SHA256, &digest, NULL), 0);
	assert_digest(&digest, hex);
}

static void add_zero_pcrs(struct tpm_policy *policy, const char *text)
{
	TPML_PCR_SELECTION selection;
	TPM2B_DIGEST digest;
	struct tpm_pcrs pcrs;

	assert_int_equal(tpm_pcrs_parse(text, &pcrs, NULL), 0);
	for (size_t i = 0; i < pcrs.n; i++)
		pcrs.list[i].value.size = (UINT16)tpm_alg_size(pcrs.list[i].bank);
	assert_int_equal(tpm_pcrs_digest(&pcrs, TPM2_ALG_SHA256, &digest, NULL), 0);
	tpm_pcrs_selection(&pcrs, &selection);
	assert_int_equal(tpm_policy_add_pcrs(policy, &selection, &digest, NULL), 0);
}

static void add_empty(struct tpm_policy *policy, TPM2_CC cc)
{
	assert_int_equal(tpm_policy_add(policy, cc, NULL, 0, NULL), 0);
}

static void auth_value_and_password_come_to_the_same(void **state)
{
	static const char hex[] =
		"8fcd2169ab92694e0c633f1ab772842b8241bbc20288981fc7ac1eddc1fddb0e";
	struct tpm_policy a = { 0 }, b = { 0 };
	TPM2B_DIGEST digest;

	add_empty(&a, TPM2_CC_PolicyAuthValue);
	policy_of(&a, hex);
	add_empty(&b, TPM2_CC_PolicyPassword);
	policy_of(&b, hex);
	assert_int_equal(tpm_policy_auth_value_digest(TPM2_ALG_SHA256, &digest, NULL), 0);
	assert_digest(&digest, hex);
	tpm_policy_free(&a);
	tpm_policy_free(&b);
}

static void pcr_policy(void **state)
{
	struct tpm_policy p = { 0 };

	add_zero_pcrs(&p, "sha256:7,16");
	policy_of(&p, PCR_7_16);
	tpm_policy_free(&p);
}

static void auth_then_pcr(void **state)
{
	struct tpm_policy p = { 0 };

	add_empty(&p, TPM2_CC_PolicyAuthValue);
	add_zero_pcrs(&p, "sha256:7,16");
	policy_of(&p, AUTH_PCR_7_16);
	tpm_policy_free(&p);
}

static void pcr_or_auth(void **state)
{
	struct tpm_policy p = { 0 };
	TPML_DIGEST branches = { .count = 2 };

	add_zero_pcrs(&p, "sha256:16");
	assert_int_equal(tpm_policy_digest(&p, TPM2_ALG_SHA256, &branches.digests[0], NULL), 0);
	assert_int_equal(
		tpm_policy_auth_value_digest(TPM2_ALG_SHA256, &branches.digests[1], NULL), 0);
	assert_int_equal(tpm_policy_add_or(&p, &branches, NULL), 0);
	policy_of(&p, PCR_16_OR_AUTH);
	tpm_policy_free(&p);
}

static void command_code_and_locality(void **state)
{
	struct tpm_policy p = { 0 };

	assert_int_equal(
		tpm_policy_add(&p, TPM2_CC_PolicyCommandCode, "\x00\x00\x01\x5d", 4, NULL), 0);
	policy_of(&p, COMMAND_CODE_SIGN);
	assert_int_equal(tpm_policy_add(&p, TPM2_CC_PolicyLocality, "\x08", 1, NULL), 0);
	policy_of(&p, COMMAND_CODE_SIGN_LOCALITY_3);
	tpm_policy_free(&p);
}

static void both_forms_of_a_pcr_step(void **state)
{
	uint8_t selection[] = { 0, 0, 0, 1, 0, 0x0b, 3, 0x80, 0, 1 }, engine[42], draft[44];
	struct tpm_policy p = { 0 };
	TPML_PCR_SELECTION a, b;
	TPM2B_DIGEST x, y;

	memcpy(engine, selection, 10);
	memset(engine + 10, 0x5a, 32);
	draft[0] = 0;
	draft[1] = 32;
	memset(draft + 2, 0x5a, 32);
	memcpy(draft + 34, selection, 10);
	assert_int_equal(tpm_policy_add(&p, TPM2_CC_PolicyPCR, engine, sizeof(engine), NULL), 0);
	assert_int_equal(tpm_policy_add(&p, TPM2_CC_PolicyPCR, draft, sizeof(draft), NULL), 0);
	assert_int_equal(tpm_step_pcrs(&p.steps[0], TPM2_ALG_SHA256, &a, &x, NULL), 0);
	assert_int_equal(tpm_step_pcrs(&p.steps[1], TPM2_ALG_SHA256, &b, &y, NULL), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_equal(&x, &y, sizeof(x));
	/* The digest is as long as the key's name algorithm says. */
	assert_int_equal(tpm_step_pcrs(&p.steps[0], TPM2_ALG_SHA384, &a, &x, NULL), MS_ERR_KEY);
	tpm_policy_free(&p);
}

static void steps_that_are_malformed(void **state)
{
	static const TPM2_CC ccs[] = { TPM2_CC_PolicyPCR, TPM2_CC_PolicyOR,
		TPM2_CC_PolicyAuthorize };
	uint8_t bytes[300];
	TPM2B_DIGEST digest;

	for (size_t c = 0; c < sizeof(ccs) / sizeof(ccs[0]); c++)
		for (unsigned fill = 0; fill < 256; fill += 5)
			for (size_t len = 0; len < sizeof(bytes); len += 7) {
				struct tpm_policy p = { 0 };

				memset(bytes, (int)fill, sizeof(bytes));
				bytes[0] = bytes[1] = 0;
				assert_int_equal(tpm_policy_add(&p, ccs[c], bytes, len, NULL), 0);
				assert_int_equal(
					tpm_policy_digest(&p, TPM2_ALG_SHA256, &digest, NULL),
					MS_ERR_KEY);
				tpm_policy_free(&p);
			}
}

static void a_command_that_is_not_supported(void **state)
{
	struct tpm_policy p = { 0 };
	struct ms_error err = { 0 };
	TPM2B_DIGEST digest;

	assert_int_equal(tpm_policy_add(&p, TPM2_CC_PolicyCounterTimer, "1234", 4, NULL), 0);
	assert_int_equal(tpm_policy_digest(&p, TPM2_ALG_SHA256, &digest, &err), MS_ERR_KEY);
	assert_non_null(strstr(err.message, "0x16d"));
	tpm_policy_free(&p);
}

/* -- keys and signatures ------------------------------------------------------------------- */

static void key_there_and_back(EVP_PKEY *key)
{
	AUTO_PKEY EVP_PKEY *own = key, *again = NULL;
	TPM2B_PUBLIC pub;

	assert_non_null(own);
	assert_int_equal(tpm_public_of(own, &pub, NULL), 0);
	assert_int_equal(tpm_pubkey(&pub.publicArea, &again, NULL), 0);
	assert_int_equal(EVP_PKEY_eq(own, again), 1);
}

static void public_keys(void **state)
{
	static const char *const groups[] = { "P-256", "P-384", "P-521" };
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "ED25519");
	TPM2B_PUBLIC pub;

	/* Several, for coordinates that begin with zeros. */
	for (size_t i = 0; i < 3; i++)
		for (int n = 0; n < 40; n++)
			key_there_and_back(EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "EC", groups[i]));
	key_there_and_back(EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "RSA", (size_t)2048));
	assert_int_equal(tpm_public_of(ed, &pub, NULL), MS_ERR_KEY);
	EVP_PKEY_free(ed);
}

static void ecdsa_there_and_back(void **state)
{
	AUTO_PKEY EVP_PKEY *key = EVP_PKEY_Q_keygen(ossl_ctx(), NULL, "EC", "P-256");
	/* SEQUENCE of 1 and a number with its highest bit set */
	static const uint8_t der[] = { 0x30, 7, 2, 1, 1, 2, 2, 0, 0x80 };
	TPMT_SIGNATURE sig;
	uint8_t out[32];

	assert_int_equal(tpm_signature_of(key, TPM2_ALG_SHA256, der, sizeof(der), &sig, NULL), 0);
	assert_int_equal(sig.signature.ecdsa.signatureS.size, 1);
	assert_int_equal(tpm_ecdsa_der(&sig.signature.ecdsa, out, sizeof(out)), sizeof(der));
	assert_memory_equal(out, der, sizeof(der));
	assert_int_equal(tpm_ecdsa_der(&sig.signature.ecdsa, out, sizeof(der) - 1), 0);
	assert_int_equal(tpm_signature_of(key, TPM2_ALG_SHA256, der, 4, &sig, NULL), MS_ERR_KEY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcrs_are_put_in_the_tpms_order),
		cmocka_unit_test(pcrs_that_are_none),
		cmocka_unit_test(selection_there_and_back),
		cmocka_unit_test(auth_value_and_password_come_to_the_same),
		cmocka_unit_test(pcr_policy),
		cmocka_unit_test(auth_then_pcr),
		cmocka_unit_test(pcr_or_auth),
		cmocka_unit_test(command_code_and_locality),
		cmocka_unit_test(both_forms_of_a_pcr_step),
		cmocka_unit_test(steps_that_are_malformed),
		cmocka_unit_test(a_command_that_is_not_supported),
		cmocka_unit_test(public_keys),
		cmocka_unit_test(ecdsa_there_and_back),
	};

	setenv("TSS2_LOG", "all+none", 1); /* it has much to say of what is malformed */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
