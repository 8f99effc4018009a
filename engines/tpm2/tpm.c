/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/tpm.h"

#include "engines/tpm2/info.h"
#include "engines/tpm2/rc.h"
#include "engines/tpm2/relay.h"
#include "engines/tpm2/serve.h"
#include "engines/tpm2/swtpm.h"
#include "src/base/error.h"
#include "src/crypto/ossl.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#define DEVICE	     "/dev/tpmrm0"
#define WAIT_FIRST   10 /* ms; doubled each time */
#define WAIT_LONGEST 500
#define WAIT_ALL     6000

static const char owner; /* of the state in the context: its address */

/* -- calls --------------------------------------------------------------------------------- */

/* Not under the watch's clock: this is we who wait. */
bool tpm_wait(const struct tpm *tpm, TSS2_RC rc, unsigned *waited)
{
	unsigned ms = WAIT_FIRST + *waited;
	struct timespec ts;

	if (!tpm_rc_wait(rc) || *waited >= WAIT_ALL || tpm->first)
		return false;
	if (ms > WAIT_LONGEST)
		ms = WAIT_LONGEST;
	ts = (struct timespec){ .tv_nsec = ms * 1000000L };
	nanosleep(&ts, NULL);
	*waited += ms;
	return true;
}

void tpm_note(struct tpm *tpm, TSS2_RC rc)
{
	if (tpm_rc_lost(rc))
		tpm->lost = true;
}

int tpm_err(const struct tpm *tpm, TSS2_RC rc, const char *call, struct ms_error *err)
{
	return tpm_rc_err(err, rc, tpm->name, call);
}

static int stuck_err(const struct tpm *tpm, struct ms_error *err)
{
	err_set(err, MS_ERR_TIMEOUT, "%s: %s did not come back within %u seconds", tpm->name,
		watch_stuck_call(tpm->watch), tpm->ctx->timeout);
	err_hint(err,
		"Is the TPM (or its simulator or broker) well? --token-timeout gives it more time "
		"(0: for ever).");
	return MS_ERR_TIMEOUT;
}

static int lost_err(const struct tpm *tpm, struct ms_error *err)
{
	err_set(err, MS_ERR_TOKEN, "%s: the connection to it was lost", tpm->name);
	err_hint(err, "Is the TPM (or its simulator or broker) still there?");
	return MS_ERR_TOKEN;
}

struct request {
	struct tpm *tpm;
	int (*fn)(void *arg);
	void *arg;
	struct ms_error *err;
};

/* After a connection was lost tpm2-tss is out of step. */
static int request_fn(void *arg)
{
	const struct request *r = arg;

	return r->tpm->lost ? lost_err(r->tpm, r->err) : r->fn(r->arg);
}

int tpm_run(struct tpm *tpm, int (*fn)(void *arg), void *arg, struct ms_error *err)
{
	struct request request = { tpm, fn, arg, err };
	int ret = 0, r = tpm_serve(tpm, request_fn, &request, &ret);

	if (r == 0)
		return ret;
	if (r == MS_ERR_TIMEOUT) {
		__atomic_store_n(&tpm->ctx->wedged, true, __ATOMIC_RELAXED);
		return stuck_err(tpm, err);
	}
	if (r == MS_ERR_NOMEM)
		return err_nomem(err);
	return err_set(err, r, "%s: no thread can be started to call it", tpm->name);
}

void tpm_let_go(struct tpm *tpm, ESYS_TR *object)
{
	if (*object != ESYS_TR_NONE && !tpm->lost)
		Esys_TR_Close(tpm->esys, object);
	*object = ESYS_TR_NONE;
}

