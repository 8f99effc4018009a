/* SPDX-License-Identifier: Apache-2.0 */
/* Resources that free themselves at the end of their scope. */
#ifndef MODSEAL_BASE_CLEANUP_H
#define MODSEAL_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Defines name##_cleanup for variables of pointer type `type *`, to be used as CLEANUP(...). */
#define DEFINE_CLEANUP(type, free_fn, name)             \
	static inline void name(type **p)               \
	{                                               \
		if (*p)                                 \
			free_fn(*p);                    \
	}                                               \
	struct modseal_dummy

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define AUTO_FREE   CLEANUP(cleanup_free)
#define AUTO_CLOSE  CLEANUP(cleanup_close)
#define AUTO_FCLOSE CLEANUP(cleanup_fclose)

/* Takes the value out of a variable, so that its cleanup does nothing. */
#define STEAL(p)                           \
	({                                 \
		__typeof__(p) stolen_ = p; \
		p = NULL;                  \
		stolen_;                   \
	})

#endif
