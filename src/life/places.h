/* SPDX-License-Identifier: Apache-2.0 */
/* Where key files are known to lie. */
#ifndef MODSEAL_LIFE_PLACES_H
#define MODSEAL_LIFE_PLACES_H

/* Patterns as in glob(7). */
struct place {
	const char *what;
	const char *keys;     /* from the root */
	const char *certs[4]; /* from the key's directory; NULL at the end */
};

/* `what` NULL at the end. */
extern const struct place places[];

#endif
