/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/depmod.h"

#include <string.h>

static char underscored(char c)
{
	return c == '-' ? '_' : c;
}

bool depmod_is_of(const char *line, const char *module, size_t len)
{
	size_t end = strcspn(line, ":\n");
	const char *slash = memrchr(line, '/', end), *name = slash ? slash + 1 : line;

	if (!len || (size_t)(line + end - name) < len + strlen(".ko"))
		return false;
	for (size_t i = 0; i < len; i++)
		if (underscored(name[i]) != underscored(module[i]))
			return false;
	name += len;
	/* "x.ko", "x.ko.xz", but not "x.kotlin.ko" */
	return !strncmp(name, ".ko", 3) && strchr(".:\n", name[3]);
}

bool depmod_is_named(const char *line, const char *aliases)
{
	for (const char *p = aliases; *p;) {
		size_t len = strcspn(p, "\n");
		const char *module = memrchr(p, ' ', len);

		if (module && depmod_is_of(line, module + 1, len - (size_t)(module + 1 - p)))
			return true;
		p += len + (p[len] != '\0');
	}
	return false;
}