void tpm_flush(struct tpm *tpm, ESYS_TR *object)
{
	TPM2_HANDLE handle = 0;
	ESYS_TR tr = *object;

	*object = ESYS_TR_NONE;
	if (tr == ESYS_TR_NONE || tpm->lost)
		return;
	if ((Esys_TR_GetTpmHandle(tpm->esys, tr, &handle) == TSS2_RC_SUCCESS &&
		    handle >> TPM2_HR_SHIFT == TPM2_HT_PERSISTENT) ||
		TPM_CALL(tpm, FlushContext, tr) != TSS2_RC_SUCCESS)
		tpm_let_go(tpm, &tr);
}

/* -- the connection ------------------------------------------------------------------------ */

static int connect_err(const struct tpm *tpm, TSS2_RC rc, struct ms_error *err)
{
	const char *device = !strncmp(tpm->conf, "device:", 7) ? tpm->conf + 7 : NULL;

	if (device && access(device, R_OK | W_OK) < 0)
		err_set(err, MS_ERR_TOKEN, "%s cannot be reached: %s", tpm->name, strerror(errno));
	else
		err_set(err, MS_ERR_TOKEN, "%s cannot be reached (%s)", tpm->name,
			Tss2_RC_Decode(rc));
	err_hint(err,
		"Name it with --tcti or in MODSEAL_TCTI, as device:/dev/tpmrm0 or "
		"swtpm:host=127.0.0.1,port=2321 (the default is " DEVICE
		", which members of the group tss may use).");
	return MS_ERR_TOKEN;
}

struct opening {
	struct tpm *tpm;
	struct ms_error *err;
};

static int open_esys(struct tpm *tpm, struct relay *relay, struct ms_error *err)
{
	TSS2_TCTI_CONTEXT *tcti = relay_tcti(relay);
	TSS2_RC rc;

	if (!tcti)
		return err_nomem(err);
	watch_enter("Esys_Initialize", tpm->name);
	rc = Esys_Initialize(&tpm->esys, tcti, NULL);
	watch_leave();
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_SetTimeout(tpm->esys, TSS2_TCTI_TIMEOUT_BLOCK);
	return rc == TSS2_RC_SUCCESS ? 0 : connect_err(tpm, rc, err);
}

static TSS2_RC connect_to(struct tpm *tpm)
{
	bool ours = swtpm_is_meant(tpm->conf);
	TSS2_RC rc;

	watch_enter(ours ? "connect" : "Tss2_TctiLdr_Initialize", tpm->name);
	rc = ours ? swtpm_connect(tpm->conf, &tpm->tcti)
		  : Tss2_TctiLdr_Initialize(tpm->conf, &tpm->tcti);
	watch_leave();
	return rc;
}

static void disconnect(struct tpm *tpm)
{
	if (swtpm_is_meant(tpm->conf)) {
		swtpm_free(tpm->tcti);
		return;
	}
	watch_enter("Tss2_TctiLdr_Finalize", tpm->name);
	Tss2_TctiLdr_Finalize(&tpm->tcti);
	watch_leave();
}

/* With a connection of its own. */
static int open_lane(struct tpm *tpm, struct ms_error *err)
{
	TSS2_RC rc = connect_to(tpm);

	if (rc != TSS2_RC_SUCCESS)
		return connect_err(tpm, rc, err);
	tpm->relay = relay_new(tpm->tcti);
	return tpm->relay ? open_esys(tpm, tpm->relay, err) : err_nomem(err);
}

static int open_fn(void *arg)
{
	struct opening *o = arg;
	int r = open_lane(o->tpm, o->err);

	return r == 0 ? tpm_read_info(o->tpm, o->err) : r;
}

static int open_second_fn(void *arg)
{
	struct opening *o = arg;

	o->tpm->hashes = o->tpm->first->hashes;
	if (swtpm_is_meant(o->tpm->conf))
		return open_lane(o->tpm, o->err);
	return open_esys(o->tpm, o->tpm->first->relay, o->err);
}

static int close_fn(void *arg)
{
	struct tpm *tpm = arg;

	watch_enter("Esys_Finalize", tpm->name);
	Esys_Finalize(&tpm->esys);
	watch_leave();
	disconnect(tpm);
	return 0;
}

