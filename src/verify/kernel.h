/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's decision about a module, in two steps: what its signature is worth (kernel_signer.c),
 * and what follows from that (kernel.c). */
#ifndef MODSEAL_VERIFY_KERNEL_H
#define MODSEAL_VERIFY_KERNEL_H

#include "src/verify/verify.h"

#include <modseal/machine.h>

/* What mod_verify_sig() returns. */
enum worth {
	WORTH_UNKNOWN,
	WORTH_GOOD,
	WORTH_ENODATA, /* these three are soft: enforcement and lockdown decide */
	WORTH_ENOPKG,
	WORTH_ENOKEY,
	WORTH_FATAL,   /* any other errno: refused by every kernel */
};

struct sig_worth {
	enum worth worth;
	const char *error;   /* WORTH_FATAL: errno's name */
	const char *store;   /* that decided, or NULL */
	char message[256];   /* WORTH_FATAL: what the kernel logs */
	char reason[600];
	char signer[512], hash[64], note[512];
};

void worth_say(struct sig_worth *w, enum worth worth, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void worth_fatal(struct sig_worth *w, const char *error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What all signatures of a module are judged by. */
struct kernel_judge {
	const struct ms_machine *m;
	STACK_OF(X509) *known; /* src/verify/known.h */
};

/* True if certificates that travel along make the kernel give up before it looks at signers. */
bool kernel_cannot_read(const struct ms_machine *m, const struct cms *cms, struct sig_worth *w);
/* One signer of a CMS. */
int kernel_judge_signer(const struct kernel_judge *j, struct verify_content *content,
	const struct cms *cms, const struct cms_signer *signer, struct sig_worth *w,
	struct ms_error *err);
/* Whether the kernel can compute a hash: GOOD, ENOPKG or UNKNOWN. */
void kernel_judge_hash(const struct ms_machine *m, enum ms_hash hash, struct sig_worth *w);
/* The key of a certificate as the direct signer: GOOD, ENOKEY, FATAL (revoked) or UNKNOWN. */
int kernel_judge_cert(const struct ms_machine *m, X509 *cert, struct sig_worth *w,
	struct ms_error *err);

#endif
