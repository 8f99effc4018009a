/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's configuration: where it is found, and its options. */
#ifndef MODSEAL_TRUST_KCONFIG_H
#define MODSEAL_TRUST_KCONFIG_H

#include "src/trust/root.h"

struct kconfig_option {
	const char *name;  /* without CONFIG_ */
	const char *value; /* "y", "m", a number, a string without quotes */
};

/* Zero-initialise it. */
struct kconfig {
	char *path;    /* where it was found, below the root; NULL: nowhere */
	char *text;    /* what the options point into */
	struct kconfig_option *options; /* sorted by name; those that are not set are not here */
	size_t n;
};

/* The configuration of a release; with `running` also /proc/config.gz, which comes first. 0 also
 * when there is none (path is NULL then); -ENOMEM. */
int kconfig_find(const struct root *root, const char *release, bool running,
	struct kconfig *config);
/* "n" for an option that is not set; NULL when there is no configuration. */
const char *kconfig_get(const struct kconfig *config, const char *option);
void kconfig_free(struct kconfig *config);

#endif
