/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a file of requests. */
#ifndef MODSEAL_FARM_REQUESTS_H
#define MODSEAL_FARM_REQUESTS_H

#include "src/farm/formats.h"

struct ms_requests {
	struct farm_list list;
	enum ms_hash hash; /* of all */
	size_t blind;      /* how many of them are */
	char *root;        /* MS_FARM_DEBIAN */
	unsigned flags;    /* enum ms_module_flags */
	struct debian_trusts trusts;
};

#define FARM_TEXT_MAX ((size_t)1 << 30) /* bytes of a JSON file; a kernel's answers have 10 MB */

/* MS_FARM_AUTO becomes what it is by its first bytes, which is MS_FARM_LINES for all JSON. */
enum ms_farm_format farm_format(enum ms_farm_format format, const struct input *in);

#endif
