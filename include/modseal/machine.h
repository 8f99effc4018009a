/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What a machine's kernel trusts and how strict it is about modules: facts, read from the machine
 * that runs this or below a directory that holds another one's files (a mounted image, or what
 * ms_machine_record() wrote). Each fact says where it comes from, or why it is not known.
 */
#ifndef MODSEAL_MACHINE_H
#define MODSEAL_MACHINE_H

#include <modseal/answer.h>
#include <modseal/key.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One fact. Strings are NULL where they do not apply. */
struct ms_fact {
	enum ms_answer answer;
	char *text;    /**< what was found, where it is more than yes or no */
	char *source;  /**< the file that says so, as that machine calls it ("/proc/cmdline"), or an
			    option of the kernel's configuration ("CONFIG_MODULE_SIG_FORCE") */
	char *unknown; /**< with MS_UNKNOWN: why it is not known, one clause */
};

/** One member of a keyring. */
struct ms_keyring_key {
	char *type;        /**< "asymmetric", "blacklist", "keyring", ... */
	char *description; /**< the kernel's own: "Debian Secure Boot CA: 6ccece7e...",
				"bin:..." (a hash), ".builtin_trusted_keys" (a link) */
	char *subject;     /**< of an asymmetric key: the description's first part */
	char *key_id;      /**< and its last: the certificate's subject key id, lower case hex, or
				its serial number when it has none */
	char *algorithm;   /**< "rsa", "ecdsa"; NULL if the kernel does not say */
};

enum ms_keyring_name {
	MS_KEYRING_BUILTIN,   /**< .builtin_trusted_keys */
	MS_KEYRING_SECONDARY, /**< .secondary_trusted_keys, which also holds .builtin_trusted_keys
				   and, from 5.18, .machine as links */
	MS_KEYRING_MACHINE,   /**< .machine */
	MS_KEYRING_PLATFORM,  /**< .platform */
	MS_KEYRING_BLACKLIST, /**< .blacklist */
};
#define MS_KEYRINGS 5

struct ms_keyring {
	const char *name;      /**< ".machine" */
	struct ms_fact exists; /**< whether this kernel has it */
	struct ms_fact listed; /**< whether `keys` is what it holds */
	struct ms_keyring_key *keys;
	size_t n_keys;
};

enum ms_store_name {
	MS_STORE_PK,
	MS_STORE_KEK,
	MS_STORE_DB,
	MS_STORE_DBX,
	MS_STORE_MOK,  /**< MokListRT: shim's list */
	MS_STORE_MOKX, /**< MokListXRT: what shim refuses */
};
#define MS_STORES 6

/** Certificates and hashes in a variable of the firmware. */
struct ms_store {
	const char *name;      /**< "db", "MokListRT" */
	struct ms_fact exists; /**< MS_UNKNOWN also when it is there but cannot be understood */
	struct ms_cert **certs;
	size_t n_certs;
	size_t n_hashes;      /**< of images */
	size_t n_cert_hashes; /**< of certificates (their TBS part) */
	size_t n_other;       /**< entries of other kinds */
};

struct ms_machine {
	char *root;      /**< "/", or the directory that was given */
	bool live;       /**< the machine that runs this */
	bool privileged; /**< live: the effective user is root; else true: files are what they are */

	struct ms_fact version;      /**< text: /proc/version, one line */
	struct ms_fact release;      /**< text: "6.1.0-53-amd64" */
	struct ms_fact distribution; /**< text: "debian" (ID of os-release) */
	struct ms_fact like;         /**< text: "debian" (ID_LIKE); MS_NO if it has none */
	struct ms_fact config;       /**< text: path of the kernel's configuration */
	struct ms_fact cmdline;      /**< text */
	struct ms_fact sig_enforce;  /**< module.sig_enforce is on, whoever switched it on */
	struct ms_fact lockdown;     /**< text: "none", "integrity", "confidentiality"; MS_NO with
					  "none" */
	struct ms_fact efi;          /**< booted by EFI */
	struct ms_fact secure_boot;  /**< the firmware enforces it; MS_NO without EFI */
	struct ms_fact setup_mode;   /**< no platform key: anyone may write db */
	struct ms_fact mok_insecure; /**< MokSBStateRT: shim does not validate (mokutil
					  --disable-validation) */
	struct ms_fact mok_trusted;  /**< MokListTrustedRT: the kernel may trust MOKs in .machine */
	struct ms_fact sbat;         /**< text: SbatLevelRT, its lines joined by blanks */
	struct ms_fact taint;        /**< text: the number; MS_NO with "0" */
	unsigned long taint_bits;    /**< TAINT_* of the kernel; 1 << 13: an unsigned module */
	struct ms_fact modules_disabled; /**< kernel.modules_disabled: no module loads any more */
	struct ms_fact modprobe;     /**< text: kernel.modprobe; MS_NO: no such program is there */
	struct ms_fact crypto;       /**< whether the kernel's list of algorithms is known */
	struct ms_fact log;          /**< text: the kernel's log, lines as dmesg(1) prints them */

