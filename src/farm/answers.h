/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a file of answers. */
#ifndef MODSEAL_FARM_ANSWERS_H
#define MODSEAL_FARM_ANSWERS_H

#include "src/farm/list.h"

struct ms_answers {
	struct farm_list list;
};

#endif
