/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * A context: how keys are reached (PKCS#11 module, PIN sources, time-out) and how the library
 * talks to its user. It owns the PKCS#11 modules that it loaded, so keys of one context share
 * one login; free the keys first. One context may be used by one thread at a time; the keys
 * that came from it may sign in many.
 */
#ifndef MODSEAL_CONTEXT_H
#define MODSEAL_CONTEXT_H

#include <modseal/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_context;

enum ms_pin_kind {
	MS_PIN_USER,       /**< the token's user PIN */
	MS_PIN_SO,         /**< the security officer's PIN */
	MS_PIN_PASSPHRASE, /**< of an encrypted key file */
	MS_PIN_AUTH,       /**< a TPM object's auth value */
	MS_PIN_MOK,        /**< what shim's MokManager asks for at the next boot */
};

/** What a PIN is wanted for, as the prompt and the sources see it. */
struct ms_pin_request {
	enum ms_pin_kind kind;
	const char *target;     /**< "token 'release' (SoftHSM project, serial 1234)", "key file X" */
	bool count_low;         /**< the token says that a wrong PIN was entered before */
	bool final_try;         /**< the token says that one more wrong PIN locks it */
	bool is_new;            /**< it is to be set: a person chooses it, and types it twice */
};

/**
 * Asks a person. Writes the PIN, NUL-terminated, to pin (of size bytes) and returns 0;
 * returns -1 when there is nobody to ask or the person declined.
 */
typedef int ms_ask_pin_fn(void *user, const struct ms_pin_request *request, char *pin,
	size_t size);

/** One line that a person should see now: "touch the token", "key is not in hardware". */
typedef void ms_notice_fn(void *user, const char *text);

/** NULL when memory is out. */
MS_API struct ms_context *ms_context_new(void);
/**
 * Logs out and unloads the modules; does neither for a module in which a call never returned.
 * True if there is such a call, be it one of the clean-up: see ms_context_wedged().
 */
MS_API bool ms_context_free(struct ms_context *ctx);

/** A PKCS#11 module to use instead of p11-kit's configured ones (path, copied); NULL to undo. */
MS_API int ms_context_set_module(struct ms_context *ctx, const char *path);
/**
 * How the TPM is reached, as tpm2-tss names it ("device:/dev/tpmrm0",
 * "swtpm:host=127.0.0.1,port=2321"; copied); NULL: /dev/tpmrm0.
 */
MS_API int ms_context_set_tcti(struct ms_context *ctx, const char *tcti);
/**
 * A persistent storage key of the TPM that salts the sessions in which auth values are shown,
 * instead of the key's parent (0). ms_keygen notes it in the new key's file or record, so that it
 * serves later, too.
 */
MS_API void ms_context_set_tpm_salt_key(struct ms_context *ctx, uint32_t handle);
/** Lets libraries write to standard error what they do; else tpm2-tss is silenced (by setting
 *  TSS2_LOG in the environment at its first use, unless it is set). */
MS_API void ms_context_set_verbose(struct ms_context *ctx, bool verbose);
/**
 * Seconds that one call into a token may take; 0 = for ever; 60 unless set. While a call waits
 * for a finger or a PIN pad a notice says so.
 */
MS_API void ms_context_set_token_timeout(struct ms_context *ctx, unsigned seconds);
/** A file whose first line is the PIN (path, copied). */
MS_API int ms_context_set_pin_source(struct ms_context *ctx, const char *path);
/** A file whose first line is the security officer's PIN, or a PIV card's management key (path,
 *  copied). It serves the first token that needs it; without it the ask function is asked. */
MS_API int ms_context_set_so_pin_source(struct ms_context *ctx, const char *path);
/**
 * A PIN from somewhere else (an environment variable, say); copied into locked memory. `origin`
 * names it in messages. PINs are taken in this order: the URI's pin-value or pin-source,
 * ms_context_set_pin_source(), ms_context_set_pin(), the systemd credential "modseal.pin",
 * then the ask function. Each of the three in the middle serves the first token that needs it
 * and no other.
 */
MS_API int ms_context_set_pin(struct ms_context *ctx, const char *pin, const char *origin);
/** Whom to ask when no other source has a PIN; NULL: nobody. `user` is handed to it. */
MS_API void ms_context_set_ask_pin(struct ms_context *ctx, ms_ask_pin_fn *ask, void *user);
/** Who gets the notices; NULL: nobody. `user` is handed to it. */
MS_API void ms_context_set_notice(struct ms_context *ctx, ms_notice_fn *notice, void *user);
/** Allows a PIN to be tried although a wrong one would lock the token. */
MS_API void ms_context_allow_pin_final_try(struct ms_context *ctx, bool allow);

/**
 * True once a call into a module or device did not come back within the time-out. That call
 * still runs: the process must end with _exit(), which runs none of its handlers.
 */
MS_API bool ms_context_wedged(const struct ms_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
