/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a PIN comes from. The order is: the reference's own source (an URI's pin-value or
 * pin-source), the file of --pin-source, a PIN that was handed over (environment), the systemd
 * credential, a person. A source in the middle serves the first target that asks for it, and no
 * other: a second token must not see the first one's PIN.
 *
 * An SO PIN comes from a file of its own (--so-pin-source) or a person, never from these.
 */
#ifndef MODSEAL_KEY_PIN_H
#define MODSEAL_KEY_PIN_H

#include "src/base/secret.h"

#include <modseal/context.h>

struct ms_context;

struct pin_source {
	struct secret *value; /* handed over; NULL for a file */
	char *path;           /* a file; NULL for a value */
	char *origin;         /* for messages: "--pin-source FILE", "MODSEAL_PIN" */
	char *served;         /* the target that it was given to, NULL while unused */
};

enum { PIN_SOURCE_FILE, PIN_SOURCE_VALUE, PIN_SOURCE_CREDENTIAL, PIN_SOURCES };

struct pin_sources {
	struct pin_source list[PIN_SOURCES]; /* tried in this order */
	struct pin_source so;                /* a file, for MS_PIN_SO */
	ms_ask_pin_fn *ask;
	void *ask_user;
	bool final_try_allowed;
};

/*
 * The PIN for `request->target` (whose text is the target's identity: it must tell two tokens
 * apart). `own` and `own_path` are the reference's pin-value and pin-source, or NULL. Refuses
 * with MS_ERR_PIN when request->final_try is set and was not allowed, before any source is
 * touched; gives a notice when count_low is set. MS_ERR_PIN when no source has one: the hint
 * lists the ways to give it. The caller frees *pin.
 */
int pin_get(struct ms_context *ctx, const struct ms_pin_request *request, const char *own,
	const char *own_path, struct secret **pin, const char **origin, struct ms_error *err);

/* The target has another name from now on (a token that was initialised): the sources that served
 * it go on doing so. MS_ERR_NOMEM. */
int pin_rename_target(struct ms_context *ctx, const char *from, const char *to);

void pin_sources_free(struct pin_sources *pins);

#endif
