/* SPDX-License-Identifier: Apache-2.0 */
/* Another program as a filter: it reads a file and writes a file. */
#ifndef MODSEAL_BASE_FILTER_H
#define MODSEAL_BASE_FILTER_H

#include <modseal/error.h>
#include <stddef.h>

/*
 * Runs a program (looked up in PATH; argv ends with NULL) whose standard input is `in` from where it
 * stands, and its standard output `out`, a file; what it says on standard error is thrown away. It
 * may write `max` bytes and take `seconds`.
 * MS_ERR_UNSUPPORTED: there is no such program. MS_ERR_IO: it failed, or was stopped.
 */
int filter_run(const char *const argv[], int in, int out, size_t max, unsigned seconds,
	struct ms_error *err);

#endif
