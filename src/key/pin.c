/* SPDX-License-Identifier: Apache-2.0 */
#include "src/key/pin.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/key/context.h"

#include <string.h>
#include <unistd.h>

#define CREDENTIAL "modseal.pin"

static void source_clear(struct pin_source *source)
{
	secret_free(source->value);
	free(source->path);
	free(source->origin);
	free(source->served);
	*source = (struct pin_source){ 0 };
}

void pin_sources_free(struct pin_sources *pins)
{
	for (int i = 0; i < PIN_SOURCES; i++)
		source_clear(&pins->list[i]);
	source_clear(&pins->so);
}

static int set_file(struct pin_source *source, const char *what, const char *path)
{
	source_clear(source);
	source->path = strdup(path);
	if (asprintf(&source->origin, "%s file %s", what, path) < 0)
		source->origin = NULL;
	if (source->path && source->origin)
		return 0;
	source_clear(source);
	return MS_ERR_NOMEM;
}

MS_API int ms_context_set_pin_source(struct ms_context *ctx, const char *path)
{
	return set_file(&ctx->pins.list[PIN_SOURCE_FILE], "PIN", path);
}

MS_API int ms_context_set_so_pin_source(struct ms_context *ctx, const char *path)
{
	return set_file(&ctx->pins.so, "SO PIN", path);
}

static int rename_served(struct pin_source *source, const char *from, const char *to)
{
	char *copy;

	if (!source->served || strcmp(source->served, from) != 0)
		return 0;
	copy = strdup(to);
	if (!copy)
		return MS_ERR_NOMEM;
	free(source->served);
	source->served = copy;
	return 0;
}

int pin_rename_target(struct ms_context *ctx, const char *from, const char *to)
{
	int r = rename_served(&ctx->pins.so, from, to);

	for (int i = 0; i < PIN_SOURCES && r == 0; i++)
		r = rename_served(&ctx->pins.list[i], from, to);
	return r;
}

MS_API int ms_context_set_pin(struct ms_context *ctx, const char *pin, const char *origin)
{
	struct pin_source *source = &ctx->pins.list[PIN_SOURCE_VALUE];
	size_t len = strlen(pin);

	if (len > SECRET_MAX)
		return MS_ERR_USAGE;
	source_clear(source);
	source->value = secret_new(pin, len);
	source->origin = strdup(origin);
	if (source->value && source->origin)
		return 0;
	source_clear(source);
	return MS_ERR_NOMEM;
}

MS_API void ms_context_set_ask_pin(struct ms_context *ctx, ms_ask_pin_fn *ask, void *user)
{
	ctx->pins.ask = ask;
	ctx->pins.ask_user = user;
}

MS_API void ms_context_allow_pin_final_try(struct ms_context *ctx, bool allow)
{
	ctx->pins.final_try_allowed = allow;
}

/* systemd puts a service's credentials into a directory of files that only it can read
 * (systemd.exec(5), LoadCredential=). */
static int find_credential(struct pin_sources *pins)
{
	struct pin_source *source = &pins->list[PIN_SOURCE_CREDENTIAL];
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	AUTO_FREE char *path = NULL;

	if (source->origin || !dir)
		return 0;
	if (asprintf(&path, "%s/" CREDENTIAL, dir) < 0) {
		path = NULL;
		return -1;
	}
	if (access(path, F_OK) < 0)
		return 0;
	source->origin = strdup("systemd credential " CREDENTIAL);
	if (!source->origin)
		return -1;
	source->path = STEAL(path);
	return 0;
}

static int read_file(const char *path, const char *target, struct secret **pin,
	struct ms_error *err)
{
	int r = secret_read_file(path, "PIN file", pin, err);

	if (r < 0)
		err_prefix(err, "%s", target);
	return r;
}

static int source_read(struct pin_source *source, const char *target, struct secret **pin,
	struct ms_error *err)
{
	if (source->path) {
		int r = read_file(source->path, target, pin, err);

		if (r < 0)
			return r;
	} else {
		*pin = secret_dup(source->value);
		if (!*pin)
			return err_nomem(err);
	}
	if (!source->served)
		source->served = strdup(target);
	if (source->served)
		return 0;
	secret_free(*pin);
	*pin = NULL;
	return err_nomem(err);
}

