/* SPDX-License-Identifier: Apache-2.0 */
#include "engines/tpm2/relay.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define MAGIC 0x6d6f647365616c31 /* "modseal1" */

/* One of those that share the connection. */
struct end {
	TSS2_TCTI_CONTEXT_COMMON_V1 tcti; /* first: ESYS knows the end by it */
	struct relay *relay;
	struct end *next;         /* of all */
	struct end *next_waiting; /* and of those that wait to send */
	const uint8_t *command;   /* what it waits to send */
	size_t size;
	bool sent;                /* somebody has, or tried: */
	TSS2_RC rc;
	pthread_cond_t told;
};

struct relay {
	TSS2_TCTI_CONTEXT *connection;
	pthread_mutex_t lock;
	bool busy; /* a command was sent and its answer not taken */
	struct end *ends, *waiting, *last_waiting;
};

static struct end *take_waiting(struct relay *r)
{
	struct end *end = r->waiting;

	if (end)
		r->waiting = end->next_waiting;
	if (!r->waiting)
		r->last_waiting = NULL;
	return end;
}

/* The answer was taken, or there will be none: whoever waits is next. */
static void pass_on(struct relay *r)
{
	struct end *end;

	pthread_mutex_lock(&r->lock);
	r->busy = false;
	while (!r->busy && (end = take_waiting(r))) {
		end->rc = Tss2_Tcti_Transmit(r->connection, end->size, end->command);
		r->busy = end->rc == TSS2_RC_SUCCESS;
		end->sent = true;
		pthread_cond_signal(&end->told);
	}
	pthread_mutex_unlock(&r->lock);
}

/* With the lock held. */
static TSS2_RC wait_to_send(struct relay *r, struct end *end, size_t size, const uint8_t *command)
{
	end->command = command;
	end->size = size;
	end->sent = false;
	end->next_waiting = NULL;
	if (r->last_waiting)
		r->last_waiting->next_waiting = end;
	else
		r->waiting = end;
	r->last_waiting = end;
	while (!end->sent)
		pthread_cond_wait(&end->told, &r->lock);
	return end->rc;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *tcti, size_t size, const uint8_t *command)
{
	struct end *end = (struct end *)tcti;
	struct relay *r = end->relay;
	TSS2_RC rc;

	pthread_mutex_lock(&r->lock);
	if (r->busy) {
		rc = wait_to_send(r, end, size, command);
	} else {
		rc = Tss2_Tcti_Transmit(r->connection, size, command);
		r->busy = rc == TSS2_RC_SUCCESS;
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}

/* Whether nothing more of the answer is to come. Without a buffer it was asked how long it is. */
static bool is_taken(TSS2_RC rc, const uint8_t *answer)
{
	switch (rc & 0xffff) {
	case TSS2_RC_SUCCESS:
		return answer;
	case TSS2_BASE_RC_TRY_AGAIN:
	case TSS2_BASE_RC_INSUFFICIENT_BUFFER:
		return false;
	default:
		return true;
	}
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *tcti, size_t *size, uint8_t *answer, int32_t timeout)
{
	struct end *end = (struct end *)tcti;
	TSS2_RC rc = Tss2_Tcti_Receive(end->relay->connection, size, answer, timeout);

	if (is_taken(rc, answer))
		pass_on(end->relay);
	return rc;
}

static void finalize(TSS2_TCTI_CONTEXT *tcti)
{
}

struct relay *relay_new(TSS2_TCTI_CONTEXT *connection)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->connection = connection;
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	while (r->ends) {
		struct end *end = r->ends;

		r->ends = end->next;
		pthread_cond_destroy(&end->told);
		free(end);
	}
	pthread_mutex_destroy(&r->lock);
	free(r);
}

TSS2_TCTI_CONTEXT *relay_tcti(struct relay *r)
{
	struct end *end = calloc(1, sizeof(*end));

	if (!end)
		return NULL;
	end->tcti = (TSS2_TCTI_CONTEXT_COMMON_V1){
		.magic = MAGIC,
		.version = 1,
		.transmit = transmit,
		.receive = receive,
		.finalize = finalize,
	};
	end->relay = r;
	pthread_cond_init(&end->told, NULL);
	pthread_mutex_lock(&r->lock);
	end->next = r->ends;
	r->ends = end;
	pthread_mutex_unlock(&r->lock);
	return (TSS2_TCTI_CONTEXT *)end;
}
