/* SPDX-License-Identifier: Apache-2.0 */
/* Where a PIN comes from, and to whom it goes. */
#include "src/key/pin.h"

#include "src/base/error.h"
#include "src/key/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/module_fixture.h"

#define TOKEN "token 'release' (serial 1)"
#define OTHER "token 'other' (serial 2)"

/* A person who answers, and what was said to them. */
struct person {
	const char *answer; /* NULL: declines */
	unsigned asked, notices;
	char target[128], notice[256];
	enum ms_pin_kind kind;
};

static int answer(void *user, const struct ms_pin_request *request, char *pin, size_t size)
{
	struct person *p = user;

	p->asked++;
	p->kind = request->kind;
	snprintf(p->target, sizeof(p->target), "%s", request->target);
	assert_int_equal(size, SECRET_MAX + 1);
	if (!p->answer)
		return -1;
	snprintf(pin, size, "%s", p->answer);
	return 0;
}

static void hear(void *user, const char *text)
{
	struct person *p = user;

	p->notices++;
	snprintf(p->notice, sizeof(p->notice), "%s", text);
}

/* What a test works with: all in a directory of its own. */
struct bench {
	char *dir;
	struct ms_context *ctx;
	struct person person;
	struct ms_error err;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	void *dir;

	if (!b || dir_setup(&dir))
		return -1;
	unsetenv("CREDENTIALS_DIRECTORY");
	b->dir = dir;
	b->ctx = ms_context_new();
	ms_context_set_ask_pin(b->ctx, answer, &b->person);
	ms_context_set_notice(b->ctx, hear, &b->person);
	*state = b;
	return b->ctx ? 0 : -1;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	void *dir = b->dir;
	int r = dir_teardown(&dir);

	ms_context_free(b->ctx);
	unsetenv("CREDENTIALS_DIRECTORY");
	free(b);
	return r;
}

static const char *put_file(struct bench *b, const char *name, const char *text)
{
	void *dir = b->dir;
	const char *path = in_dir(&dir, name);

	write_file(path, text, strlen(text));
	return path;
}

static void have_credential(struct bench *b, const char *pin)
{
	put_file(b, "modseal.pin", pin);
	setenv("CREDENTIALS_DIRECTORY", b->dir, 1);
}

static int get(struct bench *b, const char *target, const char *own, const char *own_path,
	struct secret **pin, const char **origin)
{
	const struct ms_pin_request request = { .kind = MS_PIN_USER, .target = target };

	*pin = NULL;
	memset(&b->err, 0, sizeof(b->err));
	return pin_get(b->ctx, &request, own, own_path, pin, origin, &b->err);
}

static void assert_pin(struct bench *b, const char *target, const char *own, const char *own_path,
	const char *expected, const char *from)
{
	struct secret *pin;
	const char *origin;

	if (get(b, target, own, own_path, &pin, &origin))
		fail_msg("%s", b->err.message);
	assert_string_equal(pin->data, expected);
	assert_int_equal(pin->len, strlen(expected));
	assert_contains(origin, from);
	secret_free(pin);
}

static void assert_none(struct bench *b, const char *target, const char *part)
{
	struct secret *pin;
	const char *origin;

	assert_int_equal(get(b, target, NULL, NULL, &pin, &origin), MS_ERR_PIN);
	assert_null(pin);
	assert_int_equal(b->err.code, MS_ERR_PIN);
	assert_contains(b->err.message, target);
	assert_contains(b->err.message, part);
}

/* A source that is there and cannot be read is an error; no other is tried instead. */
static void assert_file_fails(struct bench *b, const char *path)
{
	struct secret *pin;
	const char *origin;

	b->person.answer = "1234";
	b->person.asked = 0;
	assert_int_equal(get(b, TOKEN, NULL, NULL, &pin, &origin), MS_ERR_PIN);
	assert_null(pin);
	assert_int_equal(b->person.asked, 0);
	assert_contains(b->err.message, path);
}

