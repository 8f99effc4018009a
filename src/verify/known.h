/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are at hand where a kernel shows only the names of its keys: those of the
 * firmware and of shim, and files that distributions leave on a machine. */
#ifndef MODSEAL_VERIFY_KNOWN_H
#define MODSEAL_VERIFY_KNOWN_H

#include "src/crypto/cms.h"

#include <modseal/machine.h>

/* `given` are the caller's own. The stack's certificates are references, to be freed with
 * cert_stack_free(). NULL: out of memory. */
STACK_OF(X509) *known_certs(const struct ms_machine *m, struct ms_cert *const *given, size_t n_given);

/* Adds those that are in the kernel's image, which takes time to look at: *added says how many. */
int known_add_image(const struct ms_machine *m, STACK_OF(X509) *known, int *added,
	struct ms_error *err);

/* Whether each key by which this kernel takes modules is that of a known certificate, so that one
 * that is not known is not trusted. If not, `name` (of `size` bytes) gets the description of such a
 * key, "" if it is not known which there are. */
bool known_all(const struct ms_machine *m, STACK_OF(X509) *known, char *name, size_t size);

#endif
