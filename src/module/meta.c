/* SPDX-License-Identifier: Apache-2.0 */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/module/write.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#define ACL_ATTRIBUTE "system.posix_acl_access"

struct names {
	char *list; /* NUL-terminated strings, one behind the other */
	size_t len;
};

static void names_free(struct names *n)
{
	free(n->list);
}

/* The names of a file's extended attributes: 0, or -1 with errno. */
static int names_read(int fd, struct names *n)
{
	ssize_t len;

	for (;;) {
		len = flistxattr(fd, NULL, 0);
		if (len < 0 && errno == ENOTSUP)
			return 0;
		if (len <= 0)
			return (int)len;
		free(n->list);
		n->list = malloc((size_t)len);
		if (!n->list)
			return -1;
		len = flistxattr(fd, n->list, (size_t)len);
		if (len >= 0)
			break;
		if (errno != ERANGE) /* it grew in between */
			return -1;
	}
	n->len = (size_t)len;
	return 0;
}

static const char *names_next(const struct names *n, const char *name)
{
	const char *next = name ? name + strlen(name) + 1 : n->list;

	return next && next < n->list + n->len ? next : NULL;
}

static bool names_has(const struct names *n, const char *wanted)
{
	for (const char *name = names_next(n, NULL); name; name = names_next(n, name))
		if (!strcmp(name, wanted))
			return true;
	return false;
}

/* These cover the old content: on the new one they would lie. */
static bool covers_content(const char *name)
{
	return !strcmp(name, "security.ima") || !strcmp(name, "security.evm");
}

/* Whether a file may do without an attribute that could not be set. */
static bool dispensable(const char *name, int errnum, bool in_place)
{
	if (errnum == ENOTSUP)
		return !in_place; /* another file system, which has no such thing */
	/* what only a privileged user may set; where policy says so, it sets labels itself */
	return (errnum == EPERM || errnum == EACCES) && strncmp(name, "user.", 5) != 0;
}

static int value_read(int fd, const char *name, char **value, size_t *len)
{
	ssize_t n;

	for (;;) {
		n = fgetxattr(fd, name, NULL, 0);
		if (n < 0)
			return -1;
		free(*value);
		*value = malloc((size_t)n + 1);
		if (!*value)
			return -1;
		n = fgetxattr(fd, name, *value, (size_t)n);
		if (n >= 0)
			break;
		if (errno != ERANGE)
			return -1;
	}
	*len = (size_t)n;
	return 0;
}

static int attribute_copy(int from, const char *name, const struct place *to,
	struct ms_error *err)
{
	AUTO_FREE char *value = NULL;
	size_t len;

	if (value_read(from, name, &value, &len) < 0) {
		if (errno == ENODATA) /* it went away */
			return 0;
	} else if (!fsetxattr(to->fd, name, value, len, 0)) {
		return 0;
	}
	if (dispensable(name, errno, to->in_place))
		return 0;
	return err_set_errno(err, MS_ERR_IO, errno,
		"%s cannot be written: the extended attribute %s cannot be copied", to->path, name);
}

static int attributes_copy(int from, const struct place *to, struct ms_error *err)
{
	CLEANUP(names_free) struct names have = { 0 };
	CLEANUP(names_free) struct names given = { 0 };

	if (names_read(from, &have) < 0 || names_read(to->fd, &given) < 0)
		return err_set_errno(err, MS_ERR_IO, errno,
			"%s cannot be written: extended attributes cannot be listed", to->path);
	for (const char *name = names_next(&have, NULL); name; name = names_next(&have, name)) {
		int r = covers_content(name) ? 0 : attribute_copy(from, name, to, err);

		if (r)
			return r;
	}
	/* A directory with a default ACL gives one to every new file. */
	if (names_has(&given, ACL_ATTRIBUTE) && !names_has(&have, ACL_ATTRIBUTE) &&
		fremovexattr(to->fd, ACL_ATTRIBUTE) < 0)
		return place_failed(to, errno, err);
	return 0;
}

static bool refused(int errnum)
{
	return errnum == EPERM || errnum == EINVAL; /* EINVAL: an id without mapping here */
}

/* Sets the owner, else the group alone; *mode loses the bits that would now lend the rights of
 * somebody else. */
static int owner_copy(const struct module *m, int fd, mode_t *mode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_uid == m->st.st_uid && st.st_gid == m->st.st_gid)
		return 0;
	if (!fchown(fd, m->st.st_uid, m->st.st_gid))
		return 0;
	if (!refused(errno))
		return -1;
	if (fchown(fd, (uid_t)-1, m->st.st_gid) < 0 && !refused(errno))
		return -1;
	*mode &= ~(mode_t)(S_ISUID | S_ISGID);
	return 0;
}

/*
 * The order matters: a change of owner clears set-id bits and file capabilities, an ACL changes
 * the mode. The time of last change stays what it is, now: the content did change, and make,
 * depmod, rsync and initramfs builders go by it. That of last access is the module's.
 */
int meta_copy(const struct module *m, const struct place *to, struct ms_error *err)
{
	mode_t mode = m->st.st_mode & 07777;
	struct timespec times[2] = { m->st.st_atim, { .tv_nsec = UTIME_OMIT } };
	int r;

	if (owner_copy(m, to->fd, &mode) < 0)
		return place_failed(to, errno, err);
	r = attributes_copy(m->fd, to, err);
	if (r)
		return r;
	if (fchmod(to->fd, mode) < 0 || futimens(to->fd, times) < 0)
		return place_failed(to, errno, err);
	return 0;
}
