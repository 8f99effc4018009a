/* SPDX-License-Identifier: Apache-2.0 */
#include "src/key/context.h"

#include "src/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

MS_API struct ms_context *ms_context_new(void)
{
	struct ms_context *ctx = calloc(1, sizeof(*ctx));

	if (ctx)
		ctx->timeout = CONTEXT_DEFAULT_TIMEOUT;
	return ctx;
}

MS_API bool ms_context_free(struct ms_context *ctx)
{
	bool wedged;

	if (!ctx)
		return false;
	for (size_t i = 0; i < sizeof(ctx->slots) / sizeof(ctx->slots[0]); i++)
		if (ctx->slots[i].free)
			ctx->slots[i].free(ctx->slots[i].state);
	wedged = ctx->wedged;
	pin_sources_free(&ctx->pins);
	free(ctx->module);
	free(ctx->tcti);
	free(ctx);
	return wedged;
}

MS_API int ms_context_set_module(struct ms_context *ctx, const char *path)
{
	char *copy = path ? strdup(path) : NULL;

	if (path && !copy)
		return MS_ERR_NOMEM;
	free(ctx->module);
	ctx->module = copy;
	return 0;
}

MS_API int ms_context_set_tcti(struct ms_context *ctx, const char *tcti)
{
	char *copy = tcti ? strdup(tcti) : NULL;

	if (tcti && !copy)
		return MS_ERR_NOMEM;
	free(ctx->tcti);
	ctx->tcti = copy;
	return 0;
}

MS_API void ms_context_set_tpm_salt_key(struct ms_context *ctx, uint32_t handle)
{
	ctx->tpm_salt_key = handle;
}

MS_API void ms_context_set_verbose(struct ms_context *ctx, bool verbose)
{
	ctx->verbose = verbose;
}

MS_API void ms_context_set_token_timeout(struct ms_context *ctx, unsigned seconds)
{
	ctx->timeout = seconds;
}

MS_API void ms_context_set_notice(struct ms_context *ctx, ms_notice_fn *notice, void *user)
{
	ctx->notice = notice;
	ctx->notice_user = user;
}

MS_API bool ms_context_wedged(const struct ms_context *ctx)
{
	return ctx->wedged;
}

void *context_get(const struct ms_context *ctx, const void *owner)
{
	for (size_t i = 0; i < sizeof(ctx->slots) / sizeof(ctx->slots[0]); i++)
		if (ctx->slots[i].owner == owner)
			return ctx->slots[i].state;
	return NULL;
}

int context_put(struct ms_context *ctx, const void *owner, void *state, void (*free_fn)(void *))
{
	for (size_t i = 0; i < sizeof(ctx->slots) / sizeof(ctx->slots[0]); i++) {
		if (ctx->slots[i].owner)
			continue;
		ctx->slots[i] = (struct context_slot){ owner, state, free_fn };
		return 0;
	}
	return MS_ERR_INTERNAL;
}

void context_notice(const struct ms_context *ctx, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	if (!ctx->notice)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ctx->notice(ctx->notice_user, text);
}