/* Each source is taken away in turn, and the next one serves. */
static void the_order(void **state)
{
	struct bench *b = *state;
	const char *own = put_file(b, "own", "from own path\n");
	const char *file = put_file(b, "file", "from file\n");

	b->person.answer = "from person";
	have_credential(b, "from credential\n");
	assert_int_equal(ms_context_set_pin(b->ctx, "from value", "MODSEAL_PIN"), 0);
	assert_int_equal(ms_context_set_pin_source(b->ctx, file), 0);

	assert_pin(b, TOKEN, "from uri", own, "from uri", "pin-value");
	assert_pin(b, TOKEN, NULL, own, "from own path", "pin-source");
	assert_pin(b, TOKEN, NULL, NULL, "from file", file);
	/* the file now belongs to that token; others go on to the next source */
	assert_pin(b, OTHER, NULL, NULL, "from value", "MODSEAL_PIN");
	assert_pin(b, "a third", NULL, NULL, "from credential", "credential");
	assert_int_equal(b->person.asked, 0);
	assert_pin(b, "a fourth", NULL, NULL, "from person", "entry");
	assert_int_equal(b->person.asked, 1);
	assert_string_equal(b->person.target, "a fourth");
}

static void a_source_serves_its_token_again(void **state)
{
	struct bench *b = *state;

	assert_int_equal(ms_context_set_pin(b->ctx, "1234", "MODSEAL_PIN"), 0);
	for (int i = 0; i < 3; i++)
		assert_pin(b, TOKEN, NULL, NULL, "1234", "MODSEAL_PIN");
	assert_none(b, OTHER, "there is none (that of MODSEAL_PIN was given to " TOKEN ")");
	assert_pin(b, TOKEN, NULL, NULL, "1234", "MODSEAL_PIN");
}

/* The URI's own PIN is for the token that the URI names: it takes no other source away. */
static void an_own_pin_spends_no_source(void **state)
{
	struct bench *b = *state;

	assert_int_equal(ms_context_set_pin(b->ctx, "1234", "MODSEAL_PIN"), 0);
	assert_pin(b, TOKEN, "own", NULL, "own", "pin-value");
	assert_pin(b, OTHER, NULL, NULL, "1234", "MODSEAL_PIN");
}

static void nobody_to_ask(void **state)
{
	struct bench *b = *state;

	assert_none(b, TOKEN, "a PIN is needed, and there is none"); /* declines */
	assert_int_equal(b->person.asked, 1);
	ms_context_set_ask_pin(b->ctx, NULL, NULL);
	assert_none(b, TOKEN, "there is none");
	assert_contains(b->err.hint, "--pin-source");
	assert_contains(b->err.hint, "MODSEAL_PIN");
	assert_contains(b->err.hint, "modseal.pin");
	assert_contains(b->err.hint, "pin-source=");
}

