/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's keyrings. /proc/keys lists keys with their serial numbers (security/keys/proc.c), but
 * not which keyring holds them. That is asked of the kernel (keyctl(2), KEYCTL_READ), or stands in
 * modseal/keyrings of a recorded machine: a line a keyring, its name and the serial numbers of its
 * members in hex.
 */
#ifndef MODSEAL_TRUST_KEYRINGS_H
#define MODSEAL_TRUST_KEYRINGS_H

#include "src/base/buf.h"

#include <modseal/machine.h>
#include <stdint.h>

#define KEYRINGS_FILE "/modseal/keyrings"

/* A line of /proc/keys. */
struct proc_key {
	uint32_t serial;
	struct ms_keyring_key key;
	bool member; /* of a keyring that could be listed */
};
struct proc_keys {
	struct proc_key *keys;
	size_t n;
};

/* Takes /proc/keys apart; lines that cannot be understood are passed over. -1: out of memory. */
int proc_keys_parse(const char *text, struct proc_keys *keys);
void proc_keys_free(struct proc_keys *keys);
const struct proc_key *proc_keys_find(const struct proc_keys *keys, const char *type,
	const char *description);

/* Serial numbers of a keyring's members, of the running kernel: 0 or -errno. The caller frees
 * *serials. */
int keyring_members(uint32_t keyring, uint32_t **serials, size_t *n);

/* ".builtin_trusted_keys", ... by enum ms_keyring_name. */
extern const char *const keyring_names[MS_KEYRINGS];
void keyring_key_free(struct ms_keyring_key *key);

#endif
