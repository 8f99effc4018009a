/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of modules in the initramfs: those are loaded early in the boot, whatever lies on the
 * disk. */
#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/base/file.h"
#include "src/crypto/digest.h"
#include "src/doctor/checks.h"
#include "src/doctor/initramfs.h"
#include "src/doctor/lookup.h"
#include "src/doctor/modprobe.h"
#include "src/module/compress.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define NAMED 5 /* so many are named, the others counted */

/* What is found out about one initramfs. */
struct copies {
	struct doctor *doctor;
	const char *initramfs; /* its path */
	unsigned all, unsigned_n, other_n, older_n, unreadable;
	const char *unsigned_names, *other_names;
	char problem[256]; /* why the first unreadable one is */
};

static void name_it(struct doctor *d, const char **names, unsigned n, const char *name)
{
	if (n <= NAMED)
		*names = kept(d, "%s%s%s", *names, n > 1 ? ", " : "", name);
	else if (n == NAMED + 1)
		*names = kept(d, "%s, ...", *names);
}

/* The same module on the disk, compressed or not; NULL if it is not there. */
static struct module *on_disk(struct doctor *d, const char *name)
{
	static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };
	const char *path = strstr(name, "lib/modules/"), *ko = strstr(path, ".ko");
	struct module *m = NULL;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) && !m; i++) {
		const char *file = kept(d, "/%.*s%s", (int)(ko + 3 - path), path, suffixes[i]);

		if (root_exists(&d->root, file))
			module_open(path_to_open(d, file), 0, &m, NULL);
	}
	return m;
}

static bool same_content(const struct buf *copy, struct module *disk)
{
	uint8_t one[MS_HASH_MAX_SIZE], two[MS_HASH_MAX_SIZE];
	struct digest digest = { 0 };
	bool same = copy->len == disk->size && digest_begin(&digest, MS_HASH_SHA256, NULL) == 0 &&
		digest_add(&digest, copy->data, copy->len, NULL) == 0 &&
		digest_end(&digest, one, NULL) == 0 &&
		module_digest(disk, disk->size, MS_HASH_SHA256, two, NULL) == 0 &&
		!memcmp(one, two, ms_hash_size(MS_HASH_SHA256));

	digest_free(&digest);
	return same;
}

static void compare(struct copies *c, const char *name, time_t mtime, const struct buf *copy)
{
	struct doctor *d = c->doctor;
	const char *module = name_of_file(d, name);
	struct module *disk;

	if (memcmp(copy->data + copy->len - MODULE_MARKER_LEN, MODULE_MARKER, MODULE_MARKER_LEN) !=
		0)
		name_it(d, &c->unsigned_names, ++c->unsigned_n, module);
	disk = on_disk(d, name);
	if (!disk)
		return;
	if (!same_content(copy, disk)) {
		name_it(d, &c->other_names, ++c->other_n, module);
		c->older_n += mtime && mtime < disk->st.st_mtim.tv_sec;
	}
	module_close(disk);
}

/* The content of a compressed module; the decompressors read files. */
static int unpack(enum module_compression compression, const struct buf *content, struct buf *plain,
	struct ms_error *err)
{
	AUTO_CLOSE int fd = memfd_create("module", MFD_CLOEXEC);

	if (fd < 0 || file_write_all(fd, content->data, content->len) < 0)
		return err_set_errno(err, MS_ERR_IO, errno, "it cannot be decompressed");
	return unpack_file(compression, fd, 0, "it", plain, err);
}

static int look_at(void *user, const char *name, time_t mtime, const struct buf *content)
{
	struct copies *c = user;
	struct doctor *d = c->doctor;
	AUTO_BUF struct buf plain = { 0 };
	enum module_compression compression = compression_of(content->data, content->len);
	const struct buf *copy = compression == MODULE_PLAIN ? content : &plain;
	struct ms_error err = { .message = "it is no ELF file" };

	if (d->name && !module_names_equal(name_of_file(d, name), d->name))
		return 0;
	c->all++;
	if ((compression == MODULE_PLAIN || unpack(compression, content, &plain, &err) == 0) &&
		copy->len > MODULE_MARKER_LEN && !memcmp(copy->data, ELFMAG, SELFMAG))
		compare(c, name, mtime, copy);
	else if (!c->unreadable++)
		snprintf(c->problem, sizeof(c->problem), "%s: %.200s", name_of_file(d, name),
			err.message);
	return 0;
}

/* Whether a module without a signature is refused. */
static bool is_strict(const struct doctor *d)
{
	return d->machine->sig_enforce.answer == MS_YES || d->machine->lockdown.answer == MS_YES;
}

