/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct ms_context, for engines. */
#ifndef MODSEAL_KEY_CONTEXT_H
#define MODSEAL_KEY_CONTEXT_H

#include "src/key/pin.h"

#include <modseal/context.h>
#include <stdint.h>

#define CONTEXT_DEFAULT_TIMEOUT 60 /* seconds */

/* What an engine keeps in a context between keys (loaded modules, logins). */
struct context_slot {
	const void *owner; /* the engine's address */
	void *state;
	void (*free)(void *state);
};

struct ms_context {
	char *module;      /* --module, or NULL */
	char *tcti;        /* how the TPM is reached, or NULL for the usual way */
	uint32_t tpm_salt_key; /* persistent handle; 0: the key's parent */
	bool verbose;      /* libraries may say on standard error what they do */
	unsigned timeout;  /* seconds a call, 0 = for ever */
	struct pin_sources pins;
	ms_notice_fn *notice;
	void *notice_user;
	bool wedged;       /* set by engines, never cleared; see ms_context_wedged() */
	struct context_slot slots[4];
};

/* The state that `owner` left here, NULL if none. */
void *context_get(const struct ms_context *ctx, const void *owner);
/* Leaves state here; freed by ms_context_free() (also when the context is wedged: `free` must
 * then keep its hands off what is stuck). MS_ERR_INTERNAL if there are more owners than slots. */
int context_put(struct ms_context *ctx, const void *owner, void *state, void (*free)(void *));
/* Tells the user. */
void context_notice(const struct ms_context *ctx, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
