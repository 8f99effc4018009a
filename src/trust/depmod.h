/* SPDX-License-Identifier: Apache-2.0 */
/* What depmod(8) writes about a kernel's modules: modules.dep, modules.alias. */
#ifndef MODSEAL_TRUST_DEPMOD_H
#define MODSEAL_TRUST_DEPMOD_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a line of modules.dep ("kernel/crypto/x-y.ko.xz: kernel/z.ko") or modules.builtin is
 * about the module of that name (`len` bytes); '-' counts as '_'. The line ends in '\n' or '\0'. */
bool depmod_is_of(const char *line, const char *module, size_t len);
/* Whether it is about a module that a line of modules.alias names. */
bool depmod_is_named(const char *line, const char *aliases);

#endif
