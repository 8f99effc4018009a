/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many signatures a second a PKCS#11 module makes when nothing else is done: C_SignInit and
 * C_Sign in a loop, one session a thread. Where several slots hold a token of that name, as many as
 * p11-kit-proxy.so has connections to it, the threads share them.
 *
 *   p11loop MODULE TOKEN LABEL PIN THREADS COUNT
 *
 * prints the seconds and CPU seconds that COUNT took, without start and login.
 */
#include "loop.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* DigestInfo of a SHA-256 digest, then the digest. */
static const CK_BYTE prefix[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
#define DIGEST_LEN 32

#define MAX_THREADS 64

static struct {
	CK_FUNCTION_LIST *fn;
	CK_SLOT_ID slots[MAX_THREADS]; /* that hold the token */
	int n_slots;
	struct place {
		CK_SESSION_HANDLE session;
		CK_OBJECT_HANDLE key;
	} places[MAX_THREADS]; /* a thread's, in slot thread % n_slots */
	CK_MECHANISM mechanism;
	CK_BYTE input[sizeof(prefix) + DIGEST_LEN];
	CK_ULONG input_len;
} bench;

static void die(const char *what, CK_RV rv)
{
	fprintf(stderr, "p11loop: %s: 0x%lx\n", what, (unsigned long)rv);
	exit(1);
}

static void check(const char *what, CK_RV rv)
{
	if (rv != CKR_OK)
		die(what, rv);
}

static void load(const char *path)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = NULL;

	if (handle)
		*(void **)&get = dlsym(handle, "C_GetFunctionList");
	if (!get) {
		fprintf(stderr, "p11loop: %s\n", dlerror());
		exit(1);
	}
	check("C_GetFunctionList", get(&bench.fn));
	check("C_Initialize", bench.fn->C_Initialize(&args));
}

static bool is_token(CK_SLOT_ID slot, const char *label)
{
	CK_TOKEN_INFO info;
	CK_BYTE padded[sizeof(info.label)];

	memset(padded, ' ', sizeof(padded));
	memcpy(padded, label, strnlen(label, sizeof(padded)));
	return bench.fn->C_GetTokenInfo(slot, &info) == CKR_OK &&
		!memcmp(info.label, padded, sizeof(padded));
}

static void find_token(const char *label)
{
	CK_SLOT_ID slots[MAX_THREADS];
	CK_ULONG n = MAX_THREADS;

	check("C_GetSlotList", bench.fn->C_GetSlotList(CK_TRUE, slots, &n));
	for (CK_ULONG i = 0; i < n; i++)
		if (is_token(slots[i], label))
			bench.slots[bench.n_slots++] = slots[i];
	if (!bench.n_slots)
		die("no such token", CKR_TOKEN_NOT_PRESENT);
}

static void find_key(struct place *place, char *label)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type;
	CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof(class) },
		{ CKA_LABEL, label, strlen(label) } };
	CK_ATTRIBUTE key_type = { CKA_KEY_TYPE, &type, sizeof(type) };
	CK_ULONG n = 0;

	check("C_FindObjectsInit", bench.fn->C_FindObjectsInit(place->session, wanted, 2));
	check("C_FindObjects", bench.fn->C_FindObjects(place->session, &place->key, 1, &n));
	check("C_FindObjectsFinal", bench.fn->C_FindObjectsFinal(place->session));
	if (n != 1)
		die("no such key", CKR_KEY_HANDLE_INVALID);
	check("C_GetAttributeValue",
		bench.fn->C_GetAttributeValue(place->session, place->key, &key_type, 1));
	memset(bench.input, 0xa5, sizeof(bench.input));
	if (type == CKK_RSA) {
		bench.mechanism.mechanism = CKM_RSA_PKCS;
		memcpy(bench.input, prefix, sizeof(prefix));
		bench.input_len = sizeof(bench.input);
	} else {
		bench.mechanism.mechanism = CKM_ECDSA;
		bench.input_len = DIGEST_LEN;
	}
}

/* The slot's first session is logged in with. */
static void prepare(int thread, char *label, char *pin)
{
	struct place *place = &bench.places[thread];

	check("C_OpenSession",
		bench.fn->C_OpenSession(bench.slots[thread % bench.n_slots], CKF_SERIAL_SESSION,
			NULL, NULL, &place->session));
	if (thread < bench.n_slots)
		check("C_Login",
			bench.fn->C_Login(
				place->session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)));
	find_key(place, label);
}

static void *begin(int thread)
{
	return &bench.places[thread];
}

static void sign(void *own, long i)
{
	const struct place *place = own;
	CK_BYTE signature[1024];
	CK_ULONG len = sizeof(signature);

	(void)i;
	check("C_SignInit", bench.fn->C_SignInit(place->session, &bench.mechanism, place->key));
	check("C_Sign",
		bench.fn->C_Sign(place->session, bench.input, bench.input_len, signature, &len));
}

static void end(void *own)
{
	(void)own;
}

int main(int argc, char **argv)
{
	struct loop loop = { .name = "p11loop", .begin = begin, .one = sign, .end = end };

	if (argc != 7) {
		fprintf(stderr, "usage: p11loop MODULE TOKEN LABEL PIN THREADS COUNT\n");
		return 2;
	}
	loop.threads = loop_threads("p11loop", argv[5]);
	loop.count = atol(argv[6]);
	load(argv[1]);
	find_token(argv[2]);
	for (int i = 0; i < loop.threads; i++)
		prepare(i, argv[3], argv[4]);
	loop_run(&loop);
	bench.fn->C_Finalize(NULL);
	return 0;
}
