/* SPDX-License-Identifier: Apache-2.0 */
/* PINs and auth values: memory that is locked, not dumped and wiped when freed. */
#ifndef MODSEAL_BASE_SECRET_H
#define MODSEAL_BASE_SECRET_H

#include <modseal/error.h>
#include <stddef.h>

#define SECRET_MAX 1024 /* bytes of the longest PIN, without its NUL */

struct secret {
	size_t len;		   /* without the NUL */
	char data[SECRET_MAX + 1]; /* NUL-terminated; may hold NULs if it came from a TPM file */
};

/* NULL when memory is out or len > SECRET_MAX. Memory that cannot be locked (RLIMIT_MEMLOCK) is
 * still kept out of core dumps and wiped. */
struct secret *secret_new(const void *data, size_t len);
struct secret *secret_dup(const struct secret *s);
void secret_free(struct secret *s);
/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *p, size_t len);
/* The first line of a file (regular file, pipe or character device), without its end of line.
 * MS_ERR_PIN with `what` ("PIN file") and the path in the message if it cannot be read, is empty or
 * too long. */
int secret_read_file(const char *path, const char *what, struct secret **out, struct ms_error *err);

static inline void secret_cleanup(struct secret **s)
{
	secret_free(*s);
}
#define AUTO_SECRET __attribute__((cleanup(secret_cleanup)))

#endif