/* What is stuck stays, with all that it may still touch; false then. */
static bool end(struct tpm *tpm)
{
	int ret;

	if (tpm->serving && tpm_serve(tpm, close_fn, tpm, &ret) == MS_ERR_TIMEOUT)
		tpm->ctx->wedged = true;
	tpm_serve_stop(tpm);
	if (watch_stuck(tpm->watch))
		return false;
	watch_free(tpm->watch);
	relay_free(tpm->relay);
	pthread_mutex_destroy(&tpm->lock);
	pthread_cond_destroy(&tpm->wanted);
	free(tpm->conf);
	free(tpm->name);
	free(tpm);
	return true;
}

static void tpm_free(void *state)
{
	struct tpm *tpm = state;

	if (!tpm->second || end(tpm->second))
		end(tpm);
}

static void tell_slow(void *user, const char *call, const char *on)
{
	const struct tpm *tpm = user;

	context_notice(tpm->ctx, "waiting for %s (%s)", on, call);
}

/* It is read at the first message. */
void tpm_silence(const struct ms_context *ctx)
{
	if (!ctx->verbose)
		setenv("TSS2_LOG", "all+none", 0);
}

static struct tpm *tpm_new(struct ms_context *ctx)
{
	struct tpm *tpm = calloc(1, sizeof(*tpm));

	if (!tpm)
		return NULL;
	tpm->ctx = ctx;
	pthread_mutex_init(&tpm->lock, NULL);
	pthread_cond_init(&tpm->wanted, NULL);
	tpm->conf = strdup(ctx->tcti ? ctx->tcti : "device:" DEVICE);
	if (tpm->conf && asprintf(&tpm->name, "TPM %s", tpm->conf) < 0)
		tpm->name = NULL;
	tpm->watch = watch_new(ctx->timeout, tell_slow, tpm);
	if (tpm->conf && tpm->name && tpm->watch)
		return tpm;
	watch_free(tpm->watch);
	free(tpm->conf);
	free(tpm->name);
	free(tpm);
	return NULL;
}

bool tpm_is_there(const struct ms_context *ctx)
{
	return ctx->tcti || access(DEVICE, R_OK | W_OK) == 0;
}

static int start(struct tpm *tpm, int (*open)(void *arg), struct ms_error *err)
{
	struct opening o = { tpm, err };
	int r = tpm_serve_start(tpm);

	if (r < 0)
		return err_set(err, r, "%s: no thread can be started to call it", tpm->name);
	return tpm_run(tpm, open, &o, err);
}

/* Nobody asks twice for one that could not be opened: tpm_key.second_tried. */
struct tpm *tpm_second(struct tpm *tpm)
{
	struct tpm *second;

	pthread_mutex_lock(&tpm->lock);
	second = tpm->second;
	if (!second && (second = tpm_new(tpm->ctx))) {
		second->first = tpm;
		if (start(second, open_second_fn, NULL) == 0) {
			tpm->second = second;
		} else {
			end(second);
			second = NULL;
		}
	}
	pthread_mutex_unlock(&tpm->lock);
	return second;
}

int tpm_get(struct ms_context *ctx, struct tpm **out, struct ms_error *err)
{
	struct tpm *tpm = context_get(ctx, &owner);
	int r;

	if (tpm) {
		*out = tpm;
		return 0;
	}
	tpm_silence(ctx);
	(void)ossl_ctx(); /* before tpm2-tss uses OpenSSL */
	tpm = tpm_new(ctx);
	if (!tpm)
		return err_nomem(err);
	r = start(tpm, open_fn, err);
	if (r == 0)
		r = context_put(ctx, &owner, tpm, tpm_free);
	if (r == 0) {
		*out = tpm;
		return 0;
	}
	tpm_free(tpm);
	return r;
}
