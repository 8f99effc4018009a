/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/secret.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* A mapping of its own: mlock and MADV_DONTDUMP work on pages, and a page that malloc shares
 * would be unlocked with the first secret that is freed. */
struct secret *secret_new(const void *data, size_t len)
{
	struct secret *s;

	if (len > SECRET_MAX)
		return NULL;
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	(void)mlock(s, sizeof(*s));
	(void)madvise(s, sizeof(*s), MADV_DONTDUMP);
	if (len)
		memcpy(s->data, data, len);
	s->len = len;
	return s;
}

struct secret *secret_dup(const struct secret *s)
{
	return secret_new(s->data, s->len);
}

void secret_free(struct secret *s)
{
	if (!s)
		return;
	secret_wipe(s, sizeof(*s));
	munmap(s, sizeof(*s));
}

void secret_wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
}

int secret_read_file(const char *path, const char *what, struct secret **out, struct ms_error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	AUTO_SECRET struct secret *s = secret_new("", 0);
	char *end = NULL;

	if (!s)
		return err_nomem(err);
	if (fd < 0)
		return err_set_errno(err, MS_ERR_PIN, errno, "%s %s cannot be opened", what, path);
	while (!end && s->len < sizeof(s->data)) {
		ssize_t n = read(fd, s->data + s->len, sizeof(s->data) - s->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(
				err, MS_ERR_PIN, errno, "%s %s cannot be read", what, path);
		if (n == 0)
			break;
		end = memchr(s->data + s->len, '\n', (size_t)n);
		s->len += (size_t)n;
	}
	if (!end && s->len > SECRET_MAX)
		return err_set(err, MS_ERR_PIN, "%s %s: its first line is longer than %d bytes",
			what, path, SECRET_MAX);
	if (end) {
		s->len = (size_t)(end - s->data);
		if (s->len && s->data[s->len - 1] == '\r')
			s->len--;
		secret_wipe(s->data + s->len, sizeof(s->data) - s->len);
	}
	if (!s->len)
		return err_set(err, MS_ERR_PIN, "%s %s: its first line is empty", what, path);
	*out = STEAL(s);
	return 0;
}
