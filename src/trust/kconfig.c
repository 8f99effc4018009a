/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/kconfig.h"

#include "src/base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

/* By the kernel (CONFIG_IKCONFIG_PROC). gzdopen() takes the descriptor over; a file that is not
 * compressed is read as it is. */
static int read_gz(const struct root *root, const char *path, struct buf *out)
{
	int fd = root_open_file(root, path), n = 0;
	gzFile gz;

	if (fd < 0)
		return fd;
	gz = gzdopen(fd, "r");
	if (!gz) {
		close(fd);
		return -ENOMEM;
	}
	do {
		out->len += (size_t)n;
		if (buf_reserve(out, 65536) < 0 || out->len > ROOT_FILE_MAX) {
			gzclose(gz);
			return out->len > ROOT_FILE_MAX ? -EFBIG : -ENOMEM;
		}
		n = gzread(gz, out->data + out->len, 65536);
	} while (n > 0);
	gzclose(gz);
	return n < 0 ? -EIO : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct kconfig_option *)a)->name, ((const struct kconfig_option *)b)->name);
}

/* CONFIG_NAME=value, or nothing. Strings lose their quotes; kconfig escapes " and \ with a \. */
static bool parse_line(char *line, struct kconfig_option *option)
{
	static const char prefix[] = "CONFIG_";
	char *equals = strchr(line, '='), *to;

	if (strncmp(line, prefix, sizeof(prefix) - 1) != 0 || !equals)
		return false;
	*equals = '\0';
	option->name = line + sizeof(prefix) - 1;
	option->value = to = equals + 1;
	if (*to != '"')
		return true;
	for (char *from = to + 1; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return true;
}

static int parse(struct kconfig *config)
{
	size_t lines = 1;
	char *rest = config->text, *line;

	for (const char *p = rest; (p = strchr(p, '\n')); p++)
		lines++;
	config->options = calloc(lines, sizeof(*config->options));
	if (!config->options)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n")))
		config->n += parse_line(line, &config->options[config->n]);
	qsort(config->options, config->n, sizeof(*config->options), by_name);
	return 0;
}

/* 1: this was it. */
static int try(const struct root *root, const char *path, struct kconfig *config)
{
	AUTO_BUF struct buf b = { 0 };
	int r = read_gz(root, path, &b);

	if (r == -ENOMEM)
		return r;
	if (r < 0 || !b.len)
		return 0;
	config->path = strdup(path);
	config->text = strndup((char *)b.data, b.len);
	if (!config->path || !config->text)
		return -ENOMEM;
	r = parse(config);
	return r < 0 ? r : 1;
}

int kconfig_find(const struct root *root, const char *release, bool running, struct kconfig *config)
{
	static const struct {
		const char *before, *behind;
	} places[] = {
		{ "/lib/modules/", "/config" },
		{ "/usr/lib/modules/", "/config" },
		{ "/boot/config-", "" },
		{ "/lib/modules/", "/build/.config" },
		{ "/usr/lib/modules/", "/build/.config" },
	};
	int r = running ? try(root, "/proc/config.gz", config) : 0;

	/* A release is a file name's part here. */
	if (!release || !*release || strchr(release, '/'))
		return r < 0 ? r : 0;
	for (size_t i = 0; r == 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s%s%s", places[i].before, release, places[i].behind) < 0)
			path = NULL;
		r = path ? try(root, path, config) : -ENOMEM;
	}
	if (r < 0)
		kconfig_free(config);
	return r < 0 ? r : 0;
}

const char *kconfig_get(const struct kconfig *config, const char *option)
{
	struct kconfig_option key = { .name = option }, *found;

	if (!config->path)
		return NULL;
	found = bsearch(&key, config->options, config->n, sizeof(key), by_name);
	return found ? found->value : "n";
}

void kconfig_free(struct kconfig *config)
{
	free(config->path);
	free(config->text);
	free(config->options);
	*config = (struct kconfig){ 0 };
}
