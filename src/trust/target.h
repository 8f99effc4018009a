/* SPDX-License-Identifier: Apache-2.0 */
/* One kernel that modules are built for. */
#ifndef MODSEAL_TRUST_TARGET_H
#define MODSEAL_TRUST_TARGET_H

#include <modseal/machine.h>
#include <modseal/target.h>

struct target {
	char *release;
	struct ms_machine *m; /* of it only what configuration and installed modules tell */
	enum ms_hash hash;    /* its CONFIG_MODULE_SIG_HASH; MS_HASH_NONE: not known, or not one that new
				 signatures are made with */
	struct target *next;
};

/* The target of a module; NULL when `vermagic` is NULL, or no configuration was found. It belongs to
 * the targets. */
int targets_find(struct ms_targets *targets, const char *vermagic, const struct target **target,
	struct ms_error *err);

#endif
