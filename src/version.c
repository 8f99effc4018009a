/* SPDX-License-Identifier: Apache-2.0 */
#include <modseal/modseal.h>

MS_API const char *ms_version(void)
{
	return MODSEAL_VERSION;
}