	struct ms_keyring keyrings[MS_KEYRINGS]; /**< by enum ms_keyring_name */
	struct ms_keyring_key *loose; /**< asymmetric keys in /proc/keys of which it is not known in
					   which keyring they are */
	size_t n_loose;
	struct ms_store stores[MS_STORES];       /**< by enum ms_store_name */

	struct ms_machine_private *priv;
};

/**
 * Reads all there is to know. `root` is NULL or "/" for this machine, else a directory: files are
 * looked for below it alone, symbolic links included. `release` (NULL: the running kernel's, or
 * the only one that is installed) says which kernel's configuration and modules count. What cannot
 * be read is no error but an unknown fact; MS_ERR_IO when `root` is no directory. The caller frees
 * *machine.
 */
MS_API int ms_machine_read(const char *root, const char *release, struct ms_machine **machine,
	struct ms_error *err);
/** NULL is fine. */
MS_API void ms_machine_free(struct ms_machine *machine);

/**
 * An option of the kernel's configuration, without "CONFIG_": "y", "m", "n" (also when it is not
 * mentioned), a number, or a string without its quotes. NULL when no configuration was found. Belongs
 * to the machine.
 */
MS_API const char *ms_machine_option(const struct ms_machine *machine, const char *option);
/** Whether it is "y"; MS_UNKNOWN when no configuration was found. */
MS_API enum ms_answer ms_machine_option_on(const struct ms_machine *machine, const char *option);
/**
 * Whether the kernel has a cryptographic algorithm ("sha512", "ecdsa-nist-p384"): /proc/crypto lists
 * it, or it is a module (modules.alias) whose file and a modprobe are there. `why` (of `size`
 * bytes) gets one clause.
 */
MS_API enum ms_answer ms_machine_algorithm(const struct ms_machine *machine, const char *name,
	char *why, size_t size);

/**
 * Whether this kernel takes signatures by keys of a keyring on modules. `why` (of `size` bytes) gets
 * one clause. .blacklist: MS_NO.
 */
MS_API enum ms_answer ms_machine_keyring_counts(const struct ms_machine *machine,
	enum ms_keyring_name ring, char *why, size_t size);

/** How a certificate stands with a kernel. */
struct ms_standing {
	enum ms_answer in[MS_KEYRINGS]; /**< whether its key is in that keyring */
	enum ms_answer trusted;         /**< whether signatures by it on modules are taken */
	enum ms_answer revoked;
	const char *store; /**< the keyring by which it is trusted, or where it is revoked, or would be
				if it were known; NULL: none */
	char why[512];     /**< of `trusted`, and of `revoked` if it is; one sentence */
};

/**
 * The standing of a certificate. A keyring shows its keys' names and key ids only, so a key with the
 * name and the key id of the certificate is taken for it.
 */
MS_API int ms_machine_standing(const struct ms_machine *machine, const struct ms_cert *cert,
	struct ms_standing *standing, struct ms_error *err);

/**
 * Whether a certificate that is (or were) in MokListRT goes to the .machine keyring at the next boot
 * of this kernel. `why` gets the gate that is closed, or those that cannot be seen.
 */
MS_API enum ms_answer ms_machine_takes_mok(const struct ms_machine *machine,
	const struct ms_cert *cert, char *why, size_t size);

/**
 * Writes what ms_machine_read() reads of the running machine below `dir`, a new or empty directory,
 * under the names that the files have on the machine; beside them modseal/keyrings (which key is
 * in which keyring, which no file of the kernel tells) and modseal/dmesg (lines of the kernel's log
 * about modules, certificates and Secure Boot). No password hash (MokAuth) and no key is in it; the
 * kernel's command line is. `notice` (may be NULL) is told what could not be read.
 */
MS_API int ms_machine_record(const char *dir, ms_notice_fn *notice, void *user,
	struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
