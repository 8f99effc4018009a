/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a struct ms_error. Each function takes err == NULL. */
#ifndef MODSEAL_BASE_ERROR_H
#define MODSEAL_BASE_ERROR_H

#include <modseal/error.h>
#include <stdarg.h>

/* Sets code and message, clears the hint; returns code, so that `return err_set(...)` works. */
int err_set(struct ms_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with ": " and strerror(errnum) behind; a hint for the usual causes is added.
 * ENOMEM becomes MS_ERR_NOMEM whatever `code` is. */
int err_set_errno(struct ms_error *err, int code, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Out of memory. */
int err_nomem(struct ms_error *err);
/* What to do about it; replaces an earlier hint. */
void err_hint(struct ms_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts text and ": " before the message, as the failure travels up. */
void err_prefix(struct ms_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends to the message (for lists, a line each). */
void err_append(struct ms_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
