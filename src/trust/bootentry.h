/* SPDX-License-Identifier: Apache-2.0 */
/* What the firmware booted: BootCurrent and the Boot#### that it names (UEFI 2.10, 3.1.3 and 10.3).
 */
#ifndef MODSEAL_TRUST_BOOTENTRY_H
#define MODSEAL_TRUST_BOOTENTRY_H

#include <modseal/error.h>
#include <stddef.h>
#include <stdint.h>

/* The file that was booted, on the EFI system partition, as "EFI/debian/shimx64.efi"; free() *path.
 * 0 also when it is not known (*path is NULL then): the entry names none, or not in ASCII, or
 * cannot be read. Out of memory is the only error. */
int bootentry_current(const char *root, char **path, struct ms_error *err);

/* The same of the bytes of a Boot####. */
int bootentry_path(const uint8_t *data, size_t len, char **path, struct ms_error *err);

#endif
