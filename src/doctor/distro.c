/* SPDX-License-Identifier: Apache-2.0 */
#include "src/doctor/distro.h"

#include <string.h>

#define EDIT_GRUB "${EDITOR:-vi} /etc/default/grub   # take %s out of GRUB_CMDLINE_LINUX..."

#define DKMS_AGAIN "dkms status   # build again what is listed: dkms install --force NAME/VERSION"

/* The first that fits counts; the last fits all. */
static const struct distro distros[] = {
	{ .id = "ubuntu",
		.initramfs = "update-initramfs -u -k %s",
		.cmdline = { EDIT_GRUB, "update-grub" },
		.tool = "/usr/sbin/update-secureboot-policy",
		.tool_what = "let the distribution make and enrol a MOK, with which dkms signs "
			     "(/var/lib/shim-signed/mok)",
		.tool_commands = { "update-secureboot-policy --new-key",
			"update-secureboot-policy --enroll-key", DKMS_AGAIN } },
	/* Its update-secureboot-policy makes no keys: whatever it is told but --enable and --help, it
	 * asks to disable validation. */
	{ .id = "debian",
		.initramfs = "update-initramfs -u -k %s",
		.cmdline = { EDIT_GRUB, "update-grub" },
		.tool = "/usr/sbin/dkms",
		.tool_what = "let dkms sign what it builds, with a key that it makes when it builds "
			     "(/var/lib/dkms/mok.key), and enrol that as a MOK",
		.tool_commands = { DKMS_AGAIN, "modseal trust enrol /var/lib/dkms/mok.pub" } },
	{ .id = "fedora",
		.initramfs = "dracut -f --kver %s",
		.cmdline = { "grubby --update-kernel=ALL --remove-args=%s" },
		.tool = "/usr/sbin/kmodgenca",
		.tool_what = "let akmods make a key (/etc/pki/akmods), sign with it, and enrol it",
		.tool_commands = { "kmodgenca -a",
			"mokutil --import /etc/pki/akmods/certs/public_key.der",
			"akmods --force --rebuild" } },
	{ .id = "suse",
		.initramfs = "dracut -f --kver %s",
		.cmdline = { EDIT_GRUB, "grub2-mkconfig -o /boot/grub2/grub.cfg" } },
	{ .id = "arch",
		.initramfs = "mkinitcpio -P",
		.cmdline = { EDIT_GRUB, "grub-mkconfig -o /boot/grub/grub.cfg" } },
	{ .id = "gentoo",
		.initramfs = "dracut -f --kver %s",
		.cmdline = { EDIT_GRUB, "grub-mkconfig -o /boot/grub/grub.cfg" },
		.tool = "/usr/bin/emerge",
		.tool_what = "let Portage sign what it builds: USE=modules-sign, and "
			     "MODULES_SIGN_KEY and MODULES_SIGN_CERT in /etc/portage/make.conf",
		.tool_commands = { "emerge @module-rebuild" } },
	{ .id = "", .cmdline = { "# take %s out of the boot loader's configuration" } },
};

static const struct distro *by_id(const char *id, size_t len)
{
	const struct distro *d = distros;

	while (*d->id && (strlen(d->id) != len || strncmp(d->id, id, len) != 0))
		d++;
	return d;
}

const struct distro *distro_of(const char *id, const char *like)
{
	const struct distro *d = by_id(id ? id : "", id ? strlen(id) : 0);

	for (; like && *like && !*d->id; like += strspn(like, " ")) {
		size_t len = strcspn(like, " ");

		/* "opensuse-tumbleweed" is "opensuse suse" */
		d = by_id(like, len);
		like += len;
	}
	return d;
}
