/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TPM of a context: one connection, opened at its first use. No function of tpm2-tss that
 * speaks to it is called but by TPM_CALL, and TPM_CALL is used only inside a function that
 * tpm_run() runs: so whoever waits does so for a bounded time, and one at a time.
 *
 * A call that never comes back keeps what it was given. So what goes into TPM_CALL lies on the
 * stack of the function that tpm_run() runs, or in the struct tpm, which is never freed once it is
 * stuck.
 */
#ifndef MODSEAL_ENGINES_TPM2_TPM_H
#define MODSEAL_ENGINES_TPM2_TPM_H

#include "src/base/watch.h"
#include "src/key/context.h"

#include <pthread.h>
#include <tss2/tss2_esys.h>

struct tpm {
	struct ms_context *ctx;
	char *conf; /* the TCTI: for swtpm.h, or for tctildr */
	char *name; /* for messages: "TPM device:/dev/tpmrm0" */
	struct watch *watch;
	TSS2_TCTI_CONTEXT *tcti; /* its own connection; NULL: it is the first's */
	struct relay *relay;	 /* over it; likewise */
	ESYS_CONTEXT *esys;
	struct tpm *first;  /* of a second lane (lanes.h); NULL: it is none */
	struct tpm *second; /* of a first; NULL: there is none (yet) */
	bool lost;	 /* the connection is gone for good; of the serving thread alone */
	uint32_t hashes; /* bit 1 << enum ms_hash: it has that algorithm */
	char manufacturer[8], vendor[20], firmware[24]; /* as it says, "" if it does not */

	/* Of serve.c. */
	pthread_t server;
	bool serving;
	pthread_mutex_t lock; /* of the rest, and of `second` */
	pthread_cond_t wanted;
	struct tpm_job *jobs, *last_job, *current;
	bool ending;
	int served; /* why nobody serves any more, 0 while somebody does */
};

/* Keeps tpm2-tss from speaking on standard error unless the context wants it; before its first use.
 */
void tpm_silence(const struct ms_context *ctx);
/* Connects when it is not yet. MS_ERR_TOKEN, naming TCTI and cause. */
int tpm_get(struct ms_context *ctx, struct tpm **tpm, struct ms_error *err);
/* The second lane into the TPM, opened at its first use. NULL if there cannot be one. */
struct tpm *tpm_second(struct tpm *tpm);
/* Whether the user named a TPM, or there is one at the usual place that may be opened. */
bool tpm_is_there(const struct ms_context *ctx);

/* Has fn(arg), which may use TPM_CALL, run by the thread that speaks to the TPM (serve.h), and
 * returns what it returned. MS_ERR_TIMEOUT, with the call named, when one did not come back, now or
 * earlier. */
int tpm_run(struct tpm *tpm, int (*fn)(void *arg), void *arg, struct ms_error *err);

/* TPM_CALL(tpm, Sign, args...): Esys_Sign(), tried again for a few seconds while the TPM is short
 * of room or busy. */
#define TPM_CALL(t, fn, ...)                                                                       \
	({                                                                                         \
		TSS2_RC rc_;                                                                       \
		unsigned waited_ = 0;                                                              \
		do {                                                                               \
			watch_enter("TPM2_" #fn, (t)->name);                                       \
			rc_ = Esys_##fn((t)->esys, __VA_ARGS__);                                   \
			watch_leave();                                                             \
		} while (tpm_wait(t, rc_, &waited_));                                              \
		tpm_note(t, rc_);                                                                  \
		rc_;                                                                               \
	})
/* For TPM_CALL: sleeps, if the code says so and there is time left; true: again. A second lane does not
 * wait: it can be done without. */
bool tpm_wait(const struct tpm *tpm, TSS2_RC rc, unsigned *waited);
/* For TPM_CALL: remembers a connection that is lost. */
void tpm_note(struct tpm *tpm, TSS2_RC rc);
/* tpm_rc_err() with the TPM's name. */
int tpm_err(const struct tpm *tpm, TSS2_RC rc, const char *call, struct ms_error *err);

/* Inside tpm_run(): takes a transient object or a session out of the TPM, or lets go of a
 * persistent one; *object becomes ESYS_TR_NONE. Says nothing if it cannot be done. */
void tpm_flush(struct tpm *tpm, ESYS_TR *object);
/* Likewise: forgets an object and leaves it where it is. */
void tpm_let_go(struct tpm *tpm, ESYS_TR *object);

#endif
