/* SPDX-License-Identifier: Apache-2.0 */
/* A distinguished name from what a person types. */
#ifndef MODSEAL_LIFE_SUBJECT_H
#define MODSEAL_LIFE_SUBJECT_H

#include "src/crypto/ossl.h"

/* "CN=Modules of example.org,O=Example" or "/CN=.../O=...", in that order; a backslash takes the
 * next character as it is. UTF-8. MS_ERR_USAGE names the part that is not understood. */
int subject_parse(const char *text, X509_NAME **name, struct ms_error *err);

static inline void subject_cleanup(X509_NAME **name)
{
	X509_NAME_free(*name);
}
#define AUTO_NAME __attribute__((cleanup(subject_cleanup)))

#endif
