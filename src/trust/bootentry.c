/* SPDX-License-Identifier: Apache-2.0 */
#include "src/trust/bootentry.h"

#include "src/base/cleanup.h"
#include "src/base/error.h"
#include "src/trust/efivar.h"

#include <stdio.h>
#include <string.h>

/* EFI_LOAD_OPTION: attributes (32 bits), length of the device path (16) */
#define OPTION_HEADER 6
/* EFI_DEVICE_PATH_PROTOCOL: type, sub-type, length (16 bits) */
#define NODE_HEADER 4

enum {
	TYPE_MEDIA = 0x04,
	MEDIA_FILE = 0x04,
	TYPE_END = 0x7f,
};

static size_t le16_at(const uint8_t *p)
{
	return (size_t)(p[0] | p[1] << 8);
}

/* UTF-16 with '\\' to a relative path with '/'; false for what is not ASCII. */
static bool take_name(const uint8_t *text, size_t bytes, struct buf *path)
{
	for (size_t i = 0; i + 1 < bytes && le16_at(text + i); i += 2) {
		char c = (char)text[i];

		if (text[i + 1] || text[i] >= 0x80)
			return false;
		c = c == '\\' ? '/' : c;
		if ((c != '/' || path->len) && buf_add(path, &c, 1) < 0)
			return false;
	}
	return true;
}

/* The file of a device path: its media nodes of that kind, together. */
static bool take_file(const uint8_t *p, size_t len, struct buf *path)
{
	while (len >= NODE_HEADER && p[0] != TYPE_END) {
		size_t size = le16_at(p + 2);

		if (size < NODE_HEADER || size > len)
			return false;
		if (p[0] == TYPE_MEDIA && p[1] == MEDIA_FILE &&
			!take_name(p + NODE_HEADER, size - NODE_HEADER, path))
			return false;
		p += size;
		len -= size;
	}
	return path->len;
}

int bootentry_path(const uint8_t *data, size_t len, char **path, struct ms_error *err)
{
	AUTO_BUF struct buf name = { 0 };
	size_t at = OPTION_HEADER, device;

	*path = NULL;
	if (len < OPTION_HEADER)
		return 0;
	device = le16_at(data + 4);
	/* The description ends by a NUL. */
	while (at + 1 < len && le16_at(data + at))
		at += 2;
	at += 2;
	if (at > len || device > len - at || !take_file(data + at, device, &name))
		return 0;
	*path = strndup((char *)name.data, name.len);
	return *path ? 0 : err_nomem(err);
}

int bootentry_current(const char *root, char **path, struct ms_error *err)
{
	AUTO_EFIVAR struct efivar current = { 0 }, entry = { 0 };
	char name[sizeof("Boot0000")];

	*path = NULL;
	if (efivar_read(root, "BootCurrent", &guid_global, &current, NULL) < 0 ||
		current.data.len != 2)
		return 0;
	snprintf(name, sizeof(name), "Boot%04zX", le16_at(current.data.data));
	if (efivar_read(root, name, &guid_global, &entry, NULL) < 0 || !entry.found)
		return 0;
	return bootentry_path(entry.data.data, entry.data.len, path, err);
}