static const char *kind_name(enum ms_pin_kind kind)
{
	switch (kind) {
	case MS_PIN_SO:
		return "SO PIN";
	case MS_PIN_PASSPHRASE:
		return "passphrase";
	case MS_PIN_AUTH:
		return "auth value";
	default:
		return "PIN";
	}
}

static int ask(struct pin_sources *pins, const struct ms_pin_request *request,
	struct secret **pin)
{
	AUTO_SECRET struct secret *s = secret_new("", 0);

	if (!s || !pins->ask || pins->ask(pins->ask_user, request, s->data, sizeof(s->data)) < 0)
		return -1;
	s->len = strnlen(s->data, SECRET_MAX);
	*pin = STEAL(s);
	return 0;
}

/* The SO's file, or all of the others. */
static struct pin_source *sources_for(struct pin_sources *pins, enum ms_pin_kind kind, int *n)
{
	*n = kind == MS_PIN_SO ? 1 : PIN_SOURCES;
	return kind == MS_PIN_SO ? &pins->so : pins->list;
}

/* 1: from there; 0: no source has one for this target; *other is then one that is another's. */
static int from_sources(struct pin_sources *pins, const struct ms_pin_request *request,
	struct secret **pin, const char **origin, const struct pin_source **other,
	struct ms_error *err)
{
	int n;
	struct pin_source *list = sources_for(pins, request->kind, &n);

	for (int i = 0; i < n; i++) {
		struct pin_source *source = &list[i];
		int r;

		if (!source->origin)
			continue;
		if (source->served && strcmp(source->served, request->target) != 0) {
			*other = source;
			continue;
		}
		*origin = source->origin;
		r = source_read(source, request->target, pin, err);
		return r < 0 ? r : 1;
	}
	return 0;
}

static void hint_at_sources(enum ms_pin_kind kind, struct ms_error *err)
{
	if (kind == MS_PIN_SO)
		err_hint(err, "Give it by --so-pin-source FILE, or run on a terminal to be asked.");
	else
		err_hint(err,
			"Give it by --pin-source FILE, in MODSEAL_PIN, as the systemd credential " CREDENTIAL
			", by pin-source= in the URI, or run on a terminal to be asked.");
}

int pin_get(struct ms_context *ctx, const struct ms_pin_request *request, const char *own,
	const char *own_path, struct secret **pin, const char **origin, struct ms_error *err)
{
	struct pin_sources *pins = &ctx->pins;
	const char *what = kind_name(request->kind);
	const struct pin_source *other = NULL;
	int r;

	if (request->final_try && !pins->final_try_allowed) {
		err_set(err, MS_ERR_PIN, "%s: one more wrong %s locks it, so none was tried",
			request->target, what);
		err_hint(err, "If you are sure of the %s, add --pin-final-try.", what);
		return MS_ERR_PIN;
	}
	if (request->final_try)
		context_notice(ctx, "%s: this is the final try, a wrong %s locks it",
			request->target, what);
	else if (request->count_low)
		context_notice(ctx, "%s: a wrong %s was entered before; few tries are left",
			request->target, what);

	if (own) {
		size_t len = strlen(own);

		*origin = "the URI's pin-value";
		if (len > SECRET_MAX)
			return err_set(err, MS_ERR_PIN, "%s: the URI's pin-value is too long",
				request->target);
		*pin = secret_new(own, len);
		return *pin ? 0 : err_nomem(err);
	}
	if (own_path) {
		*origin = "the URI's pin-source";
		return read_file(own_path, request->target, pin, err);
	}
	if (find_credential(pins) < 0)
		return err_nomem(err);
	r = from_sources(pins, request, pin, origin, &other, err);
	if (r != 0)
		return r < 0 ? r : 0;
	*origin = "your entry";
	if (ask(pins, request, pin) == 0)
		return 0;
	err_set(err, MS_ERR_PIN, "%s: %s %s is needed, and there is none", request->target,
		strchr("aS", what[0]) ? "an" : "a", what);
	if (other)
		err_append(err, " (that of %s was given to %s)", other->origin, other->served);
	hint_at_sources(request->kind, err);
	return MS_ERR_PIN;
}
