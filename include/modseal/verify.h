/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What is appended to a module, and whether given certificates would make a kernel accept it.
 */
#ifndef MODSEAL_VERIFY_H
#define MODSEAL_VERIFY_H

#include <modseal/key.h>
#include <modseal/machine.h>
#include <modseal/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One appended signature. Strings are NULL where they do not apply. */
struct ms_signature {
	unsigned long long offset;       /**< where the CMS starts, in the uncompressed file; also
					      the number of bytes that it signs */
	unsigned long long cms_size;     /**< bytes of the CMS */
	unsigned long long size;         /**< bytes of CMS, struct module_signature and marker */
	char *problem;                   /**< why the CMS cannot be read, else NULL */
	char *issuer;                    /**< issuer of the signer's certificate, one line */
	char *signer;                    /**< its common name, what modinfo calls signer */
	char *serial;                    /**< serial number, lower case hex */
	char *key_id;                    /**< subject key id, lower case hex, when named by it */
	char *hash;                      /**< "sha256", ... */
	char *algorithm;                 /**< "rsaEncryption", "ecdsa-with-SHA384", ... */
	unsigned signature_bytes;        /**< length of the bare signature */
	bool signed_attributes;          /**< kernels refuse them for RSA and ECDSA */
	char **certs;                    /**< subjects of the certificates that travel along */
	size_t n_certs;
};

/** What a module file is and carries. */
struct ms_inspection {
	char *path;
	const char *compression;      /**< "none", "gzip", "xz", "zstd" */
	unsigned long long file_size; /**< bytes on disk */
	unsigned long long size;      /**< bytes uncompressed */
	unsigned long long bare_size; /**< bytes without any signature */
	bool elf_module;              /**< an ELF relocatable file */
	char *name, *vermagic;        /**< from its .modinfo, NULL if it has none */
	enum ms_module_state state;
	char *reason;                 /**< for malformed and interrupted ones, else NULL */
	struct ms_signature *signatures; /**< the one that counts first, those below it after it */
	size_t n_signatures;
};

/** Flags: enum ms_module_flags. The caller frees *inspection. */
MS_API int ms_inspect(const char *path, unsigned flags, struct ms_inspection **inspection,
	struct ms_error *err);
/** NULL is fine. */
MS_API void ms_inspection_free(struct ms_inspection *inspection);

enum ms_verdict {
	MS_VALID,
	MS_UNSIGNED,    /**< kernel: ENODATA, "unsigned module" */
	MS_UNKNOWN_KEY, /**< ENOKEY, "module with unavailable key" */
	MS_ALTERED,     /**< EKEYREJECTED: the signer is known, the signature does not fit */
	MS_MALFORMED,   /**< EBADMSG and the like */
	MS_UNSUPPORTED_CRYPTO, /**< ENOPKG, "module with unsupported crypto", or attributes */
	MS_INTERRUPTED, /**< a signature that was cut off while it was written */
};

/** "valid", "unsigned", "unknown key", ...: static storage. */
MS_API const char *ms_verdict_name(enum ms_verdict verdict);

struct ms_verification {
	enum ms_verdict verdict;
	char reason[512];      /**< one sentence */
	char signer[512];      /**< subject of the certificate that fits, or what the signature says
				    of its signer; empty if it says nothing */
	char hash[64];         /**< "sha256"; empty if there is no signature */
	char note[512];        /**< what the kernel does not mind but a person may: an expired
				    certificate; empty if nothing */
};

/**
 * Would a kernel that trusts just these certificates accept the module? By the rules of
 * kernel/module/signing.c and crypto/asymmetric_keys/pkcs7_*.c: the last signature counts, the
 * signer is looked up by issuer and serial or by key id, certificates inside the CMS are
 * followed to a trusted one, validity dates are not looked at. An answer of no is no error.
 */
MS_API int ms_verify(const char *path, unsigned flags, struct ms_cert *const *trusted,
	size_t n_trusted, struct ms_verification *result, struct ms_error *err);

/** What a kernel does with a module, as far as signatures decide it. */
enum ms_load {
	MS_LOAD_UNKNOWN, /**< something that decides is not known */
	MS_LOADS,
	MS_TAINTS,       /**< loads without a signature that counts, and taints the kernel */
	MS_REFUSED,
};

/** "unknown", "loads", "taints", "refused": static storage. */
MS_API const char *ms_load_name(enum ms_load load);

struct ms_prediction {
	enum ms_load verdict;
	const char *error;  /**< refused: errno's name, "EKEYREJECTED"; NULL if not refused, or if it is
				 one of several */
	const char *signature; /**< what the check of the signature came to: "good", or errno's name
				    ("ENODATA": unsigned, "ENOPKG": unsupported crypto, "ENOKEY":
				    unavailable key, others are fatal); NULL: not known, or not looked
				    at */
	const char *store;  /**< the keyring or list that decided: ".machine"; NULL: none */
	char message[512];  /**< the line that the kernel logs, empty if none */
	char reason[768];   /**< one sentence */
	char signer[512];   /**< as in struct ms_verification */
	char hash[64];      /**< likewise */
	char note[512];     /**< what does not decide but may matter; empty if nothing */
};

/**
 * What the kernel of `machine` does with the module, by the rules of kernel/module/signing.c and
 * crypto/asymmetric_keys/pkcs7_*.c in their order, and those of distributions' patches where it is
 * known whose kernel it is. `certs` are certificates that may help to tell whose a signature is, since
 * the kernel shows only the names of its keys; they are not trusted for that. No verdict is an error.
 */
MS_API int ms_predict(const char *path, unsigned flags, const struct ms_machine *machine,
	struct ms_cert *const *certs, size_t n_certs, struct ms_prediction *prediction,
	struct ms_error *err);

/**
 * Certificates in the image of a machine's kernel (/boot/vmlinuz-RELEASE) whose keys are in its
 * .builtin_trusted_keys. None, if there is no image or it is packed in an unknown way, is no error. The
 * caller frees the list with ms_cert_list_free().
 */
MS_API int ms_kernel_certs(const struct ms_machine *machine, struct ms_cert ***certs, size_t *count,
	struct ms_error *err);

/**
 * The same of a module that is signed by the key of a certificate, well and with this digest
 * (MS_HASH_NONE: the kernel's own CONFIG_MODULE_SIG_HASH if it is known, else SHA-256).
 */
MS_API int ms_predict_signer(const struct ms_cert *cert, enum ms_hash hash,
	const struct ms_machine *machine, struct ms_prediction *prediction, struct ms_error *err);

#ifdef __cplusplus
}
#endif
#endif