static void what_is_asked_for_has_its_name(void **state)
{
	static const struct {
		enum ms_pin_kind kind;
		const char *name;
	} kinds[] = {
		{ MS_PIN_USER, "a PIN " },
		{ MS_PIN_SO, "SO PIN" },
		{ MS_PIN_PASSPHRASE, "passphrase" },
		{ MS_PIN_AUTH, "auth value" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < 4; i++) {
		const struct ms_pin_request request = { .kind = kinds[i].kind, .target = TOKEN };
		struct secret *pin = NULL;
		const char *origin;

		assert_int_equal(
			pin_get(b->ctx, &request, NULL, NULL, &pin, &origin, &b->err), MS_ERR_PIN);
		assert_int_equal(b->person.kind, kinds[i].kind);
		assert_contains(b->err.message, kinds[i].name);
	}
}

static void files(void **state)
{
	static const struct {
		const char *text, *pin;
	} good[] = {
		{ "1234", "1234" },
		{ "1234\n", "1234" },
		{ "1234\r\n", "1234" },
		{ "1234\nsecond line\n", "1234" },
		{ " with blanks \n", " with blanks " },
		{ "K\xc3\xa4se", "K\xc3\xa4se" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_pin(b, TOKEN, NULL, put_file(b, "file", good[i].text), good[i].pin,
			"pin-source");
}

static void files_that_do_not_serve(void **state)
{
	struct bench *b = *state;
	char large[SECRET_MAX + 2];
	struct secret *pin;
	const char *origin;
	void *dir = b->dir;

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	put_file(b, "large", large);
	put_file(b, "empty", "");
	put_file(b, "blank", "\n1234\n");
	assert_int_equal(mkdir(in_dir(&dir, "dir"), 0700), 0);
	for (const char *const *name =
			(const char *[]){ "large", "empty", "blank", "dir", "gone", NULL };
		*name; name++) {
		const char *path = in_dir(&dir, *name);

		assert_int_equal(get(b, TOKEN, NULL, path, &pin, &origin), MS_ERR_PIN);
		assert_null(pin);
		assert_contains(b->err.message, path);
		assert_null(strstr(b->err.message, "xxxx"));
		assert_int_equal(ms_context_set_pin_source(b->ctx, path), 0);
		assert_file_fails(b, path);
	}
}

static void the_longest(void **state)
{
	struct bench *b = *state;
	char text[SECRET_MAX + 2];
	struct secret *pin;
	const char *origin;

	memset(text, 'x', sizeof(text));
	text[SECRET_MAX] = '\0';
	assert_pin(b, TOKEN, text, NULL, text, "pin-value");
	assert_int_equal(ms_context_set_pin(b->ctx, text, "MODSEAL_PIN"), 0);
	assert_pin(b, TOKEN, NULL, NULL, text, "MODSEAL_PIN");
	text[SECRET_MAX] = 'x';
	text[SECRET_MAX + 1] = '\0';
	assert_int_equal(get(b, TOKEN, text, NULL, &pin, &origin), MS_ERR_PIN);
	assert_contains(b->err.message, "too long");
	assert_int_equal(ms_context_set_pin(b->ctx, text, "MODSEAL_PIN"), MS_ERR_USAGE);
}

static void a_new_value_replaces_the_old(void **state)
{
	struct bench *b = *state;

	assert_int_equal(ms_context_set_pin(b->ctx, "one", "first"), 0);
	assert_pin(b, TOKEN, NULL, NULL, "one", "first");
	assert_int_equal(ms_context_set_pin(b->ctx, "two", "second"), 0);
	assert_pin(b, OTHER, NULL, NULL, "two", "second");
}

static void credentials(void **state)
{
	struct bench *b = *state;
	void *dir = b->dir;

	setenv("CREDENTIALS_DIRECTORY", b->dir, 1);
	assert_none(b, TOKEN, "there is none"); /* no such file in it: that is no error */
	put_file(b, "other.pin", "1234");
	assert_none(b, TOKEN, "there is none");
	have_credential(b, "1234");
	assert_pin(b, TOKEN, NULL, NULL, "1234", "systemd credential modseal.pin");
	assert_int_equal(remove(in_dir(&dir, "modseal.pin")), 0);
	assert_int_equal(mkdir(in_dir(&dir, "modseal.pin"), 0700), 0);
	assert_file_fails(b, in_dir(&dir, "modseal.pin"));
}

static void the_final_try(void **state)
{
	const struct ms_pin_request request = {
		.target = TOKEN, .count_low = true, .final_try = true
	};
	struct bench *b = *state;
	struct secret *pin = NULL;
	const char *origin;

	b->person.answer = "1234";
	assert_int_equal(
		pin_get(b->ctx, &request, "1234", NULL, &pin, &origin, &b->err), MS_ERR_PIN);
	assert_int_equal(pin_get(b->ctx, &request, NULL, NULL, &pin, &origin, &b->err), MS_ERR_PIN);
	assert_null(pin);
	assert_int_equal(b->person.asked, 0);
	assert_contains(b->err.message, TOKEN);
	assert_contains(b->err.message, "none was tried");
	assert_contains(b->err.hint, "--pin-final-try");

	ms_context_allow_pin_final_try(b->ctx, true);
	assert_int_equal(pin_get(b->ctx, &request, NULL, NULL, &pin, &origin, &b->err), 0);
	assert_string_equal(pin->data, "1234");
	secret_free(pin);
	assert_int_equal(b->person.notices, 1);
	assert_contains(b->person.notice, TOKEN);
	assert_contains(b->person.notice, "final try");

	ms_context_allow_pin_final_try(b->ctx, false);
	assert_int_equal(pin_get(b->ctx, &request, NULL, NULL, &pin, &origin, &b->err), MS_ERR_PIN);
}

static void a_low_count_is_told(void **state)
{
	const struct ms_pin_request request = { .target = TOKEN, .count_low = true };
	struct bench *b = *state;
	struct secret *pin = NULL;
	const char *origin;

	assert_int_equal(pin_get(b->ctx, &request, "1234", NULL, &pin, &origin, NULL), 0);
	secret_free(pin);
	assert_int_equal(b->person.notices, 1);
	assert_contains(b->person.notice, TOKEN);
	assert_contains(b->person.notice, "wrong PIN was entered before");
	assert_pin(b, TOKEN, "1234", NULL, "1234", "pin-value");
	assert_int_equal(b->person.notices, 1);
}

static int get_so(struct bench *b, const char *target, struct secret **pin)
{
	const struct ms_pin_request request = { .kind = MS_PIN_SO, .target = target };
	const char *origin;

	*pin = NULL;
	memset(&b->err, 0, sizeof(b->err));
	return pin_get(b->ctx, &request, NULL, NULL, pin, &origin, &b->err);
}

static void the_so_pin_has_a_source_of_its_own(void **state)
{
	struct bench *b = *state;
	struct secret *pin;

	ms_context_set_pin_source(b->ctx, put_file(b, "user", "1234"));
	ms_context_set_pin(b->ctx, "5678", "MODSEAL_PIN");
	have_credential(b, "9999");
	assert_int_equal(get_so(b, TOKEN, &pin), MS_ERR_PIN); /* those are the user's */
	assert_int_equal(b->person.asked, 1);
	assert_contains(b->err.message, "an SO PIN is needed");
	assert_contains(b->err.hint, "--so-pin-source");
	ms_context_set_so_pin_source(b->ctx, put_file(b, "so", "so-secret"));
	assert_int_equal(get_so(b, TOKEN, &pin), 0);
	assert_string_equal(pin->data, "so-secret");
	secret_free(pin);
	assert_int_equal(get_so(b, OTHER, &pin), MS_ERR_PIN);
	assert_contains(b->err.message, "was given to");
	assert_pin(b, TOKEN, NULL, NULL, "1234", "PIN file");
}

static void a_source_follows_a_token_to_its_new_name(void **state)
{
	struct bench *b = *state;
	struct secret *pin;

	ms_context_set_pin_source(b->ctx, put_file(b, "user", "1234"));
	ms_context_set_so_pin_source(b->ctx, put_file(b, "so", "so-secret"));
	assert_pin(b, "blank", NULL, NULL, "1234", "PIN file");
	assert_int_equal(get_so(b, "blank", &pin), 0);
	secret_free(pin);
	assert_int_equal(pin_rename_target(b->ctx, "another", OTHER), 0);
	assert_int_equal(pin_rename_target(b->ctx, "blank", TOKEN), 0);
	assert_pin(b, TOKEN, NULL, NULL, "1234", "PIN file");
	assert_int_equal(get_so(b, TOKEN, &pin), 0);
	secret_free(pin);
	assert_int_equal(get_so(b, "blank", &pin), MS_ERR_PIN);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_order),
		test(a_source_serves_its_token_again),
		test(an_own_pin_spends_no_source),
		test(nobody_to_ask),
		test(what_is_asked_for_has_its_name),
		test(files),
		test(files_that_do_not_serve),
		test(the_longest),
		test(a_new_value_replaces_the_old),
		test(credentials),
		test(the_final_try),
		test(a_low_count_is_told),
		test(the_so_pin_has_a_source_of_its_own),
		test(a_source_follows_a_token_to_its_new_name),
	};

	return cmocka_run_group_tests_name("key/pin", tests, NULL, NULL);
}