static void tell_unsigned(const struct copies *c)
{
	struct doctor *d = c->doctor;
	struct finding *f;

	f = found(d, is_strict(d) ? MS_WRONG : MS_WARNING, "initramfs-unsigned",
		"unsigned in the initramfs %s: %s", c->initramfs, c->unsigned_names);
	because(f, "Early in the boot modules are loaded from there, and %s.",
		is_strict(d) ? "these are refused, whatever lies on the disk"
			     : "these taint the kernel; under lockdown or module.sig_enforce they "
			       "are refused");
	if (c->other_n)
		because(f,
			"Those on the disk are other files: sign them first if they are not "
			"signed.");
	else
		because(f, "Sign them on the disk first.");
	detail(f, "initramfs", "%s", c->initramfs);
	detail(f, "modules", "%u", c->unsigned_n);
	remedy(f, REMEDY_INITRAMFS);
}

static void tell_other(const struct copies *c)
{
	struct doctor *d = c->doctor;
	struct finding *f;

	f = found(d, MS_WARNING, "initramfs-differs", "%s in the initramfs %s: %s",
		c->older_n == c->other_n ? "older than on the disk"
					 : "other files than on the disk",
		c->initramfs, c->other_names);
	because(f,
		"Early in the boot modules are loaded from there: what was changed on the disk "
		"since, a signature for one, does not count then.");
	detail(f, "initramfs", "%s", c->initramfs);
	detail(f, "modules", "%u", c->other_n);
	detail(f, "older", "%u", c->older_n);
	remedy(f, REMEDY_INITRAMFS);
}

static void tell(const struct copies *c)
{
	struct doctor *d = c->doctor;
	struct finding *f;

	if (c->unsigned_n)
		tell_unsigned(c);
	if (c->other_n)
		tell_other(c);
	if (c->unreadable)
		found(d, MS_NOT_KNOWN, "initramfs-module-unreadable",
			"%u modules in the initramfs %s could not be read: %s", c->unreadable,
			c->initramfs, c->problem);
	if (c->unsigned_n || c->other_n || c->unreadable)
		return;
	if (!d->name)
		f = found(d, MS_NOTE, "initramfs",
			"the initramfs %s has %u modules, all signed, as they are on the disk",
			c->initramfs, c->all);
	else
		f = found(d, MS_NOTE, "initramfs",
			c->all ? "its copy in the initramfs %s is the file on the disk"
			       : "it is not in the initramfs %s",
			c->initramfs);
	detail(f, "initramfs", "%s", c->initramfs);
}

static void look_into(struct doctor *d, const char *path)
{
	struct copies c = {
		.doctor = d, .initramfs = path, .unsigned_names = "", .other_names = ""
	};
	struct ms_error err = { 0 };
	AUTO_CLOSE int fd = root_open_file(&d->root, path);
	struct finding *f;
	int r;

	if (fd < 0) {
		if (fd != -ENOENT)
			found(d, MS_NOT_KNOWN, "initramfs-unreadable",
				"the initramfs %s cannot be read: %s", path, strerror(-fd));
		return;
	}
	r = initramfs_modules(fd, path, look_at, &c, &err);
	if (r == MS_ERR_NOMEM)
		d->nomem = true;
	if (r < 0) {
		f = found(d, MS_NOT_KNOWN, "initramfs-unreadable",
			"the initramfs could not be read to its end: %s", err.message);
		if (err.hint[0] && r == MS_ERR_UNSUPPORTED)
			because(f, "%s", err.hint);
	}
	if (r == 0 || c.all)
		tell(&c);
}

/* Entries of the boot loader specification: DIR/MACHINE-ID/RELEASE/initrd. */
static void look_into_entries(struct doctor *d, const char *dir)
{
	DIR *entries = root_dir(&d->root, dir);
	struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		const char *path = kept(d, "/%s/%s/%s/initrd", dir, entry->d_name, d->release);

		if (entry->d_name[0] != '.' && root_exists(&d->root, path))
			look_into(d, path);
	}
	if (entries)
		closedir(entries);
}

void check_initramfs(struct doctor *d)
{
	/* Debian, Ubuntu; Fedora; SUSE; Gentoo's genkernel */
	static const char *const names[] = { "/boot/initrd.img-%s", "/boot/initramfs-%s.img",
		"/boot/initrd-%s", "/boot/initramfs-genkernel-x86_64-%s",
		"/boot/initramfs-x86_64-%s" };
	const char *base;

	if (!d->release || (d->name && !d->path))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *at = strstr(names[i], "%s"),
			   *path = kept(d, "%.*s%s%s", (int)(at - names[i]), names[i], d->release,
				   at + 2);

		if (root_exists(&d->root, path))
			look_into(d, path);
	}
	/* Arch names it after the package. */
	base = file_text(d, kept(d, "lib/modules/%s/pkgbase", d->release));
	if (base && root_exists(&d->root, kept(d, "boot/initramfs-%s.img", base)))
		look_into(d, kept(d, "/boot/initramfs-%s.img", base));
	look_into_entries(d, "boot");
	look_into_entries(d, "efi");
}
