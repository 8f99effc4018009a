/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many signatures a second a TPM makes when nothing else is done: Esys_Sign in a loop, with a
 * key made for it, and with the session that modseal would use: none for a key without auth value,
 * a salted one with encrypted parameters for one with.
 *
 *   tpmloop TCTI rsa2048|p256 password|salted COUNT     prints the seconds that COUNT took
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#define NONE ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE

static ESYS_CONTEXT *esys;

static void check(const char *what, TSS2_RC rc)
{
	if (rc == TSS2_RC_SUCCESS)
		return;
	fprintf(stderr, "tpmloop: %s: %s\n", what, Tss2_RC_Decode(rc));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static ESYS_TR make_parent(void)
{
	const TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	const TPM2B_DATA outside = { 0 };
	const TPML_PCR_SELECTION pcrs = { 0 };
	TPM2B_PUBLIC pub = { .publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
			TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
			TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
		.parameters.eccDetail = {
			.symmetric = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128,
				.mode.aes = TPM2_ALG_CFB },
			.scheme.scheme = TPM2_ALG_NULL,
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
	} };
	ESYS_TR parent;

	check("TPM2_CreatePrimary",
		Esys_CreatePrimary(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			ESYS_TR_NONE, &sensitive, &pub, &outside, &pcrs, &parent, NULL, NULL, NULL,
			NULL));
	return parent;
}

static ESYS_TR make_key(ESYS_TR parent, int rsa, const TPM2B_AUTH *auth)
{
	const TPM2B_DATA outside = { 0 };
	const TPML_PCR_SELECTION pcrs = { 0 };
	TPM2B_SENSITIVE_CREATE sensitive = { .sensitive.userAuth = *auth };
	TPM2B_PUBLIC pub = { .publicArea = {
				     .type = rsa ? TPM2_ALG_RSA : TPM2_ALG_ECC,
				     .nameAlg = TPM2_ALG_SHA256,
				     .objectAttributes = TPMA_OBJECT_FIXEDTPM |
					     TPMA_OBJECT_FIXEDPARENT |
					     TPMA_OBJECT_SENSITIVEDATAORIGIN |
					     TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_SIGN_ENCRYPT,
			     } };
	TPM2B_PRIVATE *priv;
	TPM2B_PUBLIC *made;
	ESYS_TR key;

	if (rsa) {
		pub.publicArea.parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
		pub.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
		pub.publicArea.parameters.rsaDetail.keyBits = 2048;
	} else {
		pub.publicArea.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
		pub.publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
		pub.publicArea.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
		pub.publicArea.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
	}
	check("TPM2_Create",
		Esys_Create(esys, parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
			&pub, &outside, &pcrs, &priv, &made, NULL, NULL, NULL));
	check("TPM2_Load",
		Esys_Load(esys, parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, priv, made,
			&key));
	check("Esys_TR_SetAuth", Esys_TR_SetAuth(esys, key, auth));
	Esys_Free(priv);
	Esys_Free(made);
	return key;
}

static ESYS_TR salted_session(ESYS_TR parent)
{
	const TPMT_SYM_DEF aes = {
		.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB
	};
	ESYS_TR session;

	check("TPM2_StartAuthSession",
		Esys_StartAuthSession(esys, parent, ESYS_TR_NONE, NONE, NULL, TPM2_SE_HMAC, &aes,
			TPM2_ALG_SHA256, &session));
	check("Esys_TRSess_SetAttributes",
		Esys_TRSess_SetAttributes(esys, session,
			TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT,
			0xff));
	return session;
}

static void sign(ESYS_TR key, ESYS_TR session, int rsa)
{
	const TPMT_TK_HASHCHECK ticket = { .tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL };
	const TPMT_SIG_SCHEME scheme = { .scheme = rsa ? TPM2_ALG_RSASSA : TPM2_ALG_ECDSA,
		.details.any.hashAlg = TPM2_ALG_SHA256 };
	TPM2B_DIGEST digest = { .size = 32 };
	TPMT_SIGNATURE *signature;

	memset(digest.buffer, 0xa5, digest.size);
	check("TPM2_Sign",
		Esys_Sign(esys, key, session, ESYS_TR_NONE, ESYS_TR_NONE, &digest, &scheme, &ticket,
			&signature));
	Esys_Free(signature);
}

int main(int argc, char **argv)
{
	long count = argc == 5 ? atol(argv[4]) : 0;
	int rsa, salted;
	TPM2B_AUTH auth = { 0 };
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_TR parent, key, session = ESYS_TR_PASSWORD;
	double start;

	if (count < 1) {
		fprintf(stderr, "usage: tpmloop TCTI rsa2048|p256 password|salted COUNT\n");
		return 2;
	}
	rsa = !strcmp(argv[2], "rsa2048");
	salted = !strcmp(argv[3], "salted");
	if (salted) {
		auth.size = 4;
		memcpy(auth.buffer, "1234", 4);
	}
	check("TCTI", Tss2_TctiLdr_Initialize(argv[1], &tcti));
	check("Esys_Initialize", Esys_Initialize(&esys, tcti, NULL));
	parent = make_parent();
	key = make_key(parent, rsa, &auth);
	if (salted)
		session = salted_session(parent);
	Esys_FlushContext(esys, parent);
	start = now();
	for (long i = 0; i < count; i++)
		sign(key, session, rsa);
	printf("%.6f\n", now() - start);
	Esys_FlushContext(esys, key);
	if (salted)
		Esys_FlushContext(esys, session);
	Esys_Finalize(&esys);
	Tss2_TctiLdr_Finalize(&tcti);
	return 0;
}
