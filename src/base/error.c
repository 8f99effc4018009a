/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set(struct ms_error *err, int code, const char *fmt, va_list ap)
{
	err->code = code;
	err->hint[0] = '\0';
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
}

int err_set(struct ms_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		set(err, code, fmt, ap);
		va_end(ap);
	}
	return code;
}

static const char *errno_hint(int errnum)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
		return "Check owner and mode of the file and of its directory, or run as the user "
		       "that owns them.";
	case ENOSPC:
	case EDQUOT:
		return "Free some space on that file system and run it again.";
	case EROFS:
		return "The file system is mounted read-only; write elsewhere with -o.";
	default:
		return "";
	}
}

/* A message that is as long as it may be (a path may be longer) gives up its end for the cause. */
static void leave_room(struct ms_error *err, size_t len)
{
	size_t most = sizeof(err->message) - len - sizeof("...");

	if (strlen(err->message) > most)
		strcpy(err->message + most, "...");
}

int err_set_errno(struct ms_error *err, int code, int errnum, const char *fmt, ...)
{
	const char *cause = strerror(errnum);
	va_list ap;

	if (errnum == ENOMEM)
		code = MS_ERR_NOMEM;
	if (err) {
		va_start(ap, fmt);
		set(err, code, fmt, ap);
		va_end(ap);
		leave_room(err, strlen(": ") + strlen(cause));
		err_append(err, ": %s", cause);
		err_hint(err, "%s", errno_hint(errnum));
	}
	return code;
}

int err_nomem(struct ms_error *err)
{
	return err_set(err, MS_ERR_NOMEM, "out of memory");
}

void err_hint(struct ms_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}

void err_prefix(struct ms_error *err, const char *fmt, ...)
{
	char rest[sizeof(err->message)];
	va_list ap;
	int n;

	if (!err)
		return;
	memcpy(rest, err->message, sizeof(rest));
	va_start(ap, fmt);
	n = vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->message))
		err_append(err, ": %s", rest);
}

void err_append(struct ms_error *err, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	if (!err)
		return;
	len = strnlen(err->message, sizeof(err->message) - 1);
	va_start(ap, fmt);
	vsnprintf(err->message + len, sizeof(err->message) - len, fmt, ap);
	va_end(ap);
}
