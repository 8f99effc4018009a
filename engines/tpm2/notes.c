/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes in a key file: lines of text before the PEM block, which every reader of PEM passes over.
 * They hold what the format has no place for. None of them is trusted for more than words: PCR
 * values are used if they hash to what the policy says, names are compared with the TPM's.
 */
#include "engines/tpm2/keyfile.h"
#include "src/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARENT "# modseal-parent-name: "
#define SALT   "# modseal-salt-key: "
#define PCRS   "# modseal-pcrs: "
#define HANDLE "# modseal-handle: "

static int unhex(const char *text, TPM2B_NAME *name)
{
	size_t len = 0;
	unsigned byte;
	int used;

	while (len < sizeof(name->name) && sscanf(text, "%2x%n", &byte, &used) == 1 && used == 2) {
		name->name[len++] = (uint8_t)byte;
		text += 2;
	}
	name->size = *text ? 0 : (UINT16)len;
	return name->size ? 0 : -1;
}

static bool starts(const char *line, const char *with, const char **rest)
{
	*rest = line + strlen(with);
	return !strncmp(line, with, strlen(with));
}

/* Only as a whole: a handle without a name would not be pinned. */
static void read_salt(struct tpm_keyfile *file, const char *value)
{
	char *end;
	unsigned long handle = strtoul(value, &end, 16);

	if (*end == ' ' && handle <= UINT32_MAX && unhex(end + 1, &file->salt_name) == 0)
		file->salt_key = (TPM2_HANDLE)handle;
}

static void read_note(struct tpm_keyfile *file, const char *line)
{
	const char *value;
	char *end;

	if (starts(line, PARENT, &value)) {
		(void)unhex(value, &file->parent_name);
	} else if (starts(line, SALT, &value)) {
		read_salt(file, value);
	} else if (starts(line, PCRS, &value)) {
		if (tpm_pcrs_parse(value, &file->pcrs, NULL) < 0)
			file->pcrs.n = 0;
	} else if (starts(line, HANDLE, &value)) {
		unsigned long handle = strtoul(value, &end, 16);

		file->handle = *end || handle > UINT32_MAX ? 0 : (TPM2_HANDLE)handle;
	}
}

void tpm_keyfile_read_notes(struct tpm_keyfile *file)
{
	char *text, *next, *line;

	if (!file->before.len)
		return;
	text = next = strndup((const char *)file->before.data, file->before.len);
	while ((line = strsep(&next, "\r\n")))
		read_note(file, line);
	free(text);
}

static int add_hex(struct buf *out, const TPM2B_NAME *name)
{
	char hex[3];

	for (size_t i = 0; i < name->size; i++) {
		snprintf(hex, sizeof(hex), "%02x", name->name[i]);
		if (buf_add(out, hex, 2) < 0)
			return -1;
	}
	return buf_add(out, "\n", 1);
}

static int add_pcrs(struct buf *out, const struct tpm_pcrs *pcrs)
{
	char *text = tpm_pcrs_text(pcrs, true);
	int r = text && buf_add(out, PCRS, strlen(PCRS)) == 0 &&
			buf_add(out, text, strlen(text)) == 0
		? buf_add(out, "\n", 1)
		: -1;

	free(text);
	return r;
}

int tpm_keyfile_note(struct tpm_keyfile *file, struct ms_error *err)
{
	struct buf *out = &file->before;
	char line[64];

	if (file->parent_name.size &&
		(buf_add(out, PARENT, strlen(PARENT)) < 0 || add_hex(out, &file->parent_name) < 0))
		return err_nomem(err);
	if (file->salt_key) {
		snprintf(line, sizeof(line), SALT "0x%08x ", file->salt_key);
		if (buf_add(out, line, strlen(line)) < 0 || add_hex(out, &file->salt_name) < 0)
			return err_nomem(err);
	}
	if (file->pcrs.n && add_pcrs(out, &file->pcrs) < 0)
		return err_nomem(err);
	if (file->handle) {
		snprintf(line, sizeof(line), HANDLE "0x%08x\n", file->handle);
		if (buf_add(out, line, strlen(line)) < 0)
			return err_nomem(err);
	}
	return 0;
}
