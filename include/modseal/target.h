/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The kernels that modules are built for, as far as their configurations are found.
 */
#ifndef MODSEAL_TARGET_H
#define MODSEAL_TARGET_H

#include <modseal/key.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Kernels by their release, which a module's vermagic names. Each is looked for once, when the first
 * module for it comes: its configuration in /lib/modules/RELEASE and /boot. May be used by several
 * threads.
 */
struct ms_targets;

/** `root` as in ms_machine_read(). */
MS_API int ms_targets_new(const char *root, struct ms_targets **targets, struct ms_error *err);
/** After the signers that use it; NULL is fine. */
MS_API void ms_targets_free(struct ms_targets *targets);

#ifdef __cplusplus
}
#endif
#endif
