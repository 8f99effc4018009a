/* SPDX-License-Identifier: Apache-2.0 */
/* Several ends of one connection: whose turn it is, also when an answer does not come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engines/tpm2/relay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define GONE TSS2_TCTI_RC_IO_ERROR

/* A connection to nothing, which tells what came over it. */
static struct {
	TSS2_TCTI_CONTEXT_COMMON_V1 tcti;
	uint8_t sent[16]; /* first bytes of commands */
	atomic_int n_sent;
	TSS2_RC transmits, receives; /* what it answers */
} connection;

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *tcti, size_t size, const uint8_t *command)
{
	connection.sent[connection.n_sent++] = command[0];
	return connection.transmits;
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *tcti, size_t *size, uint8_t *answer, int32_t timeout)
{
	*size = 10;
	return connection.receives;
}

static struct relay *start(TSS2_TCTI_CONTEXT **a, TSS2_TCTI_CONTEXT **b)
{
	struct relay *relay;

	connection.tcti = (TSS2_TCTI_CONTEXT_COMMON_V1){ .magic = 1, .version = 1,
		.transmit = transmit, .receive = receive };
	connection.n_sent = 0;
	connection.transmits = connection.receives = TSS2_RC_SUCCESS;
	relay = relay_new((TSS2_TCTI_CONTEXT *)&connection.tcti);
	assert_non_null(relay);
	*a = relay_tcti(relay);
	*b = relay_tcti(relay);
	assert_non_null(*a);
	assert_non_null(*b);
	return relay;
}

static TSS2_RC send(TSS2_TCTI_CONTEXT *end, uint8_t command)
{
	return Tss2_Tcti_Transmit(end, 1, &command);
}

static TSS2_RC take(TSS2_TCTI_CONTEXT *end)
{
	uint8_t answer[10];
	size_t size = sizeof(answer);

	return Tss2_Tcti_Receive(end, &size, answer, TSS2_TCTI_TIMEOUT_BLOCK);
}

static TSS2_RC ask_size(TSS2_TCTI_CONTEXT *end)
{
	size_t size;

	return Tss2_Tcti_Receive(end, &size, NULL, TSS2_TCTI_TIMEOUT_BLOCK);
}

struct sender {
	pthread_t thread;
	TSS2_TCTI_CONTEXT *end;
	TSS2_RC rc;
	_Atomic pid_t tid; /* once it is about to send */
	atomic_bool back;
};

static void *send_main(void *arg)
{
	struct sender *s = arg;

	atomic_store(&s->tid, gettid());
	s->rc = send(s->end, 'b');
	atomic_store(&s->back, true);
	return NULL;
}

static bool sleeps(pid_t tid)
{
	char path[64], state = '\0';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = '\0';
	if (f)
		fclose(f);
	return state == 'S';
}

/* One that has to wait, and does: nobody else holds a lock. */
static void start_sender(struct sender *s, TSS2_TCTI_CONTEXT *end)
{
	*s = (struct sender){ .end = end };
	assert_int_equal(pthread_create(&s->thread, NULL, send_main, s), 0);
	while (!atomic_load(&s->tid) || !sleeps(atomic_load(&s->tid)))
		usleep(100);
	assert_false(atomic_load(&s->back));
	assert_int_equal(connection.n_sent, 1);
}

static TSS2_RC finish(struct sender *s)
{
	pthread_join(s->thread, NULL);
	return s->rc;
}

static void test_one_at_a_time(void **state)
{
	TSS2_TCTI_CONTEXT *a, *b;
	struct relay *relay = start(&a, &b);
	struct sender sender;

	assert_int_equal(send(a, 'a'), TSS2_RC_SUCCESS);
	start_sender(&sender, b);
	assert_int_equal(ask_size(a), TSS2_RC_SUCCESS);
	assert_int_equal(connection.n_sent, 1); /* the answer is still to be taken */
	assert_int_equal(take(a), TSS2_RC_SUCCESS);
	assert_int_equal(connection.n_sent, 2); /* and who took it has sent the next */
	assert_int_equal(connection.sent[1], 'b');
	assert_int_equal(finish(&sender), TSS2_RC_SUCCESS);
	assert_int_equal(take(b), TSS2_RC_SUCCESS);
	assert_int_equal(send(a, 'a'), TSS2_RC_SUCCESS);
	relay_free(relay);
}

/* tpm2-tss asks for the size first, and not again when that fails. */
static void test_an_answer_that_does_not_come(void **state)
{
	TSS2_TCTI_CONTEXT *a, *b;
	struct relay *relay = start(&a, &b);
	struct sender sender;

	assert_int_equal(send(a, 'a'), TSS2_RC_SUCCESS);
	start_sender(&sender, b);
	connection.receives = TSS2_TCTI_RC_TRY_AGAIN;
	assert_int_equal(ask_size(a), TSS2_TCTI_RC_TRY_AGAIN);
	assert_int_equal(connection.n_sent, 1);
	connection.receives = GONE;
	assert_int_equal(ask_size(a), GONE);
	assert_int_equal(finish(&sender), TSS2_RC_SUCCESS);
	relay_free(relay);
}

static void test_a_command_that_cannot_be_sent(void **state)
{
	TSS2_TCTI_CONTEXT *a, *b;
	struct relay *relay = start(&a, &b);
	struct sender sender;

	assert_int_equal(send(a, 'a'), TSS2_RC_SUCCESS);
	start_sender(&sender, b);
	connection.transmits = GONE;
	assert_int_equal(take(a), TSS2_RC_SUCCESS);
	assert_int_equal(finish(&sender), GONE);
	/* it is nobody's turn: the next one need not wait */
	assert_int_equal(send(a, 'a'), GONE);
	connection.transmits = TSS2_RC_SUCCESS;
	assert_int_equal(send(b, 'b'), TSS2_RC_SUCCESS);
	relay_free(relay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_an_answer_that_does_not_come),
		cmocka_unit_test(test_a_command_that_cannot_be_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
