/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UEFI variables as Linux shows them: a file of efivarfs, NAME-GUID, is four bytes of attributes
 * (little endian) and the data; what shim hands over in its own table is in
 * /sys/firmware/efi/mok-variables, the data alone.
 *
 * `root` is the directory that stands for / (an image, a recorded machine); NULL or "/" is this
 * machine. On this machine the environment's EFIVARFS_PATH says where efivarfs is, as it does to
 * libefivar (and so to mokutil); a program with more rights than its caller does not look at it.
 */
#ifndef MODSEAL_TRUST_EFIVAR_H
#define MODSEAL_TRUST_EFIVAR_H

#include "src/base/buf.h"
#include "src/trust/guid.h"

#define EFIVAR_NON_VOLATILE	     0x01u
#define EFIVAR_BOOTSERVICE_ACCESS    0x02u
#define EFIVAR_RUNTIME_ACCESS	     0x04u
#define EFIVAR_TIME_BASED_AUTH_WRITE 0x20u /* its update is signed, UEFI 2.10, 8.2.2 */
#define EFIVAR_APPEND_WRITE	     0x40u /* of an update: what it holds is added */

/* Zero-initialise it; release data with buf_free() or the whole with efivar_free(). */
struct efivar {
	bool found;	     /* false: there is no such variable, and nothing else is set */
	uint32_t attributes; /* 0 of what came from mok-variables, which has none */
	struct buf data;
};

void efivar_free(struct efivar *var);
#define AUTO_EFIVAR __attribute__((cleanup(efivar_free)))

/* How a machine shows its variables. */
enum efi_access {
	EFI_NOT_BOOTED, /* no /sys/firmware/efi: booted without UEFI */
	EFI_NO_VARS, /* UEFI, but efivarfs is not mounted (or the firmware has no runtime services)
		      */
	EFI_VARS,
};
enum efi_access efivar_access(const char *root);

/* The file of a variable, free() it; NULL: out of memory. */
char *efivar_path(const char *root, const char *name, const struct efi_guid *vendor);

/* 0 also when there is none (found is false then). MS_ERR_IO: it is there and cannot be read (the
 * message names the file and why), or it is cut off. */
int efivar_read(const char *root, const char *name, const struct efi_guid *vendor,
	struct efivar *var, struct ms_error *err);
/* /sys/firmware/efi/mok-variables/NAME, likewise. */
int efivar_read_table(const char *root, const char *name, struct efivar *var, struct ms_error *err);
/* What shim hands on to the system (MokListRT, MokListXRT): from its table, which has all of it,
 * else from NAME, NAME1, NAME2 ... into which older ones split what is too large for a variable. */
int efivar_read_shim(const char *root, const char *name, struct efivar *var, struct ms_error *err);

/* Whether variables can be written at all: 0, EACCES (not root), EROFS, ENOENT ... */
int efivar_may_write(const char *root);
/* Writes a whole variable, in one write(2) as efivarfs wants it; a new one is readable by its owner
 * only. A file that efivarfs protects (immutable) is opened up for it. MS_ERR_IO: what was there
 * before is there still. */
int efivar_write(const char *root, const char *name, const struct efi_guid *vendor,
	uint32_t attributes, const void *data, size_t len, struct ms_error *err);
/* 0 also when there is none. */
int efivar_delete(
	const char *root, const char *name, const struct efi_guid *vendor, struct ms_error *err);

#endif
